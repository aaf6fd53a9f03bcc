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

from producers.publisher import Publisher
from schemas.timestamps import parse_rfc3339
from schemas.topics import AUDIT
from schemas.types.audit import AuditEvent

KUBERNETES: Final = "k8s_audit"
CLOUDTRAIL: Final = "aws_cloudtrail"
GZIP: Final = b"\x1f\x8b"
MAX_BYTES: Final = 256 << 20
"""Of a log that is one JSON text and no lines."""
BEGIN: Final = 4096
LAST: Final = 1 << 63
LOOKED_AT: Final = 64
"""Lines within which a log shows what it is."""
NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
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


def is_log(log: BinaryIO) -> bool:
    """Say whether a file may be an audit log: it begins as JSON does."""
    try:
        begin = unpacked(log).read(BEGIN).lstrip()
    except (OSError, EOFError, zlib.error):
        begin = b""
    log.seek(0)
    return begin[:1] in (b"{", b"[")


def events_in(data: bytes, *, node: str = "") -> Iterator[AuditEvent]:
    """Yield the events of a log that is not packed; see `read_log`."""
    return read_log(io.BytesIO(data), node=node)


def unpacked(log: BinaryIO) -> BinaryIO:
    """Return the log, unpacked while it is read if it is packed by gzip."""
    begin = log.read(len(GZIP))
    log.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=log)) if begin == GZIP else log


def read_log(log: BinaryIO, *, node: str = "") -> Iterator[AuditEvent]:
    """Yield the events of a log: JSON lines, lists of Kubernetes, files of CloudTrail.

    `node` is the cluster or account that it is of, if the events are not to tell. Raises NotAnAuditLogError, and
    OSError if the log cannot be read.
    """
    lines = _lines(log)
    first = list(itertools.islice(lines, LOOKED_AT))
    if not _is_json(next((line for line in first if line.strip()), b"")):
        first += _up_to(MAX_BYTES, lines)
        whole = b"".join(first)
        if source := source_of(whole):
            return events_of([whole], source, node)
    source = next((source for line in first[:LOOKED_AT] if (source := source_of(line))), None)
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


def publish(publisher: Publisher, event: AuditEvent) -> None:
    """Queue an event for the topic of its source; an event that is published again keeps its id."""
    publisher.publish(
        AUDIT[event.source],
        event,
        key=event.node,
        subject=event.node,
        id=event.id or None,
        time_ns=event.time,
    )


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
    except NOT_JSON:
        return AuditEvent(source=source, id="", time=time.time_ns(), node=node or _unnamed(source), text=written)


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
    except NOT_JSON:
        return None, [text]
    if cover.records is not None:
        return CLOUDTRAIL, list(map(bytes, cover.records))
    if cover.items is not None and cover.kind == "EventList":
        return KUBERNETES, list(map(bytes, cover.items))
    if cover.audit_id is not None:
        return KUBERNETES, [text]
    return (CLOUDTRAIL if cover.event_id is not None else None), [text]


def _lines(log: BinaryIO, longest: int = MAX_BYTES) -> Iterator[bytes]:
    """Yield the lines of a log, and longer ones in pieces; raise OSError if what is packed is damaged."""
    try:
        yield from iter(lambda: log.readline(longest), b"")
    except (EOFError, zlib.error) as error:
        raise OSError(f"it is damaged: {error}") from error


def _up_to(size: int, lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines of that many bytes together, or a line more."""
    for line in lines:
        yield line
        size -= len(line)
        if size < 0:
            return


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except NOT_JSON:
        return False
    return True
