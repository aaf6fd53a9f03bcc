"""Follows the history of lifecycles: the entities as they are, now and on, for those that only look.

Unlike the host it is in no group, and commits nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.codec import Codec
from streams.lifecycles.entity import Entity, Recorded
from streams.lifecycles.kafka_history import reader_config, record_of
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.shard import Shard
from streams.lifecycles.wire import read_event

ANSWER_SECONDS: Final = 10.0
BATCH: Final = 2_000


class Change(msgspec.Struct, frozen=True):
    """An event, and the entity after it."""

    lifecycle: Lifecycle[Any]
    recorded: Recorded
    entity: Entity[Any]


class Follower:
    """Reads all events of some lifecycles from the first on."""

    def __init__(self, bootstrap_servers: str, lifecycles: Sequence[Lifecycle[Any]], codec: Codec) -> None:
        """Begin; raises KafkaException if the brokers do not answer or a topic is not there."""
        self._codec = codec
        self._consumer = Consumer(reader_config(bootstrap_servers, committed=True))
        self._shards: dict[tuple[str, int], Shard[Any]] = {}
        for lifecycle in lifecycles:
            for number in self._partitions(lifecycle.events.name):
                self._shards[lifecycle.events.name, number] = Shard(lifecycle)
        self._behind = set(self._shards)
        self._consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for name, number in self._shards])

    @property
    def caught_up(self) -> bool:
        """Return whether each partition was read to what was its end."""
        return not self._behind

    def changes(self, seconds: float) -> Iterator[Change]:
        """Wait up to that long for events; yield those that came. Raises what the codec and the log raise."""
        first = self._consumer.poll(seconds)
        for raw in [] if first is None else [first, *self._consumer.consume(BATCH, 0)]:
            if error := raw.error():
                self._note(error, raw)
                continue
            shard = self._shards[raw.topic(), raw.partition()]
            recorded = read_event(record_of(raw), self._codec)
            yield Change(shard.lifecycle, recorded, shard.apply(recorded, raw.offset()))

    def close(self) -> None:
        """End."""
        self._consumer.close()

    def _partitions(self, topic: str) -> list[int]:
        found = self._consumer.list_topics(topic, ANSWER_SECONDS).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def _note(self, error: KafkaError, raw: Any) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            self._behind.discard((raw.topic(), raw.partition()))
        elif not error.retriable() and error.code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
            raise KafkaException(error)
