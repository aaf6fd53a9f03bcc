"""The one producer: everything that deedlog puts on Kafka goes through here.

Idempotent and acknowledged by all replicas. An outage of the brokers delays events but loses none: they wait in a
bounded queue, and when that is full `publish` waits too.
"""

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from confluent_kafka import KafkaException, Producer

from producers.identifiers import new_id
from schemas.cloudevents import Envelope
from schemas.codec import NAMES, Codec
from schemas.registry import HttpRegistry, Registry
from schemas.topics import TOPICS, Topic
from schemas.types.events import Note

CLOSE_SECONDS: Final = 10.0
FULL_QUEUE_POLL_SECONDS: Final = 0.1
RECORD_OVERHEAD: Final = 256
"""Bytes that Kafka's record batch adds at most to key, value and headers of one message."""

OnDelivery = Callable[[Exception | None], None]

log = logging.getLogger(__name__)


class PublishError(Exception):
    """Events that Kafka did not take."""


class TooLargeError(PublishError):
    """An event larger than its topic takes."""


class Publisher:
    """Publishes events. Use it as a context manager: on leaving, all that was published is on Kafka or it raises."""

    def __init__(
        self,
        bootstrap_servers: str,
        registry: Registry | str,
        *,
        source: str,
        actor: str | None = None,
        **kafka_config: Any,
    ) -> None:
        """Take the registry or its URL; `source` says who publishes, in every event, and `actor` on whose behalf.

        `kafka_config` overrides settings of librdkafka (CONFIGURATION.md of its project).
        """
        self._codec = Codec(HttpRegistry(registry) if isinstance(registry, str) else registry)
        self._source = source
        self._actor = actor
        self._producer = Producer(producer_config(bootstrap_servers) | kafka_config, logger=log)
        self._failed: list[Exception] = []

    def publish(
        self,
        topic: Topic,
        event: msgspec.Struct,
        *,
        key: str,
        subject: str | None = None,
        id: str | None = None,
        time_ns: int | None = None,
        causation_id: str | None = None,
        correlation_id: str | None = None,
        actor: str | None = None,
        traceparent: str | None = None,
        if_version: int | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> str:
        """Queue the event for its topic and return its id; waits while the queue is full.

        `on_delivery` is called from `poll`, `publish` or `flush` with None, or with why Kafka refused it for good;
        without it, `flush` raises that. Raises TooLargeError, UnencodableError, and the registry's errors.
        """
        time_ns = time.time_ns() if time_ns is None else time_ns
        envelope = Envelope(
            id=id or new_id(),
            type=event.type if isinstance(event, Note) else NAMES.get(type(event), type(event).__qualname__),
            source=self._source,
            subject=subject,
            time_ns=time_ns,
            causation_id=causation_id,
            correlation_id=correlation_id,
            actor=actor or self._actor,
            traceparent=traceparent,
            if_version=if_version,
        )
        message = {
            "key": key.encode("utf-8", "surrogateescape"),
            "value": self._codec.encode(topic, event),
            "headers": envelope.to_headers(),
            "timestamp": time_ns // 1_000_000,
        }
        _check_size(topic, message)
        self._produce(topic, message, on_delivery)
        return envelope.id

    def poll(self, seconds: float = 0.0) -> int:
        """Serve delivery reports for up to that long; return how many there were."""
        return int(self._producer.poll(seconds))

    def flush(self, seconds: float) -> int:
        """Wait up to that long for Kafka to take all events; return how many are left.

        Raises PublishError if Kafka refused events that were published without `on_delivery`.
        """
        left = int(self._producer.flush(seconds))
        if self._failed:
            failed, self._failed = self._failed, []
            raise PublishError(f"Kafka refused {len(failed)} events; the first: {failed[0]}") from failed[0]
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        left = self._producer.flush(CLOSE_SECONDS if error is None else 0) if len(self._producer) else 0
        if error is not None:
            return
        self.flush(0)
        if left:
            raise PublishError(f"{left} events were not taken by Kafka within {CLOSE_SECONDS:.0f} s of closing")

    def _produce(self, topic: Topic, message: dict[str, Any], on_delivery: OnDelivery | None) -> None:
        report = self._reporter(topic, on_delivery)
        while True:
            try:
                self._producer.produce(topic.name, on_delivery=report, **message)
                break
            except BufferError:
                self._producer.poll(FULL_QUEUE_POLL_SECONDS)
            except KafkaException as error:
                if error.args[0].fatal():
                    raise  # this producer will never work again: that is for who made it, not for who retries
                raise PublishError(f"topic {topic.name}: {error}") from error
        self._producer.poll(0)

    def _reporter(self, topic: Topic, on_delivery: OnDelivery | None) -> Callable[[Any, Any], None]:
        def report(error: Any, _message: Any) -> None:
            outcome = None if error is None else KafkaException(error)
            if on_delivery is not None:
                on_delivery(outcome)
            elif outcome is not None:
                log.error("an event for topic %s was refused by Kafka: %s", topic.name, error)
                self._failed.append(outcome)

        return report


def producer_config(bootstrap_servers: str) -> dict[str, Any]:
    """Return librdkafka's settings for the publisher."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "deedlog",
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "zstd",
        # As Java's clients share out keys, and as those who look for the partition of an entity expect it.
        "partitioner": "murmur2_random",
        "linger.ms": 5,
        # An outage ends some time; until then events wait here, and when this is full, where they come from.
        "message.timeout.ms": 0,
        "queue.buffering.max.kbytes": 256 << 10,
        "message.max.bytes": max(topic.max_message_bytes for topic in TOPICS.values()),
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
    }


def _check_size(topic: Topic, message: dict[str, Any]) -> None:
    size = len(message["key"]) + len(message["value"]) + RECORD_OVERHEAD
    size += sum(len(name) + len(value) + 4 for name, value in message["headers"])
    if size > topic.max_message_bytes:
        raise TooLargeError(f"{size:,} bytes are more than topic {topic.name} takes ({topic.max_message_bytes:,})")
