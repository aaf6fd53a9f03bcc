"""One event of an audit log, as fields look at it."""

from typing import Any, Final, NamedTuple

import msgspec

from schemas.types.audit import AuditEvent

MAX_DEPTH_REASON: Final = "it is nested too deeply"


class InvalidEventError(ValueError):
    """The text of an event is not what its source writes."""


class Event(NamedTuple):
    """An audit event with its JSON read."""

    record: AuditEvent
    number: int
    """Its place among the events of its source, from 1."""
    body: dict[str, Any]


def opened(record: AuditEvent, number: int) -> Event:
    """Return the event with its JSON read; raise InvalidEventError with the reason if it is none."""
    try:
        body = msgspec.json.decode(record.text)
    except msgspec.DecodeError as error:
        raise InvalidEventError(f"no JSON: {error}") from None
    except RecursionError:
        raise InvalidEventError(f"no JSON: {MAX_DEPTH_REASON}") from None
    if not isinstance(body, dict):
        raise InvalidEventError(f"it is JSON, but no object: {record.text[:40]!r}")
    if not record.id:
        raise InvalidEventError(f"it has not what tells an event of {record.source}")
    return Event(record, number, body)
