"""What follows from what, across lifecycles: command, event, effect, observation, event, and so on.

Each message says which one it follows from, so that a whole undertaking is a tree. Effects are no messages: one is
known by the event that made it pending, and by the observations that answer it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec

from schemas.cloudevents import Envelope
from schemas.codec import Codec, UndecodableError
from schemas.types import TYPES
from streams.lifecycles.entity import Entity, todo
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.log import Record
from streams.lifecycles.sentences import executor

Role = Literal["command", "observation", "event", "effect"]
ROLE_ORDER: Final = ("event", "command", "effect", "observation")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, was said or is to be done."""

    id: str
    role: Role
    time_ns: int
    entity: str
    """Kind and name."""
    parent: str
    """Id of what it follows from; empty if it says of nothing."""
    event_type: type[msgspec.Struct] | None = None
    """Of an effect there is none."""
    value: bytes | None = None
    actor: str | None = None
    pending: str = ""
    """Of an effect: how it stands if it is not done."""


class Branch(msgspec.Struct, frozen=True):
    """An item in its tree: how deep below the first, and whether it is the last of its parent."""

    item: Item
    depth: int
    last: bool


class Chain:
    """All items of some lifecycles, by what they follow from."""

    def __init__(self, lifecycles: Iterable[Lifecycle[Any]], records: Iterable[Record], codec: Codec) -> None:
        """Take the messages of inboxes and histories. Raises what the registry raises."""
        self._inboxes = {lifecycle.inbox.name: lifecycle for lifecycle in lifecycles}
        self._codec = codec
        self._items: dict[str, Item] = {}
        self._below: dict[str, list[str]] = defaultdict(list)
        for record in records:
            self._take(record)

    def event(self, item: Item) -> msgspec.Struct | None:
        """Return what an item says; None if it is an effect, or cannot be read."""
        try:
            return None if item.event_type is None else self._codec.decode(item.value)
        except UndecodableError:
            return None

    def pend(self, lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> None:
        """Add the effects of an entity that are pending."""
        for one in todo(lifecycle, entity):
            known = one.waiting
            failed = f", {known.failures} failures, the last: {known.error}" if known.failures else ""
            said = f"pending on {executor(one.effect.node)}{failed}"
            self._effect(f"{lifecycle.kind}/{name}", one.effect.id, known.cause, known.since_ns, said)

    def find(self, id: str) -> list[Item]:
        """Return the item with an id; for the id of an effect, with or without its entity, all that were had."""
        if id in self._items:
            return [self._items[id]]
        effects = [item for item in self._items.values() if item.role == "effect"]
        return [item for item in effects if id in (_effect_of(item), f"{item.entity}/{_effect_of(item)}")]

    def first(self, item: Item) -> Item:
        """Return what an item goes back to, as far as it is on the log."""
        seen = {item.id}
        while (parent := self._items.get(item.parent)) and parent.id not in seen:
            seen.add(parent.id)
            item = parent
        return item

    def tree(self, first: Item) -> Iterator[Branch]:
        """Yield an item and all that follows from it, each below its parent, in the order of time."""
        stack, seen = [Branch(first, 0, True)], set[str]()
        while stack:
            branch = stack.pop()
            if branch.item.id in seen:
                continue
            seen.add(branch.item.id)
            yield branch
            below = sorted((self._items[id] for id in self._below[branch.item.id]), key=_order)
            children = [Branch(item, branch.depth + 1, item is below[-1]) for item in below]
            stack += reversed(children)

    def entities(self, branches: Iterable[Branch]) -> set[tuple[str, str]]:
        """Return kind and name of all entities in a tree."""
        return {(kind, name) for one in branches for kind, _, name in [one.item.entity.partition("/")]}

    def _take(self, record: Record) -> None:
        said = Envelope.from_headers(record.headers)
        known = TYPES.get(said.type) if said else None
        if said is None or known is None or said.id in self._items:
            return
        lifecycle = self._inboxes.get(record.place.topic)
        role: Role = "event" if lifecycle is None else "command" if known in lifecycle.commands else "observation"
        item = Item(
            id=said.id,
            role=role,
            time_ns=said.time_ns or 0,
            entity=said.subject or "",
            parent=said.causation_id or "",
            event_type=known,
            value=record.value,
            actor=said.actor,
        )
        # Only these are decoded while all is read: there are few, and others say in their headers what is asked here.
        if role == "observation" and item.parent and "effect" in known.__struct_fields__:
            effect = getattr(self.event(item), "effect", "")
            parent = self._effect(item.entity, effect, item.parent, item.time_ns) if effect else item.parent
            item = msgspec.structs.replace(item, parent=parent)
        self._add(item)

    def _effect(self, entity: str, effect: str, cause: str, time_ns: int, pending: str = "") -> str:
        id = f"{cause}#{effect}"
        if id not in self._items:
            self._add(Item(id=id, role="effect", time_ns=time_ns, entity=entity, parent=cause, pending=pending))
        elif pending:
            self._items[id] = msgspec.structs.replace(self._items[id], pending=pending)
        return id

    def _add(self, item: Item) -> None:
        self._items[item.id] = item
        if item.parent:
            self._below[item.parent].append(item.id)


def _effect_of(item: Item) -> str:
    return item.id.partition("#")[2]


def _order(item: Item) -> tuple[int, int, str]:
    # An event and what it makes others be told have one time; events come first, by their number.
    number = item.id.rpartition("/")[2] if item.role == "event" else ""
    return (item.time_ns, ROLE_ORDER.index(item.role), number.rjust(20))


def title(item: Item) -> str:
    """Return what an item is called among people: an effect by its own name."""
    return _effect_of(item) if item.role == "effect" else item.id
