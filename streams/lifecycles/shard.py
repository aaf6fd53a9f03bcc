"""The entities of one partition, as its events tell them, and when time matters to which of them."""

import heapq
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from streams.lifecycles.entity import Entity, Recorded, event_id, new_entity
from streams.lifecycles.evolving import evolve
from streams.lifecycles.lifecycle import Lifecycle

S = TypeVar("S")


class GapError(Exception):
    """An event that does not follow on the last one of its entity: the log is not what the host wrote."""


class Fold(msgspec.Struct, Generic[S], kw_only=True):
    """What the beginning of a partition of events comes to."""

    next_offset: int = 0
    """Offset of the first event that is not in it."""
    last_id: str = ""
    """Id of the last event in it, by which a snapshot is known as one of this log."""
    entities: dict[str, Entity[S]] = msgspec.field(default_factory=dict)


class Shard(Generic[S]):
    """A fold that goes on."""

    def __init__(self, lifecycle: Lifecycle[S], fold: Fold[S] | None = None) -> None:
        """Begin with a fold of earlier events, or with none."""
        self.lifecycle = lifecycle
        self.fold: Fold[S] = fold or Fold()
        self._new: Entity[S] = new_entity(lifecycle)
        self._deadlines: list[tuple[int, str]] = []
        for name, entity in self.fold.entities.items():
            self._watch(name, entity)

    def entity(self, name: str) -> Entity[S]:
        """Return the entity of that name, which may have no history."""
        return self.fold.entities.get(name, self._new)

    def apply(self, recorded: Recorded, offset: int) -> Entity[S]:
        """Take in an event; return its entity. Raises GapError."""
        entity = self.entity(recorded.name)
        if recorded.sequence != entity.sequence + 1:
            what = f"{self.lifecycle.kind} {recorded.name}: event {recorded.sequence} follows on {entity.sequence}"
            raise GapError(f"{what} at offset {offset} of a partition of {self.lifecycle.events.name}")
        entity = evolve(self.lifecycle, entity, recorded)
        last_id = event_id(self.lifecycle.kind, recorded.name, recorded.sequence)
        self.keep({recorded.name: entity}, offset + 1, last_id)
        return entity

    def keep(self, entities: dict[str, Entity[Any]], next_offset: int, last_id: str) -> None:
        """Take over entities whose events are on the log, before an offset and up to an event."""
        self.fold.entities.update(entities)
        self.fold.next_offset = next_offset
        self.fold.last_id = last_id
        for name, entity in entities.items():
            self._watch(name, entity)

    def due(self, now_ns: int) -> Iterator[str]:
        """Yield the names of entities with a deadline that is past; each once, until it has changed."""
        while self._deadlines and self._deadlines[0][0] <= now_ns:
            deadline, name = heapq.heappop(self._deadlines)
            if deadline == earliest(self.entity(name)):
                yield name

    def _watch(self, name: str, entity: Entity[Any]) -> None:
        if entity.waiting:
            heapq.heappush(self._deadlines, (earliest(entity), name))


def earliest(entity: Entity[Any]) -> int:
    """Return the first deadline of an entity's effects, ns since the epoch; 0 if it waits for none."""
    return min((waiting.deadline_ns for waiting in entity.waiting), default=0)
