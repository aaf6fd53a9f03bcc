import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from infra.kafka.topics import create_topics
from producers import Publisher
from producers.publisher import PublishError, TooLargeError
from schemas.cloudevents import Envelope
from schemas.codec import UnencodableError
from schemas.registry import MemoryRegistry
from schemas.topics import ALERTS, DEAD_LETTERS, EVENTS
from schemas.types.alerts import Alert
from schemas.types.dead_letters import DeadLetter
from schemas.types.events import Note
from streams.dead_letters import put_aside
from streams.log import read
from streams.message import Message
from tests.conftest import Broker, make_settings, start_broker, stop

pytestmark = pytest.mark.kafka
REGISTRY = MemoryRegistry()


def note(subject: str, time_ns: int = 1, data: str = "{}") -> Note:
    return Note(type="com.example.deployed", subject=subject, time=time_ns, data=data)


def messages(kafka: Broker, subject: str) -> list[Message]:
    every = read(kafka.bootstrap_servers, EVENTS, registry=REGISTRY)
    return [message for message in every if message.key == subject.encode()]


def test_an_event_is_read_as_it_was_published(kafka: Broker) -> None:
    subject, at = f"web-{uuid.uuid4()}", time.time_ns()
    event = note(subject, at)
    with Publisher(kafka.bootstrap_servers, REGISTRY, source="/test") as publisher:
        id = publisher.publish(
            EVENTS, event, key=subject, subject=subject, time_ns=at, causation_id="c", correlation_id="k", actor="ann"
        )
    [message] = messages(kafka, subject)
    assert message.event == event
    assert message.timestamp_ms == at // 1_000_000
    assert message.envelope == Envelope(
        id=id,
        type="com.example.deployed",
        source="/test",
        subject=subject,
        time_ns=at,
        causation_id="c",
        correlation_id="k",
        actor="ann",
    )


def test_delivery_is_reported(kafka: Broker) -> None:
    reports: list[Exception | None] = []
    with Publisher(kafka.bootstrap_servers, REGISTRY, source="/test") as publisher:
        publisher.publish(EVENTS, note("reported"), key="reported", on_delivery=reports.append)
        assert reports == []
        assert publisher.flush(30) == 0
    assert reports == [None]


def test_the_name_of_the_record_is_the_type(kafka: Broker) -> None:
    alert = Alert(id="i", time=1, rule=f"r-{uuid.uuid4()}", priority="p", output="o", source="syscall", node="n")
    with Publisher(kafka.bootstrap_servers, REGISTRY, source="/test") as publisher:
        publisher.publish(ALERTS, alert, key=alert.rule, id="mine")
    [message] = [m for m in read(kafka.bootstrap_servers, ALERTS, registry=REGISTRY) if m.key == alert.rule.encode()]
    assert message.envelope is not None
    assert (message.envelope.id, message.envelope.type) == ("mine", "deedlog.alerts.Alert")


def test_what_is_too_large_for_its_topic_is_refused_at_once(kafka: Broker) -> None:
    with Publisher(kafka.bootstrap_servers, REGISTRY, source="/test") as publisher:
        with pytest.raises(TooLargeError, match="more than topic events takes"):
            publisher.publish(EVENTS, note("large", data="x" * EVENTS.max_message_bytes), key="large")
        with pytest.raises(UnencodableError):
            publisher.publish(ALERTS, note("wrong topic"), key="x")


def test_the_largest_message_of_each_topic_gets_through(kafka: Broker) -> None:
    subject = f"large-{uuid.uuid4()}"
    noise = os.urandom(EVENTS.max_message_bytes // 2 - 500).hex()
    whole = os.urandom(DEAD_LETTERS.max_message_bytes - 1000)
    letter = DeadLetter(
        topic=subject, partition=0, offset=1, time=1, component="c", reason="r", detail="d", value=whole
    )
    with Publisher(kafka.bootstrap_servers, REGISTRY, source="/test") as publisher:
        publisher.publish(EVENTS, note(subject, data=noise), key=subject)
        publisher.publish(DEAD_LETTERS, letter, key=subject)
    [message] = messages(kafka, subject)
    assert message.event == note(subject, data=noise)
    letters = read(kafka.bootstrap_servers, DEAD_LETTERS, registry=REGISTRY)
    assert [m.event for m in letters if m.key == subject.encode()] == [letter]


def test_a_message_put_aside_comes_whole_and_under_one_id(kafka: Broker) -> None:
    subject = f"bad-{uuid.uuid4()}"
    with Publisher(kafka.bootstrap_servers, REGISTRY, source="/test") as publisher:
        publisher.publish(EVENTS, note(subject), key=subject, id="cause")
        publisher.flush(30)
        [message] = messages(kafka, subject)
        bad = msgspec.structs.replace(message, value=b"\0\0\0\x99\x99oh")
        ids = {put_aside(publisher, bad, bad.event, "test") for _ in range(2)}  # type: ignore[arg-type]
    letters = read(kafka.bootstrap_servers, DEAD_LETTERS, registry=REGISTRY)
    found = [m for m in letters if m.envelope and m.envelope.id in ids]
    assert len(ids) == 1
    assert len(found) == 2
    letter, envelope = found[0].event, found[0].envelope
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.component, letter.topic) == ("unknown-schema", "test", "events")
    assert (letter.key, letter.value, letter.headers) == (bad.key, bad.value, dict(bad.headers))
    assert (letter.partition, letter.offset) == (bad.partition, bad.offset)
    assert envelope is not None
    assert envelope.causation_id == "cause"


def test_refused_events_are_not_passed_over_in_silence(kafka: Broker) -> None:
    # A topic that is not there is the one refusal a real broker gives on demand; 30 s is librdkafka's patience.
    elsewhere = msgspec.structs.replace(EVENTS, name=f"absent-{uuid.uuid4()}")
    config = {"topic.metadata.propagation.max.ms": 100}
    with (
        pytest.raises(PublishError, match="Kafka refused 1 events"),
        Publisher(kafka.bootstrap_servers, REGISTRY, source="/test", **config) as publisher,
    ):
        publisher.publish(elsewhere, note("x"), key="x")


@pytest.fixture
def own_broker(tmp_path: Path) -> "Restartable":
    return Restartable(tmp_path)


class Restartable:
    """A broker of one test alone, which it may kill and start again."""

    def __init__(self, home: Path) -> None:
        self.settings = make_settings(home / "home")
        self.process: subprocess.Popen[bytes] = start_broker(self.settings)
        create_topics(self.settings.kafka)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def start(self) -> None:
        self.process = start_broker(self.settings)


def test_an_outage_delays_events_but_loses_and_repeats_none(own_broker: Restartable) -> None:
    reports: list[Exception | None] = []
    publishing = threading.Thread(target=publish_many, args=(own_broker.settings.kafka, reports))
    publishing.start()
    wait_until(lambda: len(reports) > 100)
    own_broker.kill()
    time.sleep(2)
    assert publishing.is_alive()
    own_broker.start()
    publishing.join(60)
    found = [m.key for m in read(own_broker.settings.kafka, EVENTS, registry=REGISTRY)]
    stop(own_broker.process)
    assert reports == [None] * COUNT
    assert sorted(found) == sorted(str(number).encode() for number in range(COUNT))


COUNT = 5_000


def publish_many(bootstrap_servers: str, reports: list[Exception | None]) -> None:
    """Publish through a queue that is much smaller than what is published."""
    config = {"queue.buffering.max.messages": 100}
    with Publisher(bootstrap_servers, REGISTRY, source="/test", **config) as publisher:
        for number in range(COUNT):
            publisher.publish(EVENTS, note(str(number)), key=str(number), on_delivery=reports.append)
        publisher.flush(60)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_leaving_while_kafka_is_away_says_what_was_not_taken(
    own_broker: Restartable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.publisher.CLOSE_SECONDS", 1.0)
    own_broker.kill()
    with (
        pytest.raises(PublishError, match=r"3 events were not taken by Kafka within 1 s"),
        Publisher(own_broker.settings.kafka, REGISTRY, source="/test") as publisher,
    ):
        for number in range(3):
            publisher.publish(EVENTS, note(str(number)), key=str(number))
