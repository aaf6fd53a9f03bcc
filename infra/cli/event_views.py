"""Messages of any topic as records for programs and as lines for people."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from infra.cli.formats import Format, as_json, structured
from infra.outputs.terminal import line, local_time, safe
from schemas.calls import calls_in
from schemas.codec import NAMES, UndecodableError
from schemas.types.syscalls import SyscallBatch
from streams.message import Message

HEAD: Final = (("TIME", 23), ("TYPE", 34), ("SUBJECT", 24), ("EVENT", 0))
LONGEST: Final = 2_000
"""Characters of an event in a line for people."""

Json = dict[str, Any]


def texts(form: Format, *, rows: bool) -> Callable[[Message], Iterator[str]]:
    """Return a function that gives the texts of one message: one, or with `rows` one for each system call."""
    if form in ("table", "wide"):
        return table_lines
    text = structured(form)
    return lambda message: map(text, expanded(message) if rows else [record(message)])


def record(message: Message) -> Json:
    """Return where a message is, what its headers say, and its event, or whole and with the error why it has none."""
    envelope = message.envelope
    said = {} if envelope is None else msgspec.to_builtins(envelope)
    where = {"topic": message.topic, "partition": message.partition, "offset": message.offset}
    head = where | {"timestamp_ms": message.timestamp_ms, "key": _text(message.key)} | said
    event = message.event
    if isinstance(event, UndecodableError):
        return head | {"error": {"reason": event.reason, "detail": event.detail}, "value": message.value}
    return head | {"schema": NAMES[type(event)], "event": event}


def expanded(message: Message) -> Iterator[Json]:
    """Yield the system calls of a batch; any other message as it is."""
    from streams.detection.columns import InvalidBatchError
    from streams.rows import rows

    event = message.event
    if not isinstance(event, SyscallBatch):
        yield record(message)
        return
    try:
        yield from rows(event)
    except InvalidBatchError as error:
        yield record(message) | {"error": {"reason": "invalid-batch", "detail": error.detail}}


def table_head() -> str:
    """Return the line above the lines of messages."""
    return line(list(HEAD))


def table_lines(message: Message) -> Iterator[str]:
    """Yield one line for a message."""
    envelope, event = message.envelope, message.event
    kind = envelope.type if envelope else "-" if isinstance(event, UndecodableError) else NAMES[type(event)]
    subject = (envelope.subject if envelope else None) or _text(message.key) or "-"
    cells = (local_time(message.timestamp_ms * 1_000_000), kind, subject, _shortened(event))
    yield line([(safe(cell), width) for cell, (_, width) in zip(cells, HEAD, strict=True)])


def _shortened(event: msgspec.Struct | UndecodableError) -> str:
    match event:
        case UndecodableError():
            return str(event)
        case SyscallBatch():
            return f"{calls_in(event)} events, {event.process_count} processes, session {event.session}"
        case _:
            text = as_json(event)
            return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def _text(key: bytes | None) -> str | None:
    return None if key is None else key.decode("utf-8", "backslashreplace")
