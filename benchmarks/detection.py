"""How fast the judge is, alone: in this process, one core, always from empty tables."""

import gc
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks import falco, stream
from probes.batch import Batcher
from probes.captures.reading import Capture
from schemas.types.syscalls import SyscallBatch
from streams.detection.judge import Judge
from streams.detection.loading import load_rules
from streams.detection.rules import RuleSet

Row = tuple[str, str, str]

RUNS = 5
DATA = Path(__file__).resolve().parents[2] / "shared/data"
"""Falco's rules and a capture; without it the built-in rules and the drawn stream are what is measured."""
CAPTURE = DATA / "captures/storm.scap"
FALCO_RULES = [
    DATA / f"falco-rules/{name}"
    for name in ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")
]
RECORDS = 16_384
READINGS = 61
COSTLIEST = 5


def rows() -> list[Row]:
    """Measure loading, a recorded storm, a drawn stream, and what single rules cost."""
    rules = _rules(FALCO_RULES)
    name = f"{len(rules.rules)} rules"
    drawn, encoding = _encoded()
    return [
        (f"load {name}", _spread([_loading() * 1e3 for _ in range(RUNS)], "ms", 0), ""),
        *_storm(),
        _stream(f"stream, 1 call in 10 with a new path, {name}", drawn, rules, "aim: 1 M/s, encoding included"),
        _together(drawn, rules, encoding),
        *_costs(drawn, rules),
    ]


def _rules(files: Sequence[Path]) -> RuleSet:
    return load_rules(files, builtin=False) if DATA.exists() else load_rules([], builtin=True)


def _loading() -> float:
    before = time.process_time()
    _rules(FALCO_RULES)
    return time.process_time() - before


def _storm() -> list[Row]:
    """A recorded storm: what the rules look at is in batches, and all events that Falco reads count beside it."""
    if not CAPTURE.exists():
        return []
    with CAPTURE.open("rb") as file:
        capture = Capture(file, session="storm")
        batches = list(capture.batches())
    found = []
    for count, files in ((25, FALCO_RULES[:1]), (93, FALCO_RULES)):
        seconds = [_judged(batches, _rules(files)) for _ in range(RUNS)]
        figure = _spread([capture.decoded / one / 1e6 for one in seconds], "M events/s", 2)
        whole = capture.events / statistics.median(seconds) / 1e6
        aim = f"aim: 4 M/s; {whole:.1f} M/s of the {capture.events:,} in the file"
        found.append((f"recorded storm, {count} rules", figure, aim))
    return [*found, ("  the peer", falco.replay(CAPTURE, FALCO_RULES, capture.events), "it decodes the file as well")]


def _encoded() -> tuple[list[SyscallBatch], list[float]]:
    """Return the batches of the drawn stream, and the seconds that encoding them takes."""
    seconds = []
    for _ in range(RUNS):
        batcher, readings = Batcher("node", "stream", stream.table()), list(stream.readings(READINGS, RECORDS))
        gc.collect()
        before = time.process_time()
        batches = [batcher.batch(one, boot_offset_ns=0, dropped=0, ignored=0) for one in readings]
        seconds.append(time.process_time() - before)
    return batches, seconds


def _stream(name: str, batches: Sequence[SyscallBatch], rules: RuleSet, aim: str) -> Row:
    return (
        name,
        _spread([_events(batches) / _judged(batches, rules) / 1e6 for _ in range(RUNS)], "M events/s", 2),
        aim,
    )


def _together(batches: Sequence[SyscallBatch], rules: RuleSet, encoding: Sequence[float]) -> Row:
    figures = [_events(batches) / (one + _judged(batches, rules)) / 1e6 for one in encoding]
    return ("  from the kernel's records on", _spread(figures, "M events/s", 2), "batches made, and judged")


def _costs(batches: Sequence[SyscallBatch], rules: RuleSet) -> list[Row]:
    """What the rules cost: all together, and each left out in turn of all."""
    some = batches[: READINGS // 4]
    count = _events(some)
    bare = min(_judged(some, RuleSet()) for _ in range(RUNS))
    alone = {rule.name: min(_judged(some, RuleSet((rule,))) for _ in range(2)) - bare for rule in rules.rules}
    whole = statistics.median([_judged(some, rules) for _ in range(RUNS)]) - bare
    costs = sorted(alone.items(), key=lambda item: -item[1])
    named = "; ".join(f"{name} {seconds / count * 1e9:.0f} ns" for name, seconds in costs[:COSTLIEST])
    middle = statistics.median(alone.values()) / count * 1e9
    return [
        ("  cost of all rules", f"{whole / count * 1e9:.0f} ns per event", f"none: {bare / count * 1e9:.0f} ns"),
        ("  of one rule alone", f"{middle:.0f} ns per event (median)", f"together less than one by one: {named}"),
    ]


def _judged(batches: Iterable[SyscallBatch], rules: RuleSet) -> float:
    """Return the seconds of CPU that judging takes, from empty tables."""
    judge = Judge(rules)
    gc.collect()
    before = time.process_time()
    for batch in batches:
        judge.judge(batch)
    return time.process_time() - before


def _events(batches: Iterable[SyscallBatch]) -> int:
    return sum(batch.count for batch in batches)


def _spread(values: list[float], unit: str, digits: int) -> str:
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} {unit} ({low:.{digits}f}-{high:.{digits}f})"


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ")
