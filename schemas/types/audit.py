"""Made from `schemas/avsc/audit` by `make types`; change those files, not this one."""

import msgspec


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of an audit log, word for word as the service wrote it. What is no such event is put aside when it is judged."""

    source: str
    """Event source as rules name it: k8s_audit or aws_cloudtrail."""
    id: str
    """The event's own id: auditID/stage of Kubernetes, eventID of CloudTrail; empty if the text has none."""
    time: int
    """When it happened, ns since the epoch; when it came, if the text does not say."""
    node: str
    """What the log is of: a cluster, or an account."""
    text: str
    """The event in JSON. Bytes that are not UTF-8 are written as hexadecimal escapes, which are no JSON."""
