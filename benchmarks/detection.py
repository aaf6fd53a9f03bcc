"""How fast the judge is, alone: batches that are decoded, in this process, one core."""

import random
import statistics
import time

from schemas.types.syscalls import SyscallBatch
from streams.detection.judge import Judge
from streams.detection.loading import load_rules
from tests.synthetic import Call, Proc, batch_of

Row = tuple[str, str, str]

READ_ONLY = 0o2000000
RUNS = 12
SIZES = ((20, 10), (1_000, 100), (10_000, 100), (10_000, 1_000))
FRESH = 10_000
FALCO = "Falco 0.44.1 with 25 rules, replay: 0.5 M/s"


def rows() -> list[Row]:
    """Measure opens that no rule matches: batches of known paths, and one of paths never seen before."""
    processes = [
        Proc(
            pid=number, name=b"program%d" % (number % 40), exepath=b"/usr/bin/program", parent=Proc(pid=1, name=b"init")
        )
        for number in range(2, 300)
    ]
    return [
        ("built-in rules, loading", f"{_loading() * 1e3:.0f} ms", ""),
        *(_known(processes, events, paths) for events, paths in SIZES),
        _fresh(processes),
    ]


def _loading() -> float:
    before = time.perf_counter()
    load_rules([], builtin=True)
    return time.perf_counter() - before


def _known(processes: list[Proc], events: int, paths: int) -> Row:
    batch = _batch(processes, events, paths)
    seconds = _median([batch] * RUNS, Judge(load_rules([], builtin=True)))
    aim = "aim: 1 M/s; " + FALCO if events == FRESH else "aim: well under 1 ms" if events < 100 else ""
    return (f"judge {events:,} opens of {paths:,} paths", _figure(seconds, events), aim)


def _fresh(processes: list[Proc]) -> Row:
    batches = [_batch(processes, FRESH, FRESH, b"%d" % number) for number in range(4)]
    seconds = _median(batches, Judge(load_rules([], builtin=True)))
    return (f"judge {FRESH:,} opens, every path new", _figure(seconds, FRESH), "")


def _batch(processes: list[Proc], events: int, paths: int, mark: bytes = b"") -> SyscallBatch:
    chance = random.Random(events * paths)
    names = [b"/usr/lib/x86_64-linux-gnu/%d/%slib%d.so" % (number % 50, mark, number) for number in range(paths)]
    names += [chance.choice(names) for _ in range(events - paths)]
    chance.shuffle(names)
    return batch_of(
        *(
            Call(number=number, process=chance.choice(processes), path=name, flags=READ_ONLY)
            for number, name in enumerate(names, 1)
        )
    )


def _median(batches: list[SyscallBatch], judge: Judge) -> float:
    judge.judge(batches[0])
    times = []
    for batch in batches[1:]:
        before = time.perf_counter()
        judge.judge(batch)
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def _figure(seconds: float, events: int) -> str:
    return f"{seconds * 1e3:.2f} ms, {events / seconds / 1e6:.2f} M events/s"
