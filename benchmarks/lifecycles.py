"""The lifecycle host: commands a second, recovery, memory. `python -m benchmarks.lifecycles` runs this alone.

A worker is a process of its own that runs the host on a real broker; commands are already on the inbox when it begins.
"""

import gc
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from producers.publisher import Publisher
from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.topics import VOLUMES_INBOX
from schemas.types.lifecycles import ChangeLabels
from schemas.types.volumes import ChangeReplicas, CreateVolume
from streams.lifecycles.host import Host
from streams.lifecycles.kafka_log import KafkaLog
from streams.volumes import VOLUMES
from tests.conftest import make_settings, start_broker, stop
from tests.registry_server import make_schemas_topic, serving

COMMANDS: Final = 100_000
RUNS: Final = 3
ENTITIES: Final = 100_000
EVENTS: Final = 1_000_000
Row = tuple[str, str, str]


def rows() -> list[Row]:
    """Measure on a broker of its own."""
    from infra.kafka.topics import create_topics

    with tempfile.TemporaryDirectory(prefix="deedlog-bench-") as folder:
        settings = make_settings(Path(folder) / "home")
        broker = start_broker(settings)
        try:
            create_topics(settings.kafka)
            with serving(settings.kafka, make_schemas_topic(settings.kafka)) as registry:
                place = (settings.kafka, registry.url)
                return [*_throughput(place, 1), *_throughput(place, 2), *_recovery(place)]
        finally:
            stop(broker)


def _throughput(place: tuple[str, str], workers: int) -> list[Row]:
    rates = []
    for run in range(RUNS):
        _fill(place, COMMANDS, f"w{workers}-{run}")
        with _started(place, workers) as told:
            before, begun = sum(worker.ask()["messages"] for worker in told), time.monotonic()
            _until(told, "messages", COMMANDS)
            rates.append((COMMANDS - before) / (time.monotonic() - begun))
    floor = "aim: 20,000/s; floor: 62,500/s for a bare loop" if workers == 1 else ""
    plural = "s" * (workers > 1)
    return [(f"commands to volumes, {workers} worker{plural}", f"{_spread(rates)}/s", floor)]


def _recovery(place: tuple[str, str]) -> list[Row]:
    """Make a history of that many events, then begin a worker on it."""
    with _started(place, 1) as told:
        before = told[0].ask()["events"]
        _fill(place, EVENTS - before, "history", names=ENTITIES)
        _until(told, "messages", EVENTS - before, patience=300)
    begun = time.monotonic()
    with _started(place, 1) as told:
        seconds = time.monotonic() - begun
        counts = told[0].ask()
    rate = counts["recovered"] / seconds
    per = (counts["rss"] - counts["rss_before"]) / counts["entities"] * 100_000
    return [
        (f"recovery of {counts['recovered']:,} events, no snapshot", f"{seconds:.1f} s, {rate:,.0f} events/s", ""),
        (f"memory for each 100,000 entities ({counts['entities']:,} measured)", f"{per / (1 << 20):.0f} MiB", ""),
    ]


def _fill(place: tuple[str, str], count: int, prefix: str, names: int = COMMANDS) -> None:
    with Publisher(*place, source="/benchmarks") as publisher:
        for number in range(count):
            name, turn = f"{prefix}-{number % names}", number // names
            command: Any = CreateVolume(size=1 << 30) if turn == 0 else ChangeReplicas(replicas=2 + turn % 2)
            if turn > 3:
                command = ChangeLabels(set={"turn": str(turn)})
            publisher.publish(VOLUMES_INBOX, command, key=name)
        publisher.flush(120)


class Worker:
    """A process that runs the host, and tells what it did when asked."""

    def __init__(self, place: tuple[str, str], instance: str) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(
            target=_work, args=(place, instance, theirs), daemon=True
        )
        self.process.start()

    def ask(self) -> dict[str, int]:
        self._pipe.send("counts")
        answer: dict[str, int] = json.loads(self._pipe.recv())
        return answer

    def end(self) -> None:
        self._pipe.send("end")
        self.process.join(30)


def _work(place: tuple[str, str], instance: str, pipe: Connection) -> None:
    kafka, registry = place
    before = _rss()
    gc.set_threshold(200_000, 50, 100)  # as the service does
    host = Host([VOLUMES], KafkaLog(kafka, [VOLUMES_INBOX.name], instance=instance), Codec(HttpRegistry(registry)))
    while True:
        host.turn(0.02)
        if pipe.poll():
            if pipe.recv() == "end":
                host.close()
                return
            entities = sum(len(shard.fold.entities) for shard in host.shards.values())
            counts = {
                "messages": host.counts.messages,
                "events": host.counts.events + host.counts.recovered,
                "recovered": host.counts.recovered,
                "entities": entities,
                "shards": len(host.shards),
                "rss": _rss(),
                "rss_before": before,
            }
            pipe.send(json.dumps(counts))


@contextmanager
def _started(place: tuple[str, str], count: int) -> Iterator[list[Worker]]:
    """Run workers, from when they have shared all partitions."""
    workers = [Worker(place, f"bench-{number}") for number in range(count)]
    try:
        end = time.monotonic() + 300
        while min(shards := [worker.ask()["shards"] for worker in workers]) == 0 or sum(shards) != 4:
            if time.monotonic() > end:
                sys.exit("the workers did not share the inbox")
            time.sleep(0.05)
        yield workers
    finally:
        for worker in workers:
            worker.end()
            worker.process.kill()
        time.sleep(7)  # the group waits for the session of a member that keeps its name


def _until(workers: list[Worker], what: str, wanted: int, patience: float = 120) -> None:
    start = time.monotonic()
    while sum(worker.ask()[what] for worker in workers) < wanted:
        if time.monotonic() - start > patience:
            sys.exit(f"only {[worker.ask() for worker in workers]} of {wanted} {what}")
        time.sleep(0.01)


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row))
