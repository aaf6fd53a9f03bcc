import json
import signal
import struct
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from infra.config import Settings
from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.topics import ALERTS, SYSCALLS
from schemas.types.alerts import Alert
from schemas.types.syscalls import Container, SyscallBatch
from streams.detection.loading import load_rules
from streams.replay import replay
from tests.integration.worker.conftest import Feed, Service, running, worker_settings
from tests.synthetic import Call, Proc, batch_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
BOX = Container(id="c" * 64, runtime="podman", name="box", image="localhost/x:1")
RULE = "Read sensitive file untrusted"
EXTRA = """
- rule: Everything else
  desc: for a test
  condition: evt.type = procexit
  output: gone
  priority: debug
"""


def batch(session: str, number: int, *, calls: int = 20, time_ns: int | None = None) -> SyscallBatch:
    """Return a batch whose eighth event is an alert."""
    now = time_ns or time.time_ns()
    process = Proc(pid=5, name=b"cat", exepath=b"/usr/bin/cat", args=b"cat\0/etc/shadow\0", container=BOX)
    paths = [b"/usr/lib/x%d" % place if place != 7 else b"/etc/shadow" for place in range(calls)]
    made = [
        Call(process=process, number=number * 1000 + place, path=path, time=now + place)
        for place, path in enumerate(paths)
    ]
    return batch_of(*made, session=session)


def publish(feed: Feed, one: SyscallBatch, key: str = "node") -> None:
    feed.publisher.publish(SYSCALLS, one, key=key, time_ns=one.last_time)


def id_of(session: str, number: int) -> str:
    return f"{session}:{number * 1000 + 7:x}/{RULE}"


def test_a_batch_becomes_an_alert_on_the_topic_and_in_the_file(feed: Feed, worker: Service, tmp_path: Path) -> None:
    session = uuid4().hex
    publish(feed, batch(session, 1))
    feed.until(lambda: bool(feed.alerts(session)))
    (alert,) = feed.alerts(session)
    assert (alert.id, alert.container_name, alert.container_image) == (id_of(session, 1), "box", "localhost/x:1")
    file = tmp_path / "alerts.jsonl"
    feed.until(lambda: alert.id in file.read_text())
    assert any(json.loads(line)["output"] == alert.output for line in file.read_text().splitlines())
    told = worker.until(lambda told: "1 batches judged, 1 alerts" in told.get("STATUS", ""))
    assert told["STATUS"].startswith("6 rules, ")


def test_what_cannot_be_judged_is_put_aside_and_the_rest_goes_on(feed: Feed, worker: Service) -> None:
    session = uuid4().hex
    codec = Codec(HttpRegistry(feed.settings.registry))
    good = codec.encode(SYSCALLS, batch(session, 1))
    alert = Alert(id="a", time=1, rule="r", priority="debug", output="o", source="s", node="n")
    bad = {
        b"no event": "undecodable",
        b"": "undecodable",
        good[:-3]: "undecodable",
        b"\0" + struct.pack(">I", 999_999) + b"x": "unknown-schema",
        codec.encode(ALERTS, alert): "undecodable",
        codec.encode(SYSCALLS, batch_of(Call(), event_path=b"\xff\xff\xff\xff", session=session)): "invalid-batch",
    }
    producer = Producer({"bootstrap.servers": feed.settings.kafka})
    before = len(feed.dead_letters())
    for value in bad:
        producer.produce(SYSCALLS.name, value, key="node", headers={"x": b"\xff"})
    producer.produce(SYSCALLS.name, None, key="node")
    producer.produce(SYSCALLS.name, good, key="node")
    producer.flush(10)
    feed.until(lambda: bool(feed.alerts(session)) and len(feed.dead_letters()) >= before + len(bad) + 1)

    letters = feed.dead_letters()[before:]
    assert {letter.value or b"": letter.reason for letter in letters} == bad
    assert {(letter.topic, letter.key, letter.component) for letter in letters} == {("syscalls", b"node", "detection")}
    assert all(letter.detail and letter.headers == {"x": b"\xff"} for letter in letters if letter.value)
    assert any("column event_path has 4294967295" in letter.detail for letter in letters)
    worker.until(lambda told: f"{len(bad) + 1} put aside" in told.get("STATUS", ""))


def test_an_alert_that_is_none_is_put_aside(feed: Feed, worker: Service) -> None:
    before = len(feed.dead_letters())
    producer = Producer({"bootstrap.servers": feed.settings.kafka})
    producer.produce(ALERTS.name, b"no alert")
    producer.flush(10)
    feed.until(lambda: len(feed.dead_letters()) > before)
    letter = feed.dead_letters()[before]
    assert (letter.topic, letter.reason, letter.component) == ("alerts", "undecodable", "outputs")


def test_kill_9_under_load_loses_no_alert(feed: Feed, registered: Settings, tmp_path: Path) -> None:
    session, count = uuid4().hex, 400
    settings = worker_settings(registered, tmp_path)

    def load() -> None:
        for number in range(count):
            publish(feed, batch(session, number), key=f"node{number % 7}")
            feed.publisher.poll(0.02)

    loader = threading.Thread(target=load, daemon=True)
    loader.start()
    for _ in range(2):
        with running("infra.services.worker", settings, tmp_path) as service:
            service.until(lambda told: told.get("READY") == "1")
            seen = len(feed.alerts(session))
            feed.until(lambda seen=seen: len(feed.alerts(session)) > seen)  # type: ignore[misc]
            service.signal(signal.SIGKILL)
            service.process.wait()
    loader.join()
    feed.publisher.flush(10)
    wanted = {id_of(session, number) for number in range(count)}
    with running("infra.services.worker", settings, tmp_path):
        feed.until(lambda: {alert.id for alert in feed.alerts(session)} >= wanted)
        file = tmp_path / "alerts.jsonl"
        feed.until(lambda: all(f'"{id}"' in file.read_text() for id in wanted))
    assert {alert.id for alert in feed.alerts(session)} == wanted


def test_sigterm_ends_it_within_five_seconds(feed: Feed, worker: Service) -> None:
    for number in range(50):
        publish(feed, batch(uuid4().hex, number))
    code, seconds = worker.end()
    assert code == 0
    assert seconds < 5


def test_sighup_loads_the_rules_again(feed: Feed, worker: Service, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(EXTRA + "- rule: Bad\n  condition: nonsense\n")
    worker.signal(signal.SIGHUP)
    worker.until(lambda told: told.get("STATUS", "").startswith("7 rules, "))
    assert "output is missing" in worker.log.read_text()
    session = uuid4().hex
    publish(feed, batch_of(Call(type="procexit", time=time.time_ns()), session=session))
    feed.until(lambda: [alert.rule for alert in feed.alerts(session)] == ["Everything else"])


def test_a_replay_gives_the_alerts_that_it_gave_live(feed: Feed, worker: Service) -> None:
    session, began = uuid4().hex, time.time_ns()
    for number in range(5):
        publish(feed, batch(session, number, time_ns=began + number * 1_000_000_000), key=f"node{number}")
    feed.until(lambda: len(feed.alerts(session)) == 5)
    live = {alert.id: alert for alert in feed.alerts(session)}

    def again(since: int, until: int) -> dict[str, Alert]:
        rules = load_rules([], builtin=True)
        found = replay(feed.settings.kafka, feed.settings.registry, rules, began + since, began + until)
        return {alert.id: alert for alert in found if alert.id.startswith(session)}

    assert again(0, 10_000_000_000) == live
    # The boundary batches hold events on both sides; the alert is the eighth, 7 ns after the first.
    assert set(again(1_000_000_007, 3_000_000_007)) == {id_of(session, 1), id_of(session, 2)}
    assert set(again(1_000_000_008, 3_000_000_008)) == {id_of(session, 2), id_of(session, 3)}
