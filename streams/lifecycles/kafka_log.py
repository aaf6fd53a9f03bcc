"""The log that is Kafka: a consumer group for the inboxes, one transactional producer, and a reader of events.

The worker has a name that lasts: as the member of the group it takes over at once from its former life, and as the
owner of transactions it fences it. A group's generation fences those of other workers (KIP-447).
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from producers.publisher import producer_config
from streams.lifecycles.log import LostError, Output, Place, Polled, Record

GROUP: Final = "deedlog-lifecycles"
ANSWER_SECONDS: Final = 10.0
TRANSACTION_SECONDS: Final = 10.0
SESSION_SECONDS: Final = 6.0
OPEN_SECONDS: Final = 2 * TRANSACTION_SECONDS
"""How long the end of an open transaction is waited for; the broker ends it after TRANSACTION_SECONDS."""
READ_SECONDS: Final = 30.0

log = logging.getLogger(__name__)


class LogStalledError(Exception):
    """The brokers do not answer, or the end of a partition is not reached."""


class KafkaLog:
    """Kafka as one worker sees it."""

    def __init__(self, bootstrap_servers: str, inboxes: Sequence[str], *, instance: str, group: str = GROUP) -> None:
        """Join the group; `instance` is the name that this worker keeps for all its lives."""
        self._servers = bootstrap_servers
        self._inboxes = list(inboxes)
        self._instance = instance
        self._group = group
        self._counts: dict[str, int] = {}
        self._mine: set[Place] = set()
        self._assigned: list[Place] = []
        self._lost: list[Place] = []
        self._early: list[Record] = []
        self._readers: dict[bool, Consumer] = {}
        self._open()

    def poll(self, limit: int, seconds: float) -> Polled:
        """Wait up to that long for messages; changes of what is this worker's come first and alone."""
        records, self._early = self._early, []
        if not records:
            first = self._consumer.poll(seconds)
            # To wait for `limit` messages would let a single one wait for the others.
            more = [] if first is None else self._consumer.consume(limit - 1, 0)
            records = [record_of(raw) for raw in ([] if first is None else [first, *more]) if _is_message(raw)]
        if self._assigned or self._lost:
            changed = Polled(assigned=tuple(self._assigned), lost=tuple(self._lost))
            self._assigned, self._lost = [], []
            self._early = records
            return changed
        return Polled(records=tuple(record for record in records if record.place in self._mine))

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic. Raises KafkaException."""
        if topic not in self._counts:
            found = self._producer.list_topics(topic, ANSWER_SECONDS).topics[topic]
            if found.error is not None:
                raise KafkaException(found.error)
            self._counts[topic] = len(found.partitions)
        return self._counts[topic]

    def history(self, place: Place, start: int) -> Iterator[Record]:
        """Yield what is committed from an offset on, up to the end as it is now. Raises LogStalledError."""
        # What an open transaction has appended lies before this mark, which readers of committed messages do not see.
        end = self._reader(committed=False).get_watermark_offsets(_at(place), ANSWER_SECONDS)[1]
        reader = self._reader(committed=True)
        begin = max(start, reader.get_watermark_offsets(_at(place), ANSWER_SECONDS)[0])
        reader.assign([_at(place, begin)])
        try:
            yield from _read(reader, place, begin, end)
        finally:
            reader.unassign()

    def commit(self, outputs: Sequence[Output], positions: Mapping[Place, int]) -> dict[Place, int]:
        """Append and move on in one transaction. Raises LostError."""
        last: dict[Place, int] = {}
        try:
            self._producer.begin_transaction()
            for output in outputs:
                self._produce(output, last)
            if positions:
                offsets = [_at(place, position) for place, position in positions.items()]
                group = self._consumer.consumer_group_metadata()
                self._producer.send_offsets_to_transaction(offsets, group, TRANSACTION_SECONDS)
            self._producer.commit_transaction(TRANSACTION_SECONDS)
        except KafkaException as error:
            self._abort(error)
            raise LostError(str(error)) from error
        return last

    def rejoin(self) -> None:
        """Leave and join anew."""
        self.close()
        self._open()

    def close(self) -> None:
        """Leave the group; what is in an open transaction is given up."""
        for reader in self._readers.values():
            reader.close()
        self._readers = {}
        self._consumer.close()

    def _open(self) -> None:
        self._mine, self._assigned, self._lost, self._early = set(), [], [], []
        self._producer = Producer(transactional(self._servers, f"{self._group}-{self._instance}"), logger=log)
        self._producer.init_transactions(ANSWER_SECONDS * 3)
        self._consumer = Consumer(member(self._servers, self._group, self._instance), logger=log)
        self._consumer.subscribe(
            self._inboxes, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = [Place(one.topic, one.partition) for one in partitions]
        self._mine.update(places)
        self._assigned += places

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = {Place(one.topic, one.partition) for one in partitions}
        self._mine -= places
        self._lost += [place for place in places if place not in self._assigned]
        self._assigned = [place for place in self._assigned if place not in places]
        self._early = [record for record in self._early if record.place not in places]

    def _produce(self, output: Output, last: dict[Place, int]) -> None:
        def delivered(error: KafkaError | None, message: Any) -> None:
            if error is None:
                last[output.place] = max(message.offset(), last.get(output.place, -1))

        message = {"key": output.key, "value": output.value, "headers": output.headers}
        where = {"topic": output.place.topic, "partition": output.place.partition}
        while True:
            try:
                self._producer.produce(**where, **message, timestamp=output.timestamp_ms, on_delivery=delivered)
                return
            except BufferError:
                self._producer.poll(0.05)

    def _abort(self, error: KafkaException) -> None:
        try:
            if not error.args[0].fatal():
                self._producer.abort_transaction(TRANSACTION_SECONDS)
        except KafkaException as second:
            log.warning("a transaction could not be aborted: %s", second)

    def _reader(self, *, committed: bool) -> Consumer:
        if committed not in self._readers:
            self._readers[committed] = Consumer(reader(self._servers, committed=committed), logger=log)
        return self._readers[committed]


def _read(reader: Consumer, place: Place, begin: int, end: int) -> Iterator[Record]:
    """Yield messages until the reader's position is the end: the last offsets may be markers of transactions."""
    deadline = time.monotonic() + READ_SECONDS
    position = begin
    while position < end:
        for raw in reader.consume(2_000, 0.1):
            if _is_message(raw):
                deadline = time.monotonic() + READ_SECONDS
                if raw.offset() < end:
                    yield record_of(raw)
        position = max(position, reader.position([_at(place)])[0].offset)
        if time.monotonic() > deadline:
            raise LogStalledError(f"{place.topic}/{place.partition} is not read to its end: {position} of {end}")


def _is_message(raw: Any) -> bool:
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


def _at(place: Place, offset: int | None = None) -> TopicPartition:
    return TopicPartition(place.topic, place.partition, *([] if offset is None else [offset]))


def transactional(bootstrap_servers: str, id: str) -> dict[str, Any]:
    """Return librdkafka's settings for the producer of a worker."""
    return producer_config(bootstrap_servers) | {
        "transactional.id": id,
        "transaction.timeout.ms": int(TRANSACTION_SECONDS * 1000),
        # A transaction is flushed by its end: lingering would only delay it.
        "linger.ms": 0,
        "message.timeout.ms": int(TRANSACTION_SECONDS * 1000),
        "compression.type": "lz4",
    }


def member(bootstrap_servers: str, group: str, instance: str) -> dict[str, Any]:
    """Return librdkafka's settings for the member of the group."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": f"{group}-{instance}",
        "group.id": group,
        "group.instance.id": instance,
        "session.timeout.ms": int(SESSION_SECONDS * 1000),
        "heartbeat.interval.ms": 1000,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "range,roundrobin",
        "fetch.wait.max.ms": 50,
        "fetch.queue.backoff.ms": 10,
        "queued.max.messages.kbytes": 16 << 10,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "log_level": 0,
    }


def reader(bootstrap_servers: str, *, committed: bool) -> dict[str, Any]:
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
