import threading
import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

import streams.log
from infra.kafka.ports import free_ports
from schemas.codec import UndecodableError
from streams.log import LogUnavailableError, UnknownTopicError, read
from streams.message import Message
from tests.conftest import Broker

pytestmark = pytest.mark.kafka
HOUR = 3_600_000


@pytest.fixture
def topic(kafka: Broker) -> str:
    """A topic of three partitions that no other test uses; it keeps messages of 1970."""
    name = f"test-{uuid.uuid4()}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(name, 3, 1, config={"retention.ms": "-1"})])[name].result(30)
    return name


def put(kafka: Broker, topic: str, *messages: tuple[int, int], size: int = 0) -> None:
    """Put messages, each a partition and a time in ms, with a value that tells both."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 5, "enable.idempotence": True})
    for partition, at in messages:
        producer.produce(topic, f"{partition}@{at}".ljust(size), partition=partition, timestamp=at)
    assert producer.flush(30) == 0


def times(messages: Iterator[Message]) -> list[int]:
    return [message.timestamp_ms for message in messages]


def test_all_partitions_come_in_the_order_of_time(kafka: Broker, topic: str) -> None:
    put(kafka, topic, *((at % 3, at) for at in range(1, 301)))
    assert times(read(kafka.bootstrap_servers, topic)) == list(range(1, 301))


def test_an_empty_topic_ends_at_once(kafka: Broker, topic: str) -> None:
    assert list(read(kafka.bootstrap_servers, topic)) == []


def test_from_a_time_up_to_another(kafka: Broker, topic: str) -> None:
    put(kafka, topic, *((at % 3, at) for at in range(1, 100)))
    assert times(read(kafka.bootstrap_servers, topic, since_ms=20, until_ms=40)) == list(range(20, 40))
    assert times(read(kafka.bootstrap_servers, topic, since_ms=98)) == [98, 99]
    assert times(read(kafka.bootstrap_servers, topic, since_ms=1000)) == []
    assert times(read(kafka.bootstrap_servers, topic, until_ms=1)) == []


def test_what_was_appended_late_is_found_up_to_the_lateness_allowed(kafka: Broker, topic: str) -> None:
    now = 10 * HOUR
    put(kafka, topic, (0, now), (0, now + HOUR // 2), (0, now + 1), (0, now + 2 * HOUR), (0, now + 2))
    assert times(read(kafka.bootstrap_servers, topic, until_ms=now + 10)) == [now, now + 1]


def test_the_last_of_each_partition(kafka: Broker, topic: str) -> None:
    put(kafka, topic, *((at % 3, at) for at in range(1, 31)))
    assert times(read(kafka.bootstrap_servers, topic, last=2)) == list(range(25, 31))


@pytest.mark.parametrize("limits", [(3, 1 << 30), (1 << 30, 2_000)])
def test_a_partition_far_behind_is_waited_for_without_holding_all_of_the_others(
    kafka: Broker, topic: str, limits: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams.log, "HOLD_MESSAGES", limits[0])
    monkeypatch.setattr(streams.log, "HOLD_BYTES", limits[1])
    early = [(0, at) for at in range(1, 3001)]
    late = [(p, at) for at in range(3001, 6001) for p in (1, 2)]
    put(kafka, topic, *early, *late, size=500)
    config = {"queued.max.messages.kbytes": 64, "fetch.message.max.bytes": 20_000}
    assert times(read(kafka.bootstrap_servers, topic, **config)) == [at for _, at in early + late]


def test_gaps_of_compaction_and_transactions_end_too(kafka: Broker, topic: str) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": topic})
    producer.init_transactions(30)
    for at in (1, 2):
        producer.begin_transaction()
        producer.produce(topic, "x", partition=0, timestamp=at)
        producer.commit_transaction(30)
    assert times(read(kafka.bootstrap_servers, topic)) == [1, 2]


def test_follow_goes_on_from_the_history_without_gap_or_repeat(kafka: Broker, topic: str) -> None:
    put(kafka, topic, *((at % 3, at) for at in range(1, 200)))
    stop = threading.Event()
    writer = threading.Thread(target=_put_slowly, args=(kafka, topic))
    seen: list[int] = []
    writer.start()
    for message in read(kafka.bootstrap_servers, topic, follow=True, stop=stop.is_set):
        seen.append(message.timestamp_ms)
        if len(seen) == 399:
            stop.set()
    writer.join()
    assert seen[:199] == list(range(1, 200))
    assert sorted(seen) == list(range(1, 400))


def _put_slowly(kafka: Broker, topic: str) -> None:
    for at in range(200, 400, 10):
        put(kafka, topic, *((n % 3, n) for n in range(at, at + 10)))
        time.sleep(0.02)


def test_follow_from_the_end_shows_only_what_is_new_and_soon(kafka: Broker, topic: str) -> None:
    put(kafka, topic, (0, 1), (1, 2))
    messages = read(kafka.bootstrap_servers, topic, last=0, follow=True)
    writer = threading.Timer(1.5, put, args=(kafka, topic, (2, 3)))
    writer.start()
    assert next(messages).timestamp_ms == 3
    messages.close()  # type: ignore[attr-defined]
    writer.join()


def test_what_is_no_event_comes_as_a_value(kafka: Broker, topic: str) -> None:
    put(kafka, topic, (0, 1))
    [message] = read(kafka.bootstrap_servers, topic)
    assert isinstance(message.event, UndecodableError)
    assert (message.envelope, message.value, message.key) == (None, b"0@1", None)


def test_a_topic_that_is_not_there(kafka: Broker) -> None:
    with pytest.raises(UnknownTopicError, match="there is no topic nowhere at 127"):
        list(read(kafka.bootstrap_servers, "nowhere"))


def test_a_broker_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.log, "ANSWER_SECONDS", 1.0)
    [port] = free_ports(1)
    with pytest.raises(LogUnavailableError, match=f"Kafka at 127.0.0.1:{port} does not answer"):
        list(read(f"127.0.0.1:{port}", "alerts"))
