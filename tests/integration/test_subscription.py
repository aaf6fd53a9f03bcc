import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer

from infra.kafka.topics import create_topics
from producers import Publisher
from schemas.registry import MemoryRegistry, RegistryUnavailableError
from schemas.topics import ALERTS
from schemas.types.alerts import Alert
from streams import subscribe
from streams.priorities import PRIORITIES
from streams.subscription import once
from tests.conftest import Broker, make_settings, start_broker, stop

pytestmark = pytest.mark.kafka


def alert(rule: str, priority: str = "error", id: str | None = None) -> Alert:
    """Return an alert of now."""
    return Alert(
        id=id or str(uuid.uuid4()),
        time=time.time_ns(),
        rule=rule,
        priority=priority,
        output="o",
        source="syscall",
        node="n",
    )


def put(bootstrap_servers: str, registry: MemoryRegistry, *alerts: Alert) -> None:
    with Publisher(bootstrap_servers, registry, source="/test") as publisher:
        for each in alerts:
            publisher.publish(ALERTS, each, key=each.rule, id=each.id, time_ns=each.time)


def test_alerts_come_once_and_what_is_none_is_passed_over(kafka: Broker, caplog: pytest.LogCaptureFixture) -> None:
    registry, rule = MemoryRegistry(), str(uuid.uuid4())
    first, second = alert(rule), alert(rule)
    put(kafka.bootstrap_servers, registry, first, first)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce("alerts", b"garbage")
    producer.flush(30)
    put(kafka.bootstrap_servers, registry, second, first)
    found = list(subscribe(kafka.bootstrap_servers, registry, since_ms=0, follow=False, rule=rule))
    assert sorted(each.id for each in found) == sorted([first.id, second.id])
    assert "is no alert: undecodable: the first byte is 103" in caplog.text


@pytest.mark.parametrize("least", PRIORITIES)
def test_a_priority_means_at_least(kafka: Broker, least: str) -> None:
    registry, rule = MemoryRegistry(), str(uuid.uuid4())
    put(kafka.bootstrap_servers, registry, *(alert(rule, priority) for priority in PRIORITIES))
    found = subscribe(kafka.bootstrap_servers, registry, follow=False, rule=rule, priority=least)
    assert {each.priority for each in found} == set(PRIORITIES[: PRIORITIES.index(least) + 1])


def test_what_is_no_priority_is_refused() -> None:
    with pytest.raises(ValueError, match="urgent"):
        subscribe("127.0.0.1:1", MemoryRegistry(), priority="urgent")


def test_following_outlives_the_broker_and_waits_for_the_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sometimes(MemoryRegistry):
        down = True

        def schema(self, id: int) -> dict[str, object]:
            if Sometimes.down:
                raise RegistryUnavailableError("down")
            return super().schema(id)

    monkeypatch.setattr("streams.subscription.REGISTRY_PAUSE_SECONDS", 0.05)
    settings, registry = make_settings(tmp_path / "home"), Sometimes()
    broker = start_broker(settings)
    create_topics(settings.kafka)
    put(settings.kafka, registry, alert("r", id="before"))
    seen: list[str] = []
    stopped = threading.Event()

    def follow() -> None:
        for each in subscribe(settings.kafka, registry, since_ms=0, stop=stopped.is_set):
            seen.append(each.id)  # noqa: PERF401 - it has no end

    follower = threading.Thread(target=follow)
    follower.start()
    time.sleep(1)
    assert seen == []
    Sometimes.down = False
    wait_until(lambda: seen == ["before"])
    broker.kill()
    broker.wait()
    time.sleep(1)
    broker = start_broker(settings)
    put(settings.kafka, registry, alert("r", id="after"))
    wait_until(lambda: seen == ["before", "after"])
    stopped.set()
    follower.join(10)
    assert not follower.is_alive()
    stop(broker)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_memory_of_what_was_seen_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.subscription.REMEMBERED", 3)
    ids = ["1", "2", "1", "3", "4", "2", "1"]
    assert [each.id for each in once(alert("r", id=id) for id in ids)] == ["1", "2", "3", "4", "1"]
