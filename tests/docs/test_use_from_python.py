"""Every block of the page is run as it stands, with nothing but the addresses exchanged."""

import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer

from producers import Publisher
from schemas.topics import ALERTS, EVENTS, SYSCALLS, VOLUMES_INBOX
from schemas.types.alerts import Alert
from schemas.types.events import Note
from schemas.types.volumes import CreateVolume
from streams.log import read
from tests.conftest import Broker
from tests.example_batch import FIRST_TIME, batch, pack
from tests.registry_server import Server, make_schemas_topic, serving

pytestmark = pytest.mark.kafka
PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs/how-to/use-from-python.md").read_text()
BLOCKS = dict(re.findall(r"^## (.+?)$.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def registry(kafka: Broker) -> Iterator[Server]:
    with serving(kafka.bootstrap_servers, make_schemas_topic(kafka.bootstrap_servers)) as registry:
        yield registry


class Page:
    """The programs of the page with the addresses of a test."""

    def __init__(self, kafka: Broker, registry: Server, folder: Path) -> None:
        self.addresses = {"127.0.0.1:9092": kafka.bootstrap_servers, "http://127.0.0.1:8081": registry.url}
        self.folder = folder

    def start(self, title: str) -> subprocess.Popen[str]:
        program = BLOCKS[title]
        for written, real in self.addresses.items():
            assert written in program
            program = program.replace(written, real)
        environment = os.environ | {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-c", program]
        return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, text=True)

    def run(self, title: str) -> str:
        with self.start(title) as process:
            told, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        return told


@pytest.fixture
def written(kafka: Broker, registry: Server, tmp_path: Path) -> Page:
    return Page(kafka, registry, tmp_path)


def test_each_program_is_under_ten_lines() -> None:
    assert len(BLOCKS) == 5
    assert all(len([line for line in program.splitlines() if line.strip()]) < 10 for program in BLOCKS.values())


def test_an_event_is_put_on_record(kafka: Broker, registry: Server, written: Page) -> None:
    before = time.time_ns()
    written.run("Put an event on record")
    events = read(kafka.bootstrap_servers, EVENTS, registry=registry.url, since_ms=before // 10**6)
    [message] = [each for each in events if each.envelope and each.envelope.source == "/my-program"]
    assert isinstance(message.event, Note)
    assert (message.event.subject, message.event.data) == ("web", '{"version": "1.2"}')


def test_a_command_is_given(kafka: Broker, registry: Server, written: Page) -> None:
    id = written.run("Give a command").strip()
    [message] = read(kafka.bootstrap_servers, VOLUMES_INBOX, registry=registry.url)
    assert message.envelope
    assert (message.envelope.id, message.envelope.subject, message.key) == (id, "volume/data", b"data")
    assert message.event == CreateVolume(size=1 << 30, replicas=2)


def test_alerts_are_acted_on(kafka: Broker, registry: Server, written: Page) -> None:
    with (
        written.start("Act on alerts") as program,
        Publisher(kafka.bootstrap_servers, registry.url, source="/test") as publisher,
    ):
        assert program.stdout
        time.sleep(2)
        for priority in ("notice", "warning"):
            alert = Alert(
                id=str(uuid.uuid4()),
                time=time.time_ns(),
                rule=f"Rule of {priority}",
                priority=priority,
                output="it happened",
                source="syscall",
                node="n1",
            )
            publisher.publish(ALERTS, alert, key=alert.rule, id=alert.id, time_ns=alert.time)
        publisher.flush(30)
        assert program.stdout.readline() == "warning Rule of warning n1 it happened\n"
        program.terminate()


def test_any_topic_is_read(kafka: Broker, written: Page) -> None:
    written.run("Put an event on record")
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce("events", b"garbage")
    producer.flush(30)
    told = written.run("Read any topic")
    assert "Note(type='com.example.deployed', subject='web'" in told
    assert "cannot be read: undecodable: the first byte is 103" in told


RULE = """
- rule: Cat reads shadow
  desc: A rule of the reader of the page.
  condition: evt.type = openat and proc.name = cat and fd.name = /etc/shadow
  output: "%proc.name read %fd.name"
  priority: error
"""


def test_history_is_judged(kafka: Broker, registry: Server, written: Page) -> None:
    (written.folder / "my-rules.yaml").write_text(RULE)
    node, shift = f"page-{uuid.uuid4()}", time.time_ns() - 10**9 - FIRST_TIME
    times = [FIRST_TIME + number + shift for number in range(3)]
    made = msgspec.structs.replace(batch(node), first_time=times[0], last_time=times[2], event_time=pack("Q", *times))
    with Publisher(kafka.bootstrap_servers, registry.url, source="/test") as publisher:
        publisher.publish(SYSCALLS, made, key=node, subject=node, time_ns=times[2])
    assert "error Cat reads shadow cat read /etc/shadow\n" in written.run("Judge history by today's rules")
