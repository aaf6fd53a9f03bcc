"""`deedlog explain`: what something follows from, and what follows from it."""

from typing import TYPE_CHECKING, Any

from infra.cli.entities import Log, opened
from infra.cli.errors import NOT_FOUND, CliError
from infra.cli.formats import Output, structured, write
from infra.cli.progress import say
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.explaining import Branch, Chain, Item


def explain(id: str, /, *, whole: bool = True, output: Output = "table") -> int:
    """Show what something follows from, and all that follows from it: command, event, effect, observation, event.

    Parameters
    ----------
    id
        Id of an event (volume/data/17), of a command or another message, or of an effect (volume/data/build/r1).
    whole
        Begin with what it all goes back to; with --no-whole begin with the id.
    output
        table is for people, wide tells addresses and effects too; json and jsonl are one object a line, yaml is one
        document an item.
    """
    with opened(load_settings()) as log:
        chain = _chain(log)
        found = _found(log, chain, id)
        if not found:
            why = "Commands and observations are kept for 30 days, events for ever"
            raise CliError(f"There is nothing with the id {id}", why, "deedlog history volume data -o json", NOT_FOUND)
        firsts = {first.id: first for first in (chain.first(one) if whole else one for one in found)}
        marked = {one.id for one in found}
        for first in firsts.values():
            _pend(log, chain, chain.entities(chain.tree(first)))
            branches = list(chain.tree(first))
            if output in ("table", "wide"):
                _write_tree(chain, branches, marked, whole=whole, brief=output == "table")
            else:
                for branch in branches:
                    write(structured(output)(record(chain, branch.item)))
    return 0


def _chain(log: Log) -> "Chain":
    from streams.lifecycles.explaining import Chain
    from streams.lifecycles.kinds import LIFECYCLES
    from streams.lifecycles.log import Place

    topics = [topic.name for lifecycle in LIFECYCLES for topic in (lifecycle.events, lifecycle.inbox)]
    places = [Place(topic, number) for topic in topics for number in range(log.history.partitions(topic))]
    return Chain(LIFECYCLES, (one for place in places for one in log.history.history(place, 0)), log.codec)


def _found(log: Log, chain: "Chain", id: str) -> "list[Item]":
    """Return the items with an id; the effects that are pending are looked through only if there is no other."""
    from streams.lifecycles.kinds import LIFECYCLES

    kind, _, rest = id.partition("/")
    if found := chain.find(id):
        return found
    if kind in (one.kind for one in LIFECYCLES):
        _pend(log, chain, {(kind, rest.partition("/")[0])})
    else:
        _pend(log, chain, {(one.kind, name) for one in LIFECYCLES for name in log.view(one).all()})
    return chain.find(id)


def _pend(log: Log, chain: "Chain", entities: set[tuple[str, str]]) -> None:
    from streams.lifecycles.kinds import KINDS

    for kind, name in sorted(entities):
        if lifecycle := KINDS.get(kind):
            chain.pend(lifecycle, name, log.view(lifecycle).one(name))


def _write_tree(chain: "Chain", branches: "list[Branch]", marked: set[str], *, whole: bool, brief: bool) -> None:
    if whole and branches[0].item.parent:
        say(f"It follows from {branches[0].item.parent}, which is not on the log any more")
    ends: list[bool] = []
    for branch in branches:
        ends[branch.depth :] = [branch.last]
        lead = "".join("   " if end else "│  " for end in ends[1:-1])
        turn = ("└─ " if branch.last else "├─ ") if branch.depth else ""
        write(f"{lead}{turn}{item_line(chain, branch.item, brief=brief)}" + " ◀" * (branch.item.id in marked))


def item_line(chain: "Chain", item: "Item", *, brief: bool = True) -> str:
    """Return an item as one line for people; if not brief, with addresses and effects."""
    from infra.outputs.terminal import local_time, safe
    from streams.lifecycles.explaining import title
    from streams.lifecycles.sentences import detail

    if item.event_type is None:
        return safe(f"effect {title(item)} of {item.entity}" + (f": {item.pending}" if item.pending else ""))
    event = chain.event(item)
    what = f"{item.role} {item.event_type.__name__}"
    said = detail(event, brief=brief) if event is not None else "(cannot be read)"
    where = item.id if item.role == "event" else f"to {item.entity} [{item.id}]"
    by = f", by {item.actor}" if item.actor and item.role == "command" else ""
    return safe(f"{local_time(item.time_ns)[11:]} {what} {where}{by}{': ' * bool(said)}{said}")


def record(chain: "Chain", item: "Item") -> dict[str, Any]:
    """Return an item as a record."""
    from schemas.timestamps import format_rfc3339

    return {
        "id": item.id,
        "role": item.role,
        "entity": item.entity,
        "time": format_rfc3339(item.time_ns),
        "follows_from": item.parent or None,
        "type": item.event_type.__name__ if item.event_type else None,
        "event": chain.event(item),
        "actor": item.actor,
        "pending": item.pending or None,
    }
