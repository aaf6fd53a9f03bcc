"""`deedlog history`: what happened to an entity, event by event."""

from typing import TYPE_CHECKING, Any, Final

from infra.cli.entities import Log, not_found, one_target, opened, short_type
from infra.cli.errors import USAGE, CliError
from infra.cli.formats import Format, Output, structured, write
from infra.cli.get import IDLE_SECONDS, Watching
from infra.cli.reading import Count, count_of
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.entity import Recorded
    from streams.lifecycles.lifecycle import Lifecycle

HEAD: Final = (("TIME", 23), ("NUMBER", 6), ("EVENT", 22), ("WHAT", 60), ("BY", 0))


def history(
    kind: str,
    name: str | None = None,
    /,
    *,
    number: Count = None,
    watch: Watching = False,
    output: Output = "table",
) -> int:
    """Show the events of an entity, oldest first; they stay when it is deleted.

    Parameters
    ----------
    kind
        volume, node, artifact, mirror, retention, quarantine or promotion; or KIND/NAME, and no name.
    name
        Name of the entity.
    number
        Only so many of the last.
    watch
        Go on with new events until Ctrl-C.
    output
        table is for people, wide tells addresses and effects too; json and jsonl are one object a line, yaml is one
        document an event.
    """
    lifecycle, meant = one_target(kind, name)
    limit = count_of(number, None)
    if limit == 0 and not watch:
        raise CliError("-n 0 shows nothing", "", "-n 10", USAGE)
    with opened(load_settings()) as log:
        found = list(log.view(lifecycle).history(meant))
        if not found:
            raise not_found(lifecycle, meant, "It has no history", f"deedlog get {lifecycle.kind}s")
        show(lifecycle, found if limit is None else found[len(found) - min(limit, len(found)) :], output)
        if watch:
            _follow(log, lifecycle, meant, found[-1].sequence, output)
    return 0


def _follow(log: Log, lifecycle: "Lifecycle[Any]", name: str, last: int, output: Format) -> None:
    watched = log.watch(lifecycle, name)
    missed = [one for one in log.view(lifecycle).history(name) if one.sequence > last]
    show(lifecycle, missed, output, headless=True)
    last = missed[-1].sequence if missed else last
    for change in watched.changes(IDLE_SECONDS):
        if change and change.recorded.sequence > last:
            show(lifecycle, [change.recorded], output, headless=True)


def show(lifecycle: "Lifecycle[Any]", found: "list[Recorded]", output: Format, *, headless: bool = False) -> None:
    """Write events."""
    from infra.outputs.terminal import line

    if output in ("table", "wide"):
        if not headless:
            write(line(list(HEAD)))
        for recorded in found:
            write(event_line(recorded, brief=output == "table"))
        return
    text = structured(output)
    for recorded in found:
        write(text(event_record(lifecycle, recorded)))


def event_line(recorded: "Recorded", *, brief: bool = True) -> str:
    """Return the line of an event; if not brief, with addresses and effects."""
    from infra.outputs.terminal import line, local_time, safe
    from streams.lifecycles.sentences import detail

    cells = (
        local_time(recorded.time_ns),
        str(recorded.sequence),
        short_type(recorded.event),
        detail(recorded.event, brief=brief),
        recorded.actor or "-",
    )
    return line([(safe(cell), width) for cell, (_, width) in zip(cells, HEAD, strict=True)])


def event_record(lifecycle: "Lifecycle[Any]", recorded: "Recorded") -> dict[str, Any]:
    """Return an event as a record."""
    from schemas.codec import NAMES
    from schemas.timestamps import format_rfc3339
    from streams.lifecycles.entity import event_id

    return {
        "id": event_id(lifecycle.kind, recorded.name, recorded.sequence),
        "kind": lifecycle.kind,
        "name": recorded.name,
        "sequence": recorded.sequence,
        "time": format_rfc3339(recorded.time_ns),
        "type": NAMES[type(recorded.event)],
        "event": recorded.event,
        "causation_id": recorded.causation_id,
        "correlation_id": recorded.correlation_id,
        "command_id": recorded.command_id,
        "actor": recorded.actor,
    }
