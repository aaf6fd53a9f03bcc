"""`make bench`: the figures of the whole pipeline on this machine, in one table."""

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import detection, latency, storm, throughput
from tests.pipelines import Pipeline, pipeline

RATES = (50_000, 200_000, 400_000, 0)
SECONDS = 5.0
LATENCIES = 200
FILES = 256

Row = tuple[str, str, str]
"""What was measured, the figure, the aim or the floor."""


def main() -> int:
    """Measure everything and print the table; takes about three minutes."""
    if os.geteuid():
        sys.exit("The benchmarks load eBPF programs, which takes root; run: sudo make bench")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="deedlog-bench-") as folder:
        place = Path(folder)
        program, files = storm.build(place), storm.files(place, FILES)
        rows += quiet(program, files)
        with pipeline(place / "home", "bench") as running:
            rows += starts(running)
            rows += latencies(running)
            rows += [row for rate in RATES for row in passage(running, program, files, rate)]
            rows += memory(running)
    rows += detection.rows()
    show(rows)
    return 0


def quiet(program: Path, files: list[Path]) -> list[Row]:
    """The storm where nothing watches: what the slow-down is measured against."""
    global bare
    bare = median_storm(program, files)
    return [("open+close, nothing attached", f"{bare:.0f} ns", "floor")]


def median_storm(program: Path, files: list[Path], times: int = 3) -> float:
    """Return the median CPU nanoseconds of an open and a close at full speed."""
    storms = [storm.finish(storm.start(program, seconds=2, rate=0, files=files)) for _ in range(times)]
    return statistics.median(s.ns_per_open for s in storms)


def starts(running: Pipeline) -> list[Row]:
    """The first start, which makes everything, and warm ones."""
    first = running.up()
    warm = []
    for _ in range(3):
        running.run("down")
        warm.append(running.up())
    return [
        ("start of a new pipeline", f"{first:.1f} s", ""),
        ("start, warm", f"{statistics.median(warm):.1f} s ({min(warm):.1f}-{max(warm):.1f})", "aim: 10 s"),
    ]
