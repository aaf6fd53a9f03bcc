"""From the kernel to Kafka: batches, their acknowledgement, and the kernel's memory given back after it."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from probes.loader import detach
from producers.publisher import Publisher
from producers.syscalls import Progress, SyscallProducer
from schemas.registry import MemoryRegistry
from schemas.topics import PIPELINE, SYSCALLS
from schemas.types.pipeline import EventsDropped
from schemas.types.syscalls import SyscallBatch
from streams.log import read
from tests.batches import Event, events_of
from tests.conftest import Broker
from tests.integration.probes.conftest import Watch

pytestmark = [pytest.mark.probe, pytest.mark.kafka]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path / "bpf", ring_mib=1)
    yield watch
    watch.kernel.close()
    detach(tmp_path / "bpf")


@contextmanager
def producing(watch: Watch, kafka: Broker, registry: MemoryRegistry, node: str) -> Iterator[list[Progress]]:
    """A producer that runs while the context lasts."""
    stop = threading.Event()
    reports: list[Progress] = []
    watch.batcher._node = node
    with Publisher(kafka.bootstrap_servers, registry, source="/test") as publisher:
        producer = SyscallProducer(
            watch.kernel,
            watch.batcher,
            publisher,
            node=node,
            batch_age=0.05,
            batch_bytes=1 << 20,
            report=reports.append,
        )
        thread = threading.Thread(target=producer.run, args=(stop.is_set,))
        thread.start()
        try:
            yield reports
        finally:
            stop.set()
            thread.join(30)


def batches(kafka: Broker, registry: MemoryRegistry, node: str, since: float) -> list[SyscallBatch]:
    messages = read(kafka.bootstrap_servers, SYSCALLS, registry=registry, since_ms=int(since * 1000))
    events = [message.event for message in messages if message.key == node.encode()]
    return [event for event in events if isinstance(event, SyscallBatch)]


def opens(found: list[SyscallBatch], path: Path) -> list[Event]:
    return [event for batch in found for event in events_of(batch) if event.path == os.fsencode(path)]


def test_events_reach_kafka_and_the_ring_is_given_back(watch: Watch, kafka: Broker, tmp_path: Path) -> None:
    registry, node, since = MemoryRegistry(), f"node-{uuid4().hex}", time.time() - 5
    path = tmp_path / "opened"
    path.touch()
    with producing(watch, kafka, registry, node):
        path.read_bytes()
    found = batches(kafka, registry, node, since)
    assert len(opens(found, path)) == 2  # made, then read
    assert [batch.sequence for batch in found] == sorted(batch.sequence for batch in found)
    uncommitted = [ring.cursor - int(ring._consumer[0]) for ring in watch.kernel._rings]
    assert not any(uncommitted[:-2])  # the last two are of execs, which stay for a while


def test_calls_that_are_counted_reach_kafka_all(watch: Watch, kafka: Broker, tmp_path: Path) -> None:
    registry, node, since = MemoryRegistry(), f"node-{uuid4().hex}", time.time() - 5
    path = tmp_path / "opened"
    path.touch()
    watch.batch()
    with producing(watch, kafka, registry, node) as reports:
        for _ in range(3):
            for _ in range(10_000):
                os.close(os.open(path, os.O_RDONLY))
            time.sleep(0.2)  # nothing more waits in a ring, and the last are told all the same
        found = opens(batches(kafka, registry, node, since), path)
        until = time.monotonic() + 10
        while not (reports and reports[-1].events > 30_000) and time.monotonic() < until:
            time.sleep(0.1)
    assert sum(event.count for event in found) == 30_000
    assert len(found) < 10_000
    assert reports[-1].rows < reports[-1].events / 2
    assert watch.kernel.dropped() == 0


def test_a_batch_too_large_for_its_topic_is_made_again_in_parts(kafka: Broker, tmp_path: Path) -> None:
    registry, node, since = MemoryRegistry(), f"node-{uuid4().hex}", time.time() - 5
    watch = Watch(tmp_path / "bpf", ring_mib=256)  # holds more than a message of the topic may
    paths = [f"/nowhere/{number:04}".encode() + b"/x" * 2030 for number in range(900)]
    for path in paths:
        with pytest.raises(FileNotFoundError):
            os.open(path, os.O_RDONLY)
    loop = 'a=$1; i=0; while [ $i -lt 1600 ]; do i=$((i+1)); /bin/true "$i$a"; done'
    subprocess.run(["sh", "-c", loop, "sh", "y" * 3_900], check=True)
    try:
        with producing(watch, kafka, registry, node):
            pass
        seen = [event for batch in batches(kafka, registry, node, since) for event in events_of(batch)]
        assert set(paths) <= {event.path for event in seen}
        assert len({e.id for e in seen if e.type == "execve" and e.process.name == b"true"}) == 1_600
        assert watch.kernel.dropped() == 0
    finally:
        watch.kernel.close()
        detach(tmp_path / "bpf")


def test_drops_are_published(watch: Watch, kafka: Broker) -> None:
    registry, node, since = MemoryRegistry(), f"node-{uuid4().hex}", time.time() - 5
    for number in range(8_000):  # each is another, or they would be counted
        with pytest.raises(FileNotFoundError):
            os.open(f"/nowhere/{number}", os.O_RDONLY)
    with producing(watch, kafka, registry, node) as reports:
        until = time.monotonic() + 10
        while not (reports and reports[-1].dropped) and time.monotonic() < until:
            time.sleep(0.01)
    messages = read(kafka.bootstrap_servers, PIPELINE, registry=registry, since_ms=int(since * 1000))
    events = [m.event for m in messages if m.key == node.encode()]
    assert [type(event) for event in events] == [EventsDropped]
    assert isinstance(events[0], EventsDropped)
    assert events[0].dropped == events[0].total > 1_000
    assert batches(kafka, registry, node, since)[-1].dropped >= events[0].total
