"""The embedded broker: starts, stops, comes back after a kill with what it had."""

import http.server
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from infra.config import Settings
from infra.kafka import jars
from infra.kafka.broker import BrokerError, listens, prepare
from infra.kafka.topics import create_topics
from infra.services.dependencies import missing_schemas, wait_for_log
from schemas.topics import EVENTS, TOPICS
from tests.conftest import Broker, start_broker, stop

pytestmark = pytest.mark.kafka


def produce(settings: Settings, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka, "acks": "all"})
    producer.produce(EVENTS.name, value, partition=0)
    assert producer.flush(20) == 0


def read(settings: Settings, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": settings.kafka, "group.id": "reader"})
    consumer.assign([TopicPartition(EVENTS.name, 0, 0)])
    found = [message.value() for message in consumer.consume(count, timeout=20)]
    consumer.close()
    return found


def identity(settings: Settings) -> str:
    return (settings.home / "kafka/data/meta.properties").read_text()


def test_what_was_acknowledged_survives_a_kill(settings: Settings) -> None:
    first = start_broker(settings)
    create_topics(settings.kafka)
    produce(settings, b"before")
    made = identity(settings)
    first.kill()
    first.wait()
    second = start_broker(settings)
    produce(settings, b"after")
    assert read(settings, 2) == [b"before", b"after"]
    assert identity(settings) == made
    begun = time.monotonic()
    stop(second)
    assert time.monotonic() - begun < 10
    assert second.returncode == 128 + 15


def damaged(content: bytes, how: str) -> bytes:
    match how:
        case "nonsense":
            return os.urandom(4096)
        case "damaged":
            return content[:1_000_000] + os.urandom(1_000_000) + content[2_000_000:]
        case _:
            return b""


@pytest.mark.parametrize("how", ["nonsense", "damaged", "empty"])
def test_a_broken_class_archive_does_no_harm(settings: Settings, tmp_path: Path, how: str) -> None:
    java = jars.java()
    assert java is not None
    good = jars.archive(java)
    assert good is not None, "there is no class archive; run: make setup"
    broken = tmp_path / "classes.jsa"
    broken.write_bytes(damaged(good.read_bytes(), how))
    argv = prepare(settings, options=(f"-XX:SharedArchiveFile={broken}", "-XX:+VerifySharedSpaces"))
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as broker:
        end = time.monotonic() + 60
        while not listens(settings):
            assert broker.poll() is None, broker.stderr and broker.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.05)
        broker.kill()
        assert broker.stderr is not None
        assert broker.stderr.read() == b""


def test_a_broker_that_cannot_be_says_why(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jars, "LIBS", tmp_path)
    with pytest.raises(BrokerError, match="jars"):
        prepare(settings)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(BrokerError, match="Java"):
        prepare(settings)


def test_storage_that_cannot_be_formatted_says_why(settings: Settings) -> None:
    (settings.home / "kafka").mkdir(parents=True)
    (settings.home / "kafka/data").write_text("in the way")
    with pytest.raises(BrokerError) as caught:
        prepare(settings)
    assert caught.value.why
    assert str(settings.home / "kafka") in caught.value.fix


class Registry(http.server.ThreadingHTTPServer):
    """A registry of somebody else: it knows the subjects it was given."""

    def __init__(self, subjects: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.subjects = subjects
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        body = json.dumps(self.server.subjects if self.path == "/subjects" else []).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def all_subjects() -> list[str]:
    return [topic.subject(schema) for topic in TOPICS.values() for schema in topic.schemas]


def test_services_wait_until_the_log_is_complete(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Broker, topics, registry and schemas come one after the other; each is waited for, and told once."""
    caplog.set_level("INFO", "infra.services.dependencies")
    registry = Registry(all_subjects()[1:])
    waiting = msgspec.structs.replace(settings, registry_url=registry.url)
    done: list[bool] = []
    waiter = threading.Thread(target=lambda: done.append(wait_for_log(waiting, threading.Event())))
    waiter.start()
    broker = start_broker(settings)
    try:
        until(lambda: "the topics" in caplog.text)
        create_topics(settings.kafka)
        until(lambda: f"the schemas of {all_subjects()[0]}" in caplog.text)
        registry.subjects = all_subjects()
        waiter.join(20)
    finally:
        stop(broker)
        registry.shutdown()
        registry.server_close()
    assert done == [True]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == len(set(told)) == 3


def until(true: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


def test_waiting_ends_when_it_is_told_to(kafka: Broker, settings: Settings) -> None:
    lonely = msgspec.structs.replace(settings, bootstrap_servers=kafka.bootstrap_servers)
    assert "registry" in missing_schemas(lonely.registry)
    stop_event = threading.Event()
    threading.Timer(0.3, stop_event.set).start()
    assert wait_for_log(lonely, stop_event) is False
