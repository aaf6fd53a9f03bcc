"""How long from the system call to the alert that can be read on Kafka."""

import os
import statistics
import threading
import time
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.topics import ALERTS
from schemas.types.alerts import Alert
from tests.pipelines import Pipeline

SECRET = Path("/etc/shadow")
PAUSE = 0.113
"""Seconds between reads: no multiple of the batch age, so that reads fall anywhere in a batch."""


def measure(pipeline: Pipeline, times: int) -> list[float]:
    """Read a sensitive file so many times; return the milliseconds until each alert was read, in no order."""
    codec = Codec(HttpRegistry(pipeline.settings.registry))
    arrived: list[float] = []
    ready, done = threading.Event(), threading.Event()

    def consume() -> None:
        consumer = Consumer(
            {"bootstrap.servers": pipeline.settings.kafka, "group.id": "bench-latency", "fetch.wait.max.ms": 5}
        )
        partitions = [TopicPartition(ALERTS.name, number) for number in range(ALERTS.partitions)]
        for partition in partitions:
            partition.offset = consumer.get_watermark_offsets(partition, timeout=10)[1]
        consumer.assign(partitions)
        ready.set()
        while len(arrived) < times and not done.is_set():
            message = consumer.poll(0.1)
            if message is None or message.error():
                continue
            now = time.time_ns()
            alert = codec.decode(message.value())
            if isinstance(alert, Alert) and alert.fields.get("proc.pid") in (None, os.getpid()):
                arrived.append((now - alert.time) / 1e6)
        consumer.close()

    reader = threading.Thread(target=consume)
    reader.start()
    ready.wait(30)
    for _ in range(times):
        SECRET.read_bytes()
        time.sleep(PAUSE)
    reader.join(15)
    done.set()
    reader.join()
    if len(arrived) < times:
        raise SystemExit(f"{times} sensitive reads gave {len(arrived)} alerts")
    return arrived


def percentiles(values: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]
