"""Fields that the events of all audit logs have: of the event itself, and of its JSON."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from streams.detection.audit.event import Event
from streams.detection.audit.values import at, shown
from streams.detection.fields.event import clock, iso8601
from streams.detection.fields.field import AnyField, Type

SECOND: Final = 1_000_000_000


def _datetime(time: int) -> str:
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%d} {clock(time)}"


def _field(name: str, doc: str, how: Callable[[Event], Any], type: Type = "string") -> AnyField:
    return AnyField(name=name, type=type, doc=doc, how=how)


def of_event(plugin: str, info: Callable[[Event], str | None]) -> tuple[AnyField, ...]:
    """Return the fields of the event itself, for the source that Falco has a plugin for."""
    return (
        _field("evt.num", "Number of the event in its partition of the topic, from 1.", lambda e: e.number, "number"),
        _field("evt.time", "Time of day of the event in UTC, with nanoseconds.", lambda e: clock(e.record.time)),
        _field("evt.time.s", "Time of day of the event in UTC.", lambda e: clock(e.record.time)[:8]),
        _field("evt.time.iso8601", "Time of the event in UTC.", lambda e: iso8601(e.record.time)),
        _field("evt.datetime", "Date and time of the event in UTC.", lambda e: _datetime(e.record.time)),
        _field("evt.datetime.s", "Date and time of the event, to the second.", lambda e: _datetime(e.record.time)[:19]),
        _field("evt.rawtime", "Nanoseconds since the epoch.", lambda e: e.record.time, "number"),
        _field("evt.rawtime.s", "Seconds since the epoch.", lambda e: e.record.time // SECOND, "number"),
        _field("evt.rawtime.ns", "Nanoseconds within the second.", lambda e: e.record.time % SECOND, "number"),
        _field("evt.source", "The source that rules name.", lambda e: e.record.source),
        _field("evt.hostname", "The cluster or account that the log is of.", lambda e: e.record.node),
        _field("evt.pluginname", f"Always `{plugin}`: the plugin that Falco needs.", lambda _: plugin),
        _field("evt.plugininfo", "The event in short.", info),
    )


def _pointed(pointer: str) -> Callable[[Event], str | None]:
    """Return the reader of what a JSON pointer (RFC 6901) points to; its first slash may be left out."""
    if not pointer:
        return lambda event: shown(event.body)
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.removeprefix("/").split("/")]
    return lambda event: shown(at(event.body, *keys))


def _whole(event: Event) -> str:
    return msgspec.json.format(event.record.text, indent=2)


def _of_json(family: str) -> tuple[AnyField, ...]:
    return (
        AnyField(
            name=f"{family}.value",
            type="string",
            doc="What a JSON pointer points to, `json.value[/user/username]`: strings as they are, all else as JSON.",
            how=lambda event: shown(event.body),
            keyed=_pointed,
            needs_index=True,
        ),
        _field(f"{family}.obj", "The whole event as JSON on several lines.", _whole),
        _field(f"{family}.rawtime", "Nanoseconds since the epoch, as text.", lambda event: str(event.record.time)),
    )


OF_JSON: Final = (*_of_json("json"), *_of_json("jevt"))
