"""Notices that a consumer group stands still though there is work: it is then better to start again.

Faust's consumers were seen to fetch nothing any more after an outage of the broker, without an error (its issues 523
and 532). The group's offsets, asked of Kafka itself, tell.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

ANSWER_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 60.0

Partition = tuple[str, int]


class Position(NamedTuple):
    """Where a group is in a partition, and where the partition ends."""

    committed: int
    end: int


class Liveness:
    """Remembers since when each partition has waited for its next commit."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        """Take the seconds that a partition with messages may stay without a commit."""
        self._patience = patience
        self._since: dict[Partition, tuple[int, float]] = {}

    def stalled(self, positions: Mapping[Partition, Position], now: float) -> str:
        """Return what stands still, in words, empty if nothing does; `now` in seconds of any clock."""
        waiting = {partition: p for partition, p in positions.items() if p.committed < p.end}
        self._since = {
            partition: self._since[partition]
            if self._since.get(partition, (None,))[0] == position.committed
            else (position.committed, now)
            for partition, position in waiting.items()
        }
        for (topic, number), (committed, since) in self._since.items():
            if now - since > self._patience:
                behind = waiting[topic, number].end - committed
                return f"{topic}/{number} is {behind} messages behind and was not committed for {now - since:.0f} s"
        return ""


class GroupPositions:
    """Asks Kafka where a consumer group is, without being a member of it."""

    def __init__(self, bootstrap_servers: str, group: str, topics: Iterable[str]) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap_servers, "group.id": group, "enable.auto.commit": False, "log_level": 0}
        )
        self._topics = tuple(topics)

    def read(self) -> dict[Partition, Position]:
        """Return the positions in all partitions; nothing if the brokers do not answer, which says nothing."""
        try:
            return {
                (p.topic, p.partition): self._position(p)
                for topic in self._topics
                for p in self._consumer.committed(self._partitions(topic), ANSWER_SECONDS)
            }
        except KafkaException:
            return {}

    def close(self) -> None:
        """Give the connections back."""
        self._consumer.close()

    def _partitions(self, topic: str) -> list[TopicPartition]:
        metadata = self._consumer.list_topics(topic, ANSWER_SECONDS).topics[topic]
        return [TopicPartition(topic, number) for number in metadata.partitions]

    def _position(self, partition: TopicPartition) -> Position:
        low, end = self._consumer.get_watermark_offsets(partition, ANSWER_SECONDS)
        return Position(max(partition.offset, low), end)
