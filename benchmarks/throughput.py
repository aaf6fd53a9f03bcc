"""A storm of opens through the whole pipeline: what was made, read, dropped and judged, and what it cost."""

import time
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from benchmarks import storm
from tests.pipelines import Pipeline
from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.topics import SYSCALLS
from schemas.types.syscalls import SyscallBatch
from streams.app import APP_ID

JUDGED_WITHIN = 60.0


class Passage(NamedTuple):
    """How a storm passed through the pipeline."""

    asked: int
    made: storm.Storm
    published: int
    dropped: int
    wire_bytes: int
    behind: float
    cpu: dict[str, float]
    memory: dict[str, int]


def measure(pipeline: Pipeline, program: Path, files: list[Path], *, rate: int, seconds: float) -> Passage:
    """Let a storm blow and return how it passed; `behind`: seconds after its end until all of it was judged."""
    before, offsets = pipeline.processes(), ends(pipeline)
    dropped = drops(pipeline, offsets)
    made = storm.finish(storm.start(program, seconds=seconds, rate=rate, files=files))
    over = time.monotonic()
    while not judged(pipeline):
        if time.monotonic() - over > JUDGED_WITHIN:
            raise SystemExit(f"the storm of {made.opens} opens was not judged within {JUDGED_WITHIN} s")
        time.sleep(0.05)
    behind = time.monotonic() - over
    after = pipeline.processes()
    published, dropped_after, size = contents(pipeline, offsets)
    return Passage(
        asked=rate,
        made=made,
        published=published,
        dropped=dropped_after - dropped,
        wire_bytes=size,
        behind=behind,
        cpu={name: p["cpu_seconds"] - before[name]["cpu_seconds"] for name, p in after.items()},
        memory={name: p["memory_bytes"] for name, p in after.items()},
    )
