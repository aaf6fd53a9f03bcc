"""The history in Kafka, for those that only read: what is committed on partitions of events."""

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.lifecycles.log import Place, Record

ANSWER_SECONDS: Final = 10.0
READ_SECONDS: Final = 30.0
"""How long the next message or the end of an open transaction is waited for; brokers end those that are left open."""
BATCH: Final = 2_000

log = logging.getLogger(__name__)


class LogStalledError(Exception):
    """The brokers do not answer, or the end of a partition is not reached."""


class KafkaHistory:
    """Reads partitions of events; in no group, and nothing is left behind."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._counts: dict[str, int] = {}
        self._readers: dict[bool, Consumer] = {}

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic. Raises KafkaException."""
        if topic not in self._counts:
            found = self._reader(committed=False).list_topics(topic, ANSWER_SECONDS).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            self._counts[topic] = len(found.partitions)
        return self._counts[topic]

    def end(self, place: Place) -> int:
        """Return the offset behind everything there is now, in open transactions too. Raises KafkaException."""
        # Readers of committed messages do not see behind the beginning of an open transaction.
        return int(self._reader(committed=False).get_watermark_offsets(at(place), ANSWER_SECONDS)[1])

    def history(self, place: Place, start: int) -> Iterator[Record]:
        """Yield what is committed from an offset on, up to the end as it is now.

        Raises LogStalledError, KafkaException.
        """
        end = self.end(place)
        reader = self._reader(committed=True)
        begin = max(start, reader.get_watermark_offsets(at(place), ANSWER_SECONDS)[0])
        reader.assign([at(place, begin)])
        try:
            yield from _read(reader, place, begin, end)
        finally:
            reader.unassign()

    def follow(self, starts: Mapping[Place, int], seconds: float) -> Iterator[Record | None]:
        """Yield what is committed from these offsets on, without end; None each time nothing came for that long.

        Outages are waited through. Raises KafkaException for what will not mend itself.
        """
        reader = Consumer(reader_config(self._servers, committed=True), logger=log)
        reader.assign([at(place, offset) for place, offset in starts.items()])
        try:
            while True:
                first = reader.poll(seconds)
                found = [] if first is None else [first, *reader.consume(BATCH - 1, 0)]
                if not found:
                    yield None
                yield from (record_of(raw) for raw in found if is_message(raw))
        finally:
            reader.close()

    def close(self) -> None:
        """End reading; it can be begun again."""
        for reader in self._readers.values():
            reader.close()
        self._readers = {}

    def _reader(self, *, committed: bool) -> Consumer:
        if committed not in self._readers:
            self._readers[committed] = Consumer(reader_config(self._servers, committed=committed), logger=log)
        return self._readers[committed]


def _read(reader: Consumer, place: Place, begin: int, end: int) -> Iterator[Record]:
    """Yield messages until the reader's position is the end: the last offsets may be markers of transactions."""
    deadline = time.monotonic() + READ_SECONDS
    position = begin
    while position < end:
        first = reader.poll(0.1)
        # To wait for a number of messages would be to wait at the end of each partition.
        for raw in [] if first is None else [first, *reader.consume(BATCH - 1, 0)]:
            if is_message(raw):
                deadline = time.monotonic() + READ_SECONDS
                if raw.offset() < end:
                    yield record_of(raw)
        position = max(position, reader.position([at(place)])[0].offset)
        if time.monotonic() > deadline:
            raise LogStalledError(f"{place.topic}/{place.partition} is not read to its end: {position} of {end}")


def is_message(raw: Any) -> bool:
    """Say whether what was polled is a message; an error is logged unless it is nothing."""
    error = raw.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF and not error.retriable():
        log.warning("%s", error)
    return error is None


def record_of(raw: Any) -> Record:
    """Return a message of confluent-kafka as ours."""
    return Record(
        place=Place(raw.topic(), raw.partition()),
        offset=raw.offset(),
        timestamp_ms=raw.timestamp()[1],
        key=raw.key(),
        headers=raw.headers() or (),
        value=raw.value(),
    )


def at(place: Place, offset: int | None = None) -> TopicPartition:
    """Return a place as confluent-kafka has it."""
    return TopicPartition(place.topic, place.partition, *([] if offset is None else [offset]))


def reader_config(bootstrap_servers: str, *, committed: bool) -> dict[str, Any]:
    """Return librdkafka's settings for a reader of events that is in no group."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "deedlog-reader",
        "group.id": "deedlog-reader",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed" if committed else "read_uncommitted",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 20,
        "fetch.queue.backoff.ms": 10,
        "queued.max.messages.kbytes": 16 << 10,
        "log_level": 0,
    }
