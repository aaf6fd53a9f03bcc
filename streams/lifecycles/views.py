"""Entities as their events tell them, now or at any moment: for those that only look."""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from schemas.codec import Codec
from streams.lifecycles.entity import Entity, Recorded, new_entity
from streams.lifecycles.evolving import evolve
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.log import History, Place
from streams.lifecycles.partitioning import partition_of
from streams.lifecycles.shard import Fold, Shard
from streams.lifecycles.snapshots import Snapshots
from streams.lifecycles.wire import read_event

S = TypeVar("S")


class Moment(msgspec.Struct, frozen=True):
    """A moment in the life of an entity: a time, or the number of its event; with neither it is now."""

    time_ns: int | None = None
    """The last event that happened at this time or before is the last that counts."""
    sequence: int | None = None

    @property
    def now(self) -> bool:
        """Return whether all events count."""
        return self.time_ns is None and self.sequence is None

    def counts(self, recorded: Recorded) -> bool:
        """Say whether this event, and so all before it, had happened."""
        early = self.time_ns is None or recorded.time_ns <= self.time_ns
        return early and (self.sequence is None or recorded.sequence <= self.sequence)


NOW = Moment()


class View(Generic[S]):
    """The entities of one kind."""

    def __init__(
        self, lifecycle: Lifecycle[S], source: History, codec: Codec, snapshots: Snapshots | None = None
    ) -> None:
        """Take where the events are; `snapshots`, if there are any, save reading from the first one on."""
        self.lifecycle = lifecycle
        self._source = source
        self._codec = codec
        self._snapshots = snapshots

    def place(self, name: str) -> Place:
        """Return the partition of an entity's events."""
        topic = self.lifecycle.events.name
        return Place(topic, partition_of(name.encode(), self._source.partitions(topic)))

    def all(self, moment: Moment = NOW) -> dict[str, Entity[S]]:
        """Return all entities that had a history at a moment, by name. Raises what the log and the codec raise."""
        found: dict[str, Entity[S]] = {}
        topic = self.lifecycle.events.name
        for number in range(self._source.partitions(topic)):
            found |= self.shard(Place(topic, number)).fold.entities if moment.now else self._at(number, moment)
        return dict(sorted(found.items()))

    def one(self, name: str, moment: Moment = NOW) -> Entity[S]:
        """Return an entity as it was at a moment; one without history if there was none."""
        place, entity, start = self.place(name), new_entity(self.lifecycle), 0
        if moment.now and (fold := self._kept(place)):
            entity, start = fold.entities.get(name, entity), fold.next_offset
        told = entity
        for recorded in self._own(name, place, start):
            entity = evolve(self.lifecycle, entity, recorded)
            told = entity if moment.counts(recorded) else told
        return told

    def history(self, name: str) -> Iterator[Recorded]:
        """Yield all events of an entity, oldest first."""
        yield from self._own(name, self.place(name), 0)

    def shard(self, place: Place) -> Shard[S]:
        """Return the fold of a partition as it is now, from which one can go on."""
        shard = Shard(self.lifecycle, self._kept(place))
        for record in self._source.history(place, shard.fold.next_offset):
            shard.apply(read_event(record, self._codec), record.offset)
        return shard

    def _kept(self, place: Place) -> Fold[S] | None:
        return self._snapshots.load(self.lifecycle, place, self._source) if self._snapshots else None

    def _own(self, name: str, place: Place, start: int) -> Iterator[Recorded]:
        key = name.encode()
        for record in self._source.history(place, start):
            if record.key == key:
                yield read_event(record, self._codec)

    def _at(self, number: int, moment: Moment) -> dict[str, Entity[S]]:
        place, told = Place(self.lifecycle.events.name, number), dict[str, Entity[S]]()
        shard = Shard[Any](self.lifecycle)
        for record in self._source.history(place, 0):
            recorded = read_event(record, self._codec)
            entity = shard.apply(recorded, record.offset)
            if moment.counts(recorded):
                told[recorded.name] = entity
        return told
