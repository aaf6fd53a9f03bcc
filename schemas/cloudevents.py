"""What is said about an event outside of it: CloudEvents 1.0 in Kafka headers, binary mode.

Source: CloudEvents Kafka protocol binding 1.0.2, 3.2. Who caused the event is written under the names of
CloudEvents' extensions without the `ce_` prefix, so that `traceparent` is where tracing tools look for it.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Final

import msgspec

from schemas.timestamps import format_rfc3339, parse_rfc3339

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/avro"
"""Media type of values: Avro behind the five bytes of the Confluent wire format."""

Headers = Iterable[tuple[str, bytes | None]]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says about its event."""

    id: str
    """Identifies the event within its source: two messages with one id are one event."""
    type: str
    """Full name of the Avro record, or for a note its own type."""
    source: str
    """Who published it."""
    subject: str | None = None
    """What it is about."""
    time_ns: int | None = None
    """When it happened, ns since the epoch."""
    causation_id: str | None = None
    """Id of the event that this one follows from."""
    correlation_id: str | None = None
    """Id shared by all events of one undertaking."""
    actor: str | None = None
    """Who is answerable for it."""
    traceparent: str | None = None
    """W3C trace context."""
    sequence: int | None = None
    """Number of the event among those of its entity, from 1 (CloudEvents' Sequence extension)."""
    command_id: str | None = None
    """Id of the command that this event is an answer to, if it is to one."""
    if_version: int | None = None
    """Of a command: the version of its entity that it takes for granted."""

    def to_headers(self) -> list[tuple[str, bytes]]:
        """Return the Kafka headers; what is None is left out."""
        headers = [
            (name, value.encode("utf-8", "replace"))
            for name, value in zip(_TEXTS, _TEXTS_OF(self), strict=True)
            if value is not None
        ]
        headers += [
            (name, b"%d" % number)
            for name, number in zip(_NUMBERS, _NUMBERS_OF(self), strict=True)
            if number is not None
        ]
        if self.time_ns is not None:
            headers.append(("ce_time", format_rfc3339(self.time_ns).encode()))
        return headers + _ALWAYS

    @staticmethod
    def from_headers(headers: Headers | None) -> "Envelope | None":
        """Return what the headers say, None if they are not those of a CloudEvent; never raises.

        The last of repeated headers counts; a time or a number that cannot be read counts as not given.
        """
        texts = _texts(headers or ())
        if not texts.get("ce_specversion", "").startswith("1.") or not texts.keys() >= _REQUIRED:
            return None
        known: dict[str, Any] = {_TEXTS[name]: text for name, text in texts.items() if name in _TEXTS}
        for name, field in _NUMBERS.items():
            if name in texts:
                known[field] = _number(texts[name])
        return Envelope(**known, time_ns=_time(texts.get("ce_time")))


_TEXTS: Final = {
    "ce_id": "id",
    "ce_type": "type",
    "ce_source": "source",
    "ce_subject": "subject",
    "causationid": "causation_id",
    "correlationid": "correlation_id",
    "actor": "actor",
    "traceparent": "traceparent",
    "commandid": "command_id",
}
_NUMBERS: Final = {"sequence": "sequence", "ifversion": "if_version"}
_REQUIRED: Final = {"ce_id", "ce_type", "ce_source"}


_TEXTS_OF: Final = attrgetter(*_TEXTS.values())
_NUMBERS_OF: Final = attrgetter(*_NUMBERS.values())
_ALWAYS: Final = [("ce_specversion", SPEC_VERSION.encode()), ("content-type", CONTENT_TYPE.encode())]


def _texts(headers: Headers) -> dict[str, str]:
    """Return the headers that are texts; the last of repeated ones counts, if it is one."""
    try:
        return {name: value.decode() for name, value in headers if value}
    except UnicodeDecodeError:
        return {name: text for name, value in headers if (text := _text(value))}


def _text(value: bytes | None) -> str | None:
    try:
        return value.decode() if value else None
    except UnicodeDecodeError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _time(text: str | None) -> int | None:
    try:
        return None if text is None else parse_rfc3339(text)
    except ValueError:
        return None
