"""Events of audit logs as their services write them, taken apart into one for each message.

The text of each event stays as it came. What is no event is passed on too, without an id: the worker puts it aside
with the reason.
"""

import gzip
import io
import itertools
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, cast

import msgspec

from schemas.timestamps import parse_rfc3339
from schemas.types.audit import AuditEvent

KUBERNETES: Final = "k8s_audit"
CLOUDTRAIL: Final = "aws_cloudtrail"
GZIP: Final = b"\x1f\x8b"
MAX_BYTES: Final = 256 << 20
"""Of a log that is one JSON text and no lines."""
LAST: Final = 1 << 63
LOOKED_AT: Final = 64
"""Lines within which a log shows what it is."""
NOT_UTF8: Final = "backslashreplace"


class NotAnAuditLogError(ValueError):
    """There is no event of an audit log in it."""


class KubernetesHead(msgspec.Struct):
    """What is looked at of an event in audit.k8s.io/v1."""

    audit_id: str = msgspec.field(name="auditID")
    stage: str
    stage_time: str = msgspec.field(name="stageTimestamp", default="")
    annotations: dict[str, str] | None = None


class CloudTrailHead(msgspec.Struct):
    """What is looked at of an event of CloudTrail (record contents, AWS CloudTrail user guide)."""

    event_id: str = msgspec.field(name="eventID")
    event_name: str = msgspec.field(name="eventName")
    event_time: str = msgspec.field(name="eventTime", default="")
    account: str = msgspec.field(name="recipientAccountId", default="")


class Cover(msgspec.Struct):
    """What events come in: a list of Kubernetes, a file of CloudTrail, or the event itself."""

    kind: str | None = None
    items: list[msgspec.Raw] | None = None
    records: list[msgspec.Raw] | None = msgspec.field(name="Records", default=None)
    audit_id: str | None = msgspec.field(name="auditID", default=None)
    event_id: str | None = msgspec.field(name="eventID", default=None)


def events_in(data: bytes, *, node: str = "") -> Iterator[AuditEvent]:
    """Yield the events of a log; see `read_log`."""
    return read_log(io.BytesIO(data), node=node)


def read_log(log: BinaryIO, *, node: str = "") -> Iterator[AuditEvent]:
    """Yield the events of a log: JSON lines, lists of Kubernetes, files of CloudTrail, packed by gzip or not.

    `node` is the cluster or account that it is of, if the events are not to tell. Raises NotAnAuditLogError, and
    OSError if the log cannot be read.
    """
    lines = unpacked(log)
    first = list(itertools.islice(lines, LOOKED_AT))
    source = next((source for line in first if (source := source_of(line))), None)
    if source is None:
        whole = _joined(first, lines)
        first, source = [whole], source_of(whole)
    if source is None:
        raise NotAnAuditLogError("it has no events of Kubernetes or CloudTrail")
    return events_of(itertools.chain(first, lines), source, node)


def events_of(texts: Iterable[bytes], source: str, node: str) -> Iterator[AuditEvent]:
    """Yield the events in JSON texts; `source` is that of texts which do not tell."""
    for text in texts:
        if text.strip():
            found, events = _parted(text.strip())
            for event in events:
                yield event_of(event, found or source, node)


def source_of(text: bytes) -> str | None:
    """Return the source of the events in a JSON text, None if there are none."""
    return _parted(text)[0]


def event_of(text: bytes, source: str, node: str) -> AuditEvent:
    """Return the event in a JSON text, without an id if it is none."""
    written = text.decode("utf-8", NOT_UTF8)
    try:
        if source == KUBERNETES:
            return _of_kubernetes(msgspec.json.decode(text, type=KubernetesHead), written, node)
        return _of_cloudtrail(msgspec.json.decode(text, type=CloudTrailHead), written, node)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return AuditEvent(source=source, id="", time=time.time_ns(), node=node or _unnamed(source), text=written)


def unpacked(log: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a log, unpacked if it is packed by gzip; raise OSError if that is damaged."""
    begin = log.read(len(GZIP))
    log.seek(0)
    try:
        yield from cast(BinaryIO, gzip.GzipFile(fileobj=log)) if begin == GZIP else log
    except (EOFError, zlib.error) as error:
        raise OSError(f"it is damaged: {error}") from error


def _of_kubernetes(head: KubernetesHead, text: str, node: str) -> AuditEvent:
    return AuditEvent(
        source=KUBERNETES,
        id=f"{head.audit_id}/{head.stage}" if head.audit_id else "",
        time=_time(head.stage_time),
        node=node or (head.annotations or {}).get("cluster_name") or _unnamed(KUBERNETES),
        text=text,
    )


def _of_cloudtrail(head: CloudTrailHead, text: str, node: str) -> AuditEvent:
    return AuditEvent(
        source=CLOUDTRAIL,
        id=head.event_id,
        time=_time(head.event_time),
        node=node or head.account or _unnamed(CLOUDTRAIL),
        text=text,
    )


def _unnamed(source: str) -> str:
    return "kubernetes" if source == KUBERNETES else "aws"


def _time(text: str) -> int:
    """Return ns since the epoch; those of now for a time that is none, or that Kafka cannot hold."""
    try:
        found = parse_rfc3339(text)
    except ValueError:
        found = -1
    return found if 0 <= found < LAST else time.time_ns()


def _parted(text: bytes) -> tuple[str | None, list[bytes]]:
    """Return the source of the events in a JSON text, None if it does not tell, and the text of each."""
    try:
        if text.lstrip()[:1] == b"[":
            events = [bytes(one) for one in msgspec.json.decode(text, type=list[msgspec.Raw])]
            return next((source for one in events if (source := _parted(one)[0])), None), events
        cover = msgspec.json.decode(text, type=Cover)
    except (msgspec.DecodeError, RecursionError):
        return None, [text]
    if cover.records is not None:
        return CLOUDTRAIL, list(map(bytes, cover.records))
    if cover.items is not None and cover.kind == "EventList":
        return KUBERNETES, list(map(bytes, cover.items))
    if cover.audit_id is not None:
        return KUBERNETES, [text]
    return (CLOUDTRAIL if cover.event_id is not None else None), [text]


def _joined(first: list[bytes], rest: Iterator[bytes]) -> bytes:
    parts, size = list(first), sum(map(len, first))
    for line in rest:
        size += len(line)
        if size > MAX_BYTES:
            raise NotAnAuditLogError(f"it is one text of more than {MAX_BYTES >> 20} MiB")
        parts.append(line)
    return b"".join(parts)
