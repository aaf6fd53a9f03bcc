"""`deedlog events`: put events on record and read them."""

import json
import os
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from infra.cli.errors import TIMED_OUT, USAGE, CliError
from infra.cli.formats import Format, Output, write
from infra.cli.progress import say
from infra.cli.reading import Count, Follow, Window, count_of, readable, refuse_together, window
from infra.cli.times import point
from infra.config import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.types.events import Note
    from streams.message import Message

SHOWN: Final = 10
DELIVERY_SECONDS: Final = 10.0
EVENTS: Final = "events"


def publish(
    *,
    type_: Annotated[str, Parameter(name="--type")],
    subject: str,
    data: Annotated[str, Parameter(allow_leading_hyphen=True)] = "{}",
    at: Annotated[str | None, Parameter(name="--time")] = None,
    actor: str | None = None,
    causation_id: str | None = None,
    correlation_id: str | None = None,
) -> int:
    """Put an event on record; its id is printed when Kafka has it.

    Parameters
    ----------
    type_
        Kind of the event in reverse-DNS form, such as com.example.deployed.
    subject
        What it is about.
    data
        More about it, a JSON object; - reads it from stdin.
    at
        When it happened, if not now: how long ago or an ISO 8601 time.
    actor
        Who is answerable for it, if not the user of this machine.
    causation_id
        Id of the event that it follows from.
    correlation_id
        Id that all events of one undertaking share.
    """
    settings, now = load_settings(), time.time_ns()
    when = now if at is None else point("--time", at, now)
    note = note_of(type_, subject, sys.stdin.read() if data == "-" else data, when)
    with readable(settings):
        sent = {"actor": actor or user(), "causation_id": causation_id, "correlation_id": correlation_id}
        write(deliver(settings, note, sent))
    return 0


def note_of(type_: str, subject: str, data: str, time_ns: int) -> "Note":
    """Return the event that was described. Raises CliError."""
    from schemas.types.events import Note

    for name, value in (("--type", type_), ("--subject", subject)):
        if not value.strip() or not value.isprintable():
            raise CliError(f"{name} {value!r} names nothing", "It takes printable text", f"{name} example", USAGE)
    try:
        if not isinstance(json.loads(data), dict):
            raise ValueError("it is JSON, but no object")
        data.encode()
    except ValueError as error:
        raise CliError("--data is no JSON object", str(error), """--data '{"version": "1.2"}'""", USAGE) from None
    return Note(type=type_, subject=subject, time=time_ns, data=data)


def deliver(settings: Settings, note: "Note", sent: dict[str, Any]) -> str:
    """Return the event's id when Kafka has it. Raises CliError."""
    from producers.publisher import Publisher
    from schemas.topics import TOPICS

    with Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/cli", log_level=0) as publisher:
        id = publisher.publish(TOPICS[EVENTS], note, key=note.subject, subject=note.subject, time_ns=note.time, **sent)
        if publisher.flush(DELIVERY_SECONDS):
            why = f"No answer within {DELIVERY_SECONDS:.0f} s"
            raise CliError("Kafka did not take the event", why, "deedlog status", TIMED_OUT)
    return id


def user() -> str:
    """Return the name of who runs this program, behind sudo too."""
    name = os.environ.get("SUDO_USER") or os.environ.get("USER") or os.environ.get("LOGNAME")
    return name or f"uid {os.getuid()}"


def tail(
    topic: str = EVENTS,
    /,
    *,
    follow: Follow = False,
    since: str | None = None,
    until: str | None = None,
    number: Count = None,
    output: Output = "table",
) -> int:
    """Show the last events of a topic, oldest first, and with --follow new ones as they come.

    Parameters
    ----------
    topic
        events, alerts, syscalls, k8s-audit, cloudtrail, pipeline, dead-letters, or any other.
    follow
        Go on with new events until Ctrl-C.
    since
        From when on: how long ago (10m, 2h, 7d) or an ISO 8601 time.
    until
        Up to, not including, when; likewise.
    number
        So many of the last, by default 10, or all with --since.
    output
        table is for people; json and jsonl are one object a line; yaml is one document an event.
    """
    settings, span = load_settings(), window(since, until)
    if follow and until:
        refuse_together("--follow", "--until", "deedlog events tail --follow --since 10m")
    limit = count_of(number, None if since or until else SHOWN)
    after: dict[int, int] = {}
    with readable(settings):
        last = limit if span == Window(None, None) else None
        found = tracked(messages(settings, topic, span, last=last), after)
        shown = show(found if limit is None else deque(found, limit), output)
        if follow:
            last = 0 if limit == 0 else None
            show(messages(settings, topic, span, last=last, after=after, follow=True), output, headless=bool(shown))
    if not shown:
        say(f"No events on {topic}" + (f" since {since}" if since else ""))
    return 0


def export(
    topic: str,
    /,
    *,
    since: str | None = None,
    until: str | None = None,
    rows: Annotated[bool, Parameter(negative="")] = False,
    output: Output = "jsonl",
) -> int:
    """Write all events of a topic, or those of some time, on stdout.

    Parameters
    ----------
    topic
        events, alerts, syscalls, k8s-audit, cloudtrail, pipeline, dead-letters, or any other.
    since
        From when on: how long ago (10m, 2h, 7d) or an ISO 8601 time.
    until
        Up to, not including, when; likewise.
    rows
        Write the system calls of each batch one by one.
    output
        json and jsonl are one object a line; yaml is one document an event; table is for people.
    """
    settings, span = load_settings(), window(since, until)
    with readable(settings):
        written = show(messages(settings, topic, span), output, rows=rows)
    say(f"{written} records of {topic}")
    return 0


def messages(settings: Settings, topic: str, span: Window, **how: Any) -> "Iterator[Message]":
    """Return the messages of a topic in a window."""
    from streams.log import read

    return read(
        settings.kafka, topic, registry=settings.registry, since_ms=span.since_ms, until_ms=span.until_ms, **how
    )


def tracked(found: "Iterable[Message]", after: dict[int, int]) -> "Iterator[Message]":
    """Yield messages, and keep in `after` the offset of the last one of each partition."""
    for message in found:
        after[message.partition] = message.offset
        yield message


def show(found: "Iterable[Message]", form: Format, *, rows: bool = False, headless: bool = False) -> int:
    """Write messages as they come; return how many records were written."""
    from infra.cli.event_views import table_head, texts

    count, records = 0, texts(form, rows=rows)
    for message in found:
        for text in records(message):
            if not count and not headless and form in ("table", "wide"):
                write(table_head())
            write(text)
            count += 1
    return count
