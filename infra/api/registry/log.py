"""The registry's log: folds the topic `_schemas`, and appends to it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, assert_never

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from infra.api.registry.decisions import Answer, Append, Decision
from infra.api.registry.errors import store_failed, timed_out
from infra.api.registry.records import BadRecordError, Record, read_record, write_record
from infra.api.registry.state import State, evolve, repairs
from schemas.topics import SCHEMAS

WRITE_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.2
AGAIN_SECONDS: Final = 0.1
ATTEMPTS: Final = 10

log = logging.getLogger(__name__)


class SchemaLog:
    """The registry's state as of the last record read, kept up to date by a thread."""

    def __init__(self, bootstrap_servers: str, topic: str = SCHEMAS.name) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._producer = Producer(_producer_config(bootstrap_servers))
        self._state = State()
        self._position = 0
        self._complete = False
        self._closed = False
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="schema-log", daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        """Return what is known. Raises RefusedError while the log is still being read from its beginning."""
        if not self._complete:
            raise store_failed("the registry is still reading its log")
        return self._state

    @property
    def complete(self) -> bool:
        """Return whether all that the log held at the start was read."""
        return self._complete

    def wait_complete(self, seconds: float) -> bool:
        """Wait until the whole log was read; return whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: self._complete, seconds)

    def repair(self) -> None:
        """Make what counts outlive compaction where two registries once wrote different things."""
        if records := repairs(self.state):
            log.warning(
                "%s records in %s were overtaken by others; what counts is said again", len(records), self._topic
            )
            self._append(records)

    def carry_out(self, decide: Callable[[State], Decision]) -> Any:
        """Return the answer of a decision, after its records were appended and read back.

        Raises RefusedError, from the decision or because Kafka did not take the records.
        """
        with self._writing:
            for _ in range(ATTEMPTS):
                match decision := decide(self.state):
                    case Answer(value):
                        return value
                    case Append(records, then):
                        self._append(records)
                        self.repair()
                        if then is not None:
                            return then
                    case _:
                        assert_never(decision)
        raise store_failed(f"others were faster {ATTEMPTS} times")

    def close(self) -> None:
        """Stop reading."""
        self._closed = True
        self._thread.join()

    def _append(self, records: Sequence[Record]) -> None:
        offsets: list[int] = []
        errors: list[Any] = []

        def delivered(error: Any, message: Any) -> None:
            errors.append(error) if error else offsets.append(message.offset())

        for record in records:
            key, value = write_record(record)
            self._producer.produce(self._topic, value, key, partition=0, on_delivery=delivered)
        self._producer.flush(2 * WRITE_SECONDS)
        if errors or len(offsets) < len(records):
            raise store_failed(errors[0] if errors else "no answer")
        with self._changed:
            if not self._changed.wait_for(lambda: self._position > max(offsets), WRITE_SECONDS):
                raise timed_out("what was written was not read back")

    def _run(self) -> None:
        while not self._closed:
            try:
                self._follow()
            except KafkaException as error:
                log.log(
                    logging.WARNING if self._complete else logging.INFO, "%s cannot be read: %s", self._topic, error
                )
                time.sleep(AGAIN_SECONDS)

    def _follow(self) -> None:
        """Fold the topic from its beginning, until closed. Raises KafkaException if it must be started again."""
        consumer = Consumer(_consumer_config(self._bootstrap_servers))
        try:
            partition = TopicPartition(self._topic, 0, OFFSET_BEGINNING)
            end = consumer.get_watermark_offsets(partition, WRITE_SECONDS)[1]
            self._take(State(), 0, complete=end == 0)
            consumer.assign([partition])
            while not self._closed:
                first = consumer.poll(POLL_SECONDS)
                if first is not None:
                    self._fold([first, *consumer.consume(1000, 0)], end)
        finally:
            consumer.close()

    def _fold(self, messages: list[Any], end: int) -> None:
        state, position = self._state, self._position
        for message in messages:
            if error := message.error():
                position = max(position, _position_of(error, message))
                continue
            position = message.offset() + 1
            try:
                state = evolve(state, read_record(message.key(), message.value()))
            except BadRecordError as bad:
                log.warning("%s@%s is passed over: %s", self._topic, message.offset(), bad)
        self._take(state, position, complete=self._complete or position >= end)

    def _take(self, state: State, position: int, *, complete: bool) -> None:
        with self._changed:
            self._state, self._position, self._complete = state, position, complete
            self._changed.notify_all()


def _position_of(error: KafkaError, message: Any) -> int:
    """Return the position that the end of the partition tells; other passing errors tell none."""
    match error.code():
        case KafkaError._PARTITION_EOF:
            return int(message.offset())
        case KafkaError._AUTO_OFFSET_RESET:
            raise KafkaException(error)
        case _ if error.retriable() or error.code() in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
            return 0
        case _:
            raise KafkaException(error)


def _consumer_config(bootstrap_servers: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "deedlog-registry",
        "group.id": "deedlog-registry",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "fetch.queue.backoff.ms": 10,
        "queued.max.messages.kbytes": 4 << 10,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "log_level": 0,
    }


def _producer_config(bootstrap_servers: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "deedlog-registry",
        "acks": "all",
        # Records stay in order; that one may be written twice does no harm, and a fresh broker takes half a second
        # to give out what an idempotent producer needs.
        "max.in.flight.requests.per.connection": 1,
        "linger.ms": 0,
        # Who asked waits for an answer: an outage is theirs to know.
        "message.timeout.ms": int(WRITE_SECONDS * 1000),
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "log_level": 0,
    }
