"""`make bench`: the figures of the whole pipeline on this machine, in one table."""

import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import artifacts, copying, detection, latency, lifecycles, rules, storm, throughput, volumes
from tests.pipelines import Pipeline, pipeline

RATES = (50_000, 200_000, 400_000, 0)
SECONDS = 5.0
LATENCIES = 200
LATENCY_RATES = (0, 1_000, 50_000, 200_000)
FILES = 256
RUNS = 3

Row = tuple[str, str, str]
"""What was measured, the figure, the aim or the floor."""


def main() -> int:
    """Measure everything and print the table; takes about ten minutes."""
    if os.geteuid():
        sys.exit("The benchmarks load eBPF programs, which takes root; run: sudo make bench")
    loads = [os.getloadavg()]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="deedlog-bench-") as folder:
        place = Path(folder)
        program, files, deep = storm.build(place), storm.files(place, FILES), storm.deep_file(place)
        bare = ns_per_open(program, files)
        with pipeline(place / "home", "bench", rules=tuple(map(str, detection.FALCO_RULES))) as running:
            rows += starts(running)
            for rate in LATENCY_RATES:
                rows += latencies(running, program, files, rate)
            rows += slow_down(bare, ns_per_open(program, files))
            for rate in RATES:
                rows += passage(running, program, files, rate, f"of {FILES} files")
            for rate in RATES:
                rows += passage(running, program, deep, rate, "each by a new name")
            rows += memory(running)
    rows += detection.rows() + rules.rows() + copying.rows() + volumes.rows() + lifecycles.rows() + artifacts.rows()
    loads.append(os.getloadavg())
    show(rows, loads)
    return 0


def ns_per_open(program: Path, files: list[Path]) -> list[float]:
    """Return what an open and a close cost at full speed, CPU nanoseconds, several times."""
    storms = [storm.finish(storm.start(program, seconds=2, rate=0, files=files)) for _ in range(RUNS)]
    return [s.ns_per_open for s in storms]


def starts(running: Pipeline) -> list[Row]:
    """The first start, which makes everything, and warm ones."""
    first, warm = running.up(), []
    for _ in range(RUNS):
        running.run("down")
        warm.append(running.up())
    return [("start, the first", f"{first:.1f} s", ""), ("start, warm", spread(warm, "s", 1), "aim: 10 s")]


def latencies(running: Pipeline, program: Path, files: list[Path], rate: int) -> list[Row]:
    """From the system call to the alert read from Kafka, at rest or in a storm of so many opens a second."""
    seconds = LATENCIES * latency.PAUSE + 3
    blowing = storm.start(program, seconds=seconds, rate=rate, files=files) if rate else None
    median, worst = latency.percentiles(latency.measure(running, LATENCIES))
    if blowing:
        storm.finish(blowing)
    floor = f"aim: p50 100 ms; floor: half the batch age, {running.settings.batch_age_ms / 2:.0f} ms"
    name = f"system call to alert on Kafka, {f'{rate:,} opens/s' if rate else 'at rest'}"
    return [(name, f"p50 {median:.0f} ms, p99 {worst:.0f} ms", floor)]


def slow_down(bare: list[float], watched: list[float]) -> list[Row]:
    """What the probes cost those who are watched."""
    ratio = statistics.median(watched) / statistics.median(bare)
    return [
        ("open+close, nothing attached", spread(bare, "ns", 0), "floor"),
        ("open+close, watched", spread(watched, "ns", 0), f"x{ratio:.2f}; Falco 0.44.1: x2.0"),
    ]


def passage(running: Pipeline, program: Path, files: list[Path], rate: int, of: str) -> list[Row]:
    """A storm on one core through the pipeline on both."""
    p = throughput.measure(running, program, files, rate=rate, seconds=SECONDS)
    name = f"storm of {rate:,} opens/s, {of}" if rate else f"storm at full speed, {of}"
    cpu = sum(p.cpu.values()) / max(p.events, 1) * 1e6
    share = ", ".join(f"{process} {seconds / p.made.seconds:.0%}" for process, seconds in p.cpu.items())
    made = f"{p.made.opens / p.made.seconds:,.0f}/s made"
    lost = p.made.opens - p.published
    return [
        (name, f"{made}, {lost:,} missing, {p.dropped:,} dropped", "aim: 200,000/s, none dropped"),
        ("  judged after its end", f"{p.behind:.1f} s", "offsets are committed once a second"),
        ("  cost", f"{cpu:.2f} us CPU and {p.bytes_on_disk / max(p.events, 1):.1f} bytes on disk per event", ""),
        ("  cores", share, ""),
    ]


def memory(running: Pipeline) -> list[Row]:
    """What each process holds after the storms."""
    return [
        (f"memory of {name}", f"{process['memory_bytes'] / (1 << 20):.0f} MiB", "")
        for name, process in running.processes().items()
    ]


def spread(values: list[float], unit: str, digits: int) -> str:
    """Return the median and the range."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} {unit} ({low:.{digits}f}-{high:.{digits}f})"


def show(rows: list[Row], loads: list[tuple[float, float, float]]) -> None:
    """Print the table and what it was measured on."""
    table = Table("measured", "figure", "aim or floor")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 150).print(table)
    print(f"{time.strftime('%Y-%m-%d')}, Linux {platform.release()}, {os.cpu_count()} cores,", end=" ")
    print(f"load average before {loads[0][0]:.1f}, after {loads[1][0]:.1f} (the storms' own included)")


if __name__ == "__main__":
    sys.exit(main())
