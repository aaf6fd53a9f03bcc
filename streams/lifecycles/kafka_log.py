"""The log that is Kafka: a consumer group for the inboxes, one transactional producer, and a reader of events.

The worker has a name that lasts: as the member of the group it takes over at once from its former life, and as the
owner of transactions it fences it. A group's generation fences those of other workers (KIP-447).
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from producers.publisher import producer_config
from streams.lifecycles.kafka_history import KafkaHistory, LogStalledError, at, is_message, record_of
from streams.lifecycles.log import LostError, Output, Place, Polled, Record

GROUP: Final = "deedlog-lifecycles"
ANSWER_SECONDS: Final = 10.0
TRANSACTION_SECONDS: Final = 10.0
STUCK_SECONDS: Final = TRANSACTION_SECONDS + 5.0
SESSION_SECONDS: Final = 6.0

log = logging.getLogger(__name__)


class KafkaLog:
    """Kafka as one worker sees it."""

    def __init__(self, bootstrap_servers: str, inboxes: Sequence[str], *, instance: str, group: str = GROUP) -> None:
        """Join the group; `instance` is the name that this worker keeps for all its lives."""
        self._servers = bootstrap_servers
        self._inboxes = list(inboxes)
        self._instance = instance
        self._group = group
        self._mine: set[Place] = set()
        self._assigned: list[Place] = []
        self._lost: list[Place] = []
        self._early: list[Record] = []
        self._history = KafkaHistory(bootstrap_servers)
        self._calls = ThreadPoolExecutor(1, "transaction")
        self._open()

    def poll(self, limit: int, seconds: float) -> Polled:
        """Wait up to that long for messages; changes of what is this worker's come first and alone."""
        if self._shaken:
            # A client that lost its brokers may wait for the old ones for ever: librdkafka 2.16, TxnOffsetCommit.
            lost = tuple(self._mine)
            self.rejoin()
            return Polled(lost=lost)
        records, self._early = self._early, []
        if not records:
            first = self._consumer.poll(seconds)
            # To wait for `limit` messages would let a single one wait for the others.
            more = [] if first is None else self._consumer.consume(limit - 1, 0)
            records = [record_of(raw) for raw in ([] if first is None else [first, *more]) if is_message(raw)]
        if self._assigned or self._lost:
            changed = Polled(assigned=tuple(self._assigned), lost=tuple(self._lost))
            self._assigned, self._lost = [], []
            self._early = records
            return changed
        return Polled(records=tuple(record for record in records if record.place in self._mine))

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic. Raises KafkaException."""
        return self._history.partitions(topic)

    def history(self, place: Place, start: int) -> Iterator[Record]:
        """Yield what is committed from an offset on, up to the end as it is now. Raises LogStalledError."""
        return self._history.history(place, start)

    def commit(self, outputs: Sequence[Output], positions: Mapping[Place, int]) -> dict[Place, int]:
        """Append and move on in one transaction. Raises LostError; LogStalledError if the client hangs."""
        last: dict[Place, int] = {}

        def delivered(error: KafkaError | None, message: Any) -> None:
            if error is None:
                last[Place(message.topic(), message.partition())] = message.offset()

        try:
            self._producer.begin_transaction()
            # Only the last offset of each place is of interest, and each report costs.
            ends = {output.place: number for number, output in enumerate(outputs)}
            for number, output in enumerate(outputs):
                self._produce(output, delivered if ends[output.place] == number else None)
            if positions:
                offsets = [at(place, position) for place, position in positions.items()]
                group = self._consumer.consumer_group_metadata()
                self._bounded(self._producer.send_offsets_to_transaction, offsets, group, TRANSACTION_SECONDS)
            self._bounded(self._producer.commit_transaction, TRANSACTION_SECONDS)
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
        self._history.close()
        self._bounded(self._consumer.close)

    def _open(self) -> None:
        self._mine, self._assigned, self._lost, self._early = set(), [], [], []
        self._shaken = False
        errors = {"error_cb": self._on_error}
        producer = transactional(self._servers, f"{self._group}-{self._instance}") | errors
        self._producer = Producer(producer, logger=log)
        self._producer.init_transactions(ANSWER_SECONDS * 3)
        self._consumer = Consumer(member(self._servers, self._group, self._instance) | errors, logger=log)
        self._consumer.subscribe(
            self._inboxes, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def _on_error(self, error: KafkaError) -> None:
        self._shaken = self._shaken or error.code() == KafkaError._ALL_BROKERS_DOWN

    def _bounded(self, call: Callable[..., object], *arguments: object) -> None:
        """Call the client, which does not always come back in the time it was given. Raises LogStalledError."""
        try:
            self._calls.submit(call, *arguments).result(STUCK_SECONDS)
        except TimeoutError:
            raise LogStalledError(f"Kafka's client does not come back from {call.__name__}") from None

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

    def _produce(self, output: Output, on_delivery: Callable[[Any, Any], None] | None) -> None:
        while True:
            try:
                self._producer.produce(
                    output.place.topic,
                    output.value,
                    output.key,
                    output.place.partition,
                    on_delivery=on_delivery,
                    timestamp=output.timestamp_ms,
                    headers=output.headers,
                )
                return
            except BufferError:
                self._producer.poll(0.05)

    def _abort(self, error: KafkaException) -> None:
        try:
            if not error.args[0].fatal():
                self._bounded(self._producer.abort_transaction, TRANSACTION_SECONDS)
        except KafkaException as second:
            log.warning("a transaction could not be aborted: %s", second)


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
