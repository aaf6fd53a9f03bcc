"""Reads a topic from one time to another, or on and on, in the order of time as far as partitions allow.

Reading leaves nothing behind: no consumer group, no committed offsets.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.codec import Codec
from schemas.registry import HttpRegistry, MemoryRegistry, Registry
from schemas.topics import Topic
from streams.merge import Merge, merged
from streams.message import Message

ANSWER_SECONDS: Final = 10.0
STALL_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.2
LATENESS_MS: Final = 60 * 60 * 1000
"""How long after its time a message may have been appended and is still found by `until_ms`."""
HOLD_MESSAGES: Final = 2_000
HOLD_BYTES: Final = 16 << 20
"""What is held of one partition while another is waited for; more is left on the broker."""


class LogError(Exception):
    """The topic cannot be read."""


class UnknownTopicError(LogError):
    """There is no such topic."""


class LogUnavailableError(LogError):
    """The brokers do not answer."""


class Span(msgspec.Struct, frozen=True):
    """The offsets of a partition from `start` up to, not including, `end`."""

    start: int
    end: int


def read(
    bootstrap_servers: str,
    topic: Topic | str,
    *,
    registry: Registry | str | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    last: int | None = None,
    after: Mapping[int, int] | None = None,
    follow: bool = False,
    stop: Callable[[], bool] = lambda: False,
    **kafka_config: Any,
) -> Iterator[Message]:
    """Yield the messages whose time is in [since_ms, until_ms), in ms since the epoch.

    Ends with what the topic held when reading began; with `follow` it goes on, through outages too, until
    `stop()`. `last` starts that many messages before the end of each partition, 0 with `follow` meaning only new
    ones; `after` starts after these offsets by partition. Without a registry, or its URL, no event is decoded.
    Raises UnknownTopicError, LogUnavailableError.
    """
    consumer = Consumer(_config(bootstrap_servers) | kafka_config)
    codec = Codec(HttpRegistry(registry) if isinstance(registry, str) else registry or MemoryRegistry())
    name = topic if isinstance(topic, str) else topic.name
    try:
        spans = _spans(consumer, name, since_ms, until_ms, last)
        spans = {number: _moved(span, (after or {}).get(number)) for number, span in spans.items()}
        consumer.assign([TopicPartition(name, number, span.start) for number, span in spans.items()])
        for message in _messages(Reading(consumer, codec, name, spans), follow, stop):
            if _wanted(message, since_ms, until_ms):
                yield message
    except KafkaException as error:
        raise _meaning(error.args[0], name, bootstrap_servers) from error
    finally:
        consumer.close()


class Reading:
    """A consumer on some spans of a topic, which never holds much more than what was asked for."""

    def __init__(self, consumer: Consumer, codec: Codec, topic: str, spans: dict[int, Span]) -> None:
        self._consumer = consumer
        self._codec = codec
        self._topic = topic
        self._spans = spans
        self._paused: set[int] = set()
        self.merge = Merge(spans)
        for number, span in spans.items():
            if span.start >= span.end:
                self.merge.finish(number)

    def fetch(self) -> Iterator[Message]:
        """Wait a moment for messages and yield those that came; takes note of partitions read to their end."""
        first = self._consumer.poll(POLL_SECONDS)
        for raw in [] if first is None else [first, *self._consumer.consume(500, 0)]:
            if error := raw.error():
                self._note(error, raw)
            else:
                yield message_of(raw, self._codec)

    def hold(self, message: Message) -> bool:
        """Take a message for the merge; False if it is behind the end of its span."""
        end = self._spans[message.partition].end
        inside = message.offset < end and message.partition in self.merge.open
        if inside:
            self.merge.add(message)
        if message.offset >= end - 1:
            self.merge.finish(message.partition)
        return inside

    def balance(self) -> None:
        """Fetch only partitions that the merge waits for or of which it holds little."""
        self._pause({number for number in self._spans if not self._fetched(number)})

    def fetch_all(self) -> None:
        """Fetch all partitions, as is right when nothing is held any more."""
        self._pause(set())

    def _fetched(self, number: int) -> bool:
        count, size = self.merge.held(number)
        much = count >= HOLD_MESSAGES or size >= HOLD_BYTES
        # Each pause throws away what was fetched ahead: go on only when nothing is left.
        return number in self.merge.open and not much and (not count or number not in self._paused)

    def _pause(self, wanted: set[int]) -> None:
        for change, numbers in ((Consumer.pause, wanted - self._paused), (Consumer.resume, self._paused - wanted)):
            if numbers:
                change(self._consumer, [TopicPartition(self._topic, number) for number in numbers])
        self._paused = wanted

    def _note(self, error: KafkaError, raw: Any) -> None:
        match error.code():
            case KafkaError._PARTITION_EOF:
                # The last offsets of a span may be no messages: markers of transactions, or compacted away.
                if raw.offset() >= self._spans[raw.partition()].end:
                    self.merge.finish(raw.partition())
            case KafkaError._TRANSPORT | KafkaError._ALL_BROKERS_DOWN | KafkaError._RESOLVE:
                pass  # librdkafka connects again by itself
            case _ if error.retriable():
                pass
            case _:
                raise KafkaException(error)


def message_of(raw: Any, codec: Codec) -> Message:
    """Return a message of confluent-kafka as ours."""
    return Message(
        topic=raw.topic(),
        partition=raw.partition(),
        offset=raw.offset(),
        timestamp_ms=raw.timestamp()[1],
        key=raw.key(),
        headers=tuple(raw.headers() or ()),
        value=raw.value(),
        codec=codec,
    )


def _messages(reading: Reading, follow: bool, stop: Callable[[], bool]) -> Iterator[Message]:
    fresh: list[Message] = []
    progress = time.monotonic()
    while reading.merge.open and not stop():
        for message in reading.fetch():
            progress = time.monotonic()
            if not reading.hold(message):
                fresh.append(message)
        yield from reading.merge.ready()
        reading.balance()
        if time.monotonic() - progress > STALL_SECONDS and not follow:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
    yield from reading.merge.ready()
    reading.fetch_all()
    while follow and not stop():
        yield from merged(fresh)
        fresh = list(reading.fetch())


def _spans(
    consumer: Consumer, topic: str, since_ms: int | None, until_ms: int | None, last: int | None
) -> dict[int, Span]:
    metadata = consumer.list_topics(topic, ANSWER_SECONDS).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    spans = {number: _whole(consumer, TopicPartition(topic, number)) for number in metadata.partitions}
    if last is not None:
        spans = {n: Span(max(span.start, span.end - last), span.end) for n, span in spans.items()}
    if since_ms is not None:
        starts = _offsets(consumer, topic, spans, since_ms)
        spans = {n: Span(max(span.start, starts[n]), span.end) for n, span in spans.items()}
    if until_ms is not None:
        ends = _offsets(consumer, topic, spans, until_ms + LATENESS_MS)
        spans = {n: Span(span.start, min(span.end, ends[n])) for n, span in spans.items()}
    return spans


def _moved(span: Span, after: int | None) -> Span:
    return span if after is None else Span(max(span.start, after + 1), span.end)


def _whole(consumer: Consumer, partition: TopicPartition) -> Span:
    return Span(*consumer.get_watermark_offsets(partition, ANSWER_SECONDS))


def _offsets(consumer: Consumer, topic: str, spans: dict[int, Span], at_ms: int) -> dict[int, int]:
    """Return the first offset of each partition whose message is of that time or later, else the end."""
    asked = [TopicPartition(topic, number, max(at_ms, 0)) for number in spans]
    found = consumer.offsets_for_times(asked, ANSWER_SECONDS)
    return {p.partition: p.offset if p.offset >= 0 else spans[p.partition].end for p in found}


def _wanted(message: Message, since_ms: int | None, until_ms: int | None) -> bool:
    at = message.timestamp_ms
    return (since_ms is None or at >= since_ms) and (until_ms is None or at < until_ms)


def _meaning(error: KafkaError, topic: str, bootstrap_servers: str) -> LogError:
    match error.code():
        case KafkaError.UNKNOWN_TOPIC_OR_PART | KafkaError._UNKNOWN_TOPIC | KafkaError.TOPIC_EXCEPTION:
            return UnknownTopicError(f"there is no topic {topic} at {bootstrap_servers}")
        case KafkaError._TRANSPORT | KafkaError._ALL_BROKERS_DOWN | KafkaError._TIMED_OUT | KafkaError._RESOLVE:
            return LogUnavailableError(f"Kafka at {bootstrap_servers} does not answer")
        case _:
            return LogError(f"topic {topic} at {bootstrap_servers}: {error.str()}")


def _config(bootstrap_servers: str) -> dict[str, Any]:
    """Return librdkafka's settings for a consumer that is in no group."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "deedlog",
        "group.id": "deedlog-reader",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "queued.max.messages.kbytes": 16 << 10,
        # With the default, a second passes each time what was fetched ahead has filled the queue.
        "fetch.queue.backoff.ms": 10,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "log_level": 0,
    }
