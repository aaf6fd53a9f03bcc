"""Made from `schemas/avsc/alerts` by `make types`; change those files, not this one."""

import msgspec


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A rule matched an event. Judging the same event again yields an alert with the same id."""

    id: str
    """Made of the event's id and the rule's name: alerts with one id are one alert."""
    time: int
    """Time of the event, ns since the epoch."""
    rule: str
    """Name of the rule."""
    priority: str
    """emergency, alert, critical, error, warning, notice, informational or debug."""
    output: str
    """The rule's output with its fields filled in."""
    source: str
    """Event source that the rule judges: syscall, k8s_audit or aws_cloudtrail."""
    tags: tuple[str, ...] = ()
    """Tags of the rule."""
    fields: dict[str, bool | int | str | None] = msgspec.field(default_factory=dict)
    """Fields of the output and their values; null where one is not known."""
    events: tuple[str, ...] = ()
    """Ids of the events that made the rule match."""
    node: str
    """Node on which the event happened; for an audit log the cluster or account that it is of."""
    container_id: str | None = None
    """Full id of the container; null on the host."""
    container_name: str | None = None
    """Name of the container."""
    container_image: str | None = None
    """Image of the container."""
    count: int = 1
    """Identical events that the alert stands for; its time is that of the last."""
