"""Entities as they are, and each change of them as it comes."""

from collections.abc import Iterator
from typing import Any

from schemas.codec import Codec
from streams.lifecycles.entity import Entity
from streams.lifecycles.follower import Change
from streams.lifecycles.kafka_history import KafkaHistory
from streams.lifecycles.log import Place
from streams.lifecycles.views import View
from streams.lifecycles.wire import read_event


class Watch:
    """Watches all entities of a kind, or one."""

    def __init__(self, view: View[Any], source: KafkaHistory, codec: Codec, name: str | None = None) -> None:
        """Read how they are now. Raises what the log and the codec raise."""
        topic = view.lifecycle.events.name
        places = [Place(topic, number) for number in range(source.partitions(topic))] if name is None else []
        self._lifecycle = view.lifecycle
        self._name = name
        self._source = source
        self._codec = codec
        self._shards = {place: view.shard(place) for place in places or [view.place(name or "")]}

    def entities(self) -> dict[str, Entity[Any]]:
        """Return how they are as far as was read, by name."""
        found = {name: entity for shard in self._shards.values() for name, entity in shard.fold.entities.items()}
        return {name: entity for name, entity in sorted(found.items()) if self._name in (None, name)}

    def changes(self, seconds: float) -> Iterator[Change | None]:
        """Yield each event with its entity without end; None each time nothing came for that long."""
        starts = {place: shard.fold.next_offset for place, shard in self._shards.items()}
        for record in self._source.follow(starts, seconds):
            if record is None:
                yield None
                continue
            recorded = read_event(record, self._codec)
            entity = self._shards[record.place].apply(recorded, record.offset)
            if self._name in (None, recorded.name):
                yield Change(self._lifecycle, recorded, entity)
