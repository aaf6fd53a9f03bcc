"""`deedlog explain`: what something follows from, and what follows from it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from infra.cli.entities import Log, opened, short_type
from infra.cli.errors import NOT_FOUND, CliError
from infra.cli.formats import Output, structured, write
from infra.cli.progress import say
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.explaining import Branch, Chain, Item
    from streams.message import Message

SHIFT: Final = 3


def explain(id: str, /, *, whole: bool = True, output: Output = "table") -> int:
    """Show what something follows from, and all that follows from it: command, event, effect, observation, event.

    Parameters
    ----------
    id
        Id of an event (volume/data/17), of a command or another message, or of an effect (volume/data/build/r1).
    whole
        Begin with what it all goes back to; with --no-whole begin with the id.
    output
        table is for people; json and jsonl are one object a line, yaml is one document an item.
    """
    with opened(load_settings()) as log:
        chain = _chain(log)
        found = chain.find(id)
        if not found:
            why = "Commands and observations are kept for 30 days, events for ever"
            raise CliError(f"There is nothing with the id {id}", why, "deedlog history volume data -o json", NOT_FOUND)
        firsts = {first.id: first for first in (chain.first(one) if whole else one for one in found)}
        marked = {one.id for one in found}
        for first in firsts.values():
            branches = list(chain.tree(first))
            if output in ("table", "wide"):
                _write_tree(branches, marked, whole=whole)
            else:
                for branch in branches:
                    write(structured(output)(record(branch.item)))
    return 0


def _chain(log: Log) -> "Chain":
    from streams.lifecycles.explaining import Chain
    from streams.lifecycles.kinds import LIFECYCLES
    from streams.log import read

    def messages() -> "Iterator[Message]":
        for lifecycle in LIFECYCLES:
            for topic in (lifecycle.events, lifecycle.inbox):
                # What a transaction that was given up has appended did not happen.
                how: dict[str, Any] = {"isolation.level": "read_committed"}
                yield from read(log.settings.kafka, topic, registry=log.settings.registry, **how)

    chain = Chain(LIFECYCLES, messages())
    for lifecycle in LIFECYCLES:
        for name, entity in log.view(lifecycle).all().items():
            chain.pend(lifecycle, name, entity)
    return chain


def _write_tree(branches: "list[Branch]", marked: set[str], *, whole: bool) -> None:
    if whole and branches[0].item.parent:
        say(f"It follows from {branches[0].item.parent}, which is not on the log any more")
    ends: list[bool] = []
    for branch in branches:
        ends[branch.depth :] = [branch.last]
        lead = "".join("   " if end else "│  " for end in ends[1:-1])
        turn = ("└─ " if branch.last else "├─ ") if branch.depth else ""
        write(f"{lead}{turn}{item_line(branch.item)}" + " ◀" * (branch.item.id in marked))


def item_line(item: "Item") -> str:
    """Return an item as one line for people."""
    from infra.outputs.terminal import local_time, safe
    from streams.lifecycles.explaining import title
    from streams.lifecycles.sentences import detail

    if item.role == "effect":
        return safe(f"effect {title(item)} of {item.entity}" + (f": {item.pending}" if item.pending else ""))
    assert item.event is not None
    what = f"{item.role} {short_type(item.event)}"
    said = detail(item.event)
    where = item.id if item.role == "event" else f"to {item.entity} [{item.id}]"
    by = f", by {item.actor}" if item.actor and item.role == "command" else ""
    return safe(f"{local_time(item.time_ns)[11:]} {what} {where}{by}{': ' * bool(said)}{said}")


def record(item: "Item") -> dict[str, Any]:
    """Return an item as a record."""
    from schemas.timestamps import format_rfc3339

    return {
        "id": item.id,
        "role": item.role,
        "entity": item.entity,
        "time": format_rfc3339(item.time_ns),
        "follows_from": item.parent or None,
        "type": short_type(item.event) if item.event is not None else None,
        "event": item.event,
        "actor": item.actor,
        "pending": item.pending or None,
    }
