"""A storm of opens through the whole pipeline: what was made, published, dropped and judged, and what it cost."""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from benchmarks import storm
from schemas.calls import calls_in
from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.topics import SYSCALLS
from schemas.types.syscalls import SyscallBatch
from streams.app import APP_ID
from tests.pipelines import Pipeline

JUDGED_WITHIN = 60.0
PARTITIONS = [TopicPartition(SYSCALLS.name, number) for number in range(SYSCALLS.partitions)]

Offsets = dict[int, int]


class Passage(NamedTuple):
    """How a storm passed through the pipeline."""

    made: storm.Storm
    published: int
    """Its opens that are on the topic."""
    dropped: int
    """Events, its own or not, that the kernel could not queue meanwhile."""
    bytes_on_disk: int
    """By which the topic grew, as the broker keeps it."""
    events: int
    """All calls that the topic tells of meanwhile, those that were counted included."""
    behind: float
    """Seconds from its end until all of it was judged and the worker's offsets committed."""
    cpu: dict[str, float]
    """CPU seconds by process."""


def measure(pipeline: Pipeline, program: Path, files: list[Path], *, rate: int, seconds: float) -> Passage:
    """Let a storm blow through a pipeline at rest and return how it passed."""
    consumer = Consumer({"bootstrap.servers": pipeline.settings.kafka, "group.id": APP_ID, "enable.auto.commit": False})
    wait_until_judged(consumer)
    before, start, disk = pipeline.processes(), ends(consumer), disk_bytes(pipeline)
    made = storm.finish(storm.start(program, seconds=seconds, rate=rate, files=files))
    behind = wait_until_judged(consumer)
    after = pipeline.processes()
    grown = disk_bytes(pipeline) - disk
    published, events, dropped = contents(pipeline, start, ends(consumer))
    consumer.close()
    return Passage(
        made=made,
        published=published,
        dropped=dropped,
        bytes_on_disk=grown,
        events=events,
        behind=behind,
        cpu={name: process["cpu_seconds"] - before[name]["cpu_seconds"] for name, process in after.items()},
    )


def ends(consumer: Consumer) -> Offsets:
    """Return the end of each partition of the topic."""
    return {p.partition: consumer.get_watermark_offsets(p, timeout=10)[1] for p in PARTITIONS}


def wait_until_judged(consumer: Consumer) -> float:
    """Wait until the worker has committed all that is on the topic now; return how many seconds that took."""
    began, wanted = time.monotonic(), ends(consumer)
    while time.monotonic() - began < JUDGED_WITHIN:
        committed = {p.partition: p.offset for p in consumer.committed(PARTITIONS, timeout=10)}
        if all(committed[number] >= end for number, end in wanted.items() if end):
            return time.monotonic() - began
        time.sleep(0.05)
    raise SystemExit(f"the worker is more than {JUDGED_WITHIN:.0f} s behind")


def contents(pipeline: Pipeline, start: Offsets, end: Offsets) -> tuple[int, int, int]:
    """Return how many opens of the storm, and events in all, are on the topic between two offsets; and the drops."""
    codec = Codec(HttpRegistry(pipeline.settings.registry))
    consumer = Consumer(
        {"bootstrap.servers": pipeline.settings.kafka, "group.id": "bench", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(SYSCALLS.name, number, offset) for number, offset in start.items()])
    left = sum(end.values()) - sum(start.values())
    opens = events = 0
    drops: list[int] = []
    while left:
        message = consumer.poll(10)
        if message is None or message.error():
            raise SystemExit("the topic cannot be read back")
        left -= 1
        batch = codec.decode(message.value())
        assert isinstance(batch, SyscallBatch)
        opens += opens_of_the_storm(batch)
        events += calls_in(batch)
        drops.append(batch.dropped)
    consumer.close()
    return opens, events, max(drops, default=0) - min(drops, default=0)


def opens_of_the_storm(batch: SyscallBatch) -> int:
    """Return how many opens of the storm's own files a batch holds."""
    paths = np.frombuffer(batch.event_path, dtype="<u4")
    ours = [code for code, text in enumerate(batch.strings) if b"/srv/application/releases/module-" in text]
    counts = np.frombuffer(batch.event_count, dtype="<u4") if batch.event_count else np.ones(batch.count, np.uint32)
    return int(counts[np.isin(paths, ours)].sum(dtype=np.int64))


def disk_bytes(pipeline: Pipeline) -> int:
    """Return the bytes that the embedded broker keeps of the topic."""
    logs = pipeline.settings.home.glob(f"kafka/**/{SYSCALLS.name}-*/*.log")
    return sum(path.stat().st_size for path in logs)
