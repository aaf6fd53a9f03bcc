"""The automaton and the plans beside it judge real events by real rules alike, also when it is given up half-way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import stream
from probes.batch import Batcher
from probes.captures.reading import Capture
from schemas.types.syscalls import SyscallBatch
from streams.detection import stages
from streams.detection.judge import Judge
from streams.detection.loading import load_rules
from streams.detection.rules import RuleSet
from streams.detection.stages import FullError, Table

DATA = Path(__file__).parents[4] / "shared/data"
PLANS_ALONE = 2


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules(sorted((DATA / "falco-rules").glob("falco*.yaml"), reverse=True), builtin=False)


@pytest.fixture(scope="module")
def batches() -> list[SyscallBatch]:
    return [*captured(), *drawn()]


def captured() -> Iterator[SyscallBatch]:
    for name in ("event-generator", "curl_google", "single_ipv6_conn", "test_ipv6_client"):
        with (DATA / f"captures/{name}.scap").open("rb") as file:
            yield from Capture(file, session=name).batches()


def drawn() -> Iterator[SyscallBatch]:
    batcher = Batcher("node", "drawn", stream.table())
    for reading in stream.readings(3, 2_000):
        yield batcher.batch(reading, boot_offset_ns=0, dropped=0, ignored=0)


def test_rules_of_falco_mean_the_same_in_plans_and_automaton(rules: RuleSet, batches: list[SyscallBatch]) -> None:
    automaton, plans = Judge(rules), Judge(rules, max_states=PLANS_ALONE)
    found = [automaton.judge(batch) for batch in batches]
    assert len({alert.rule for alerts in found for alert in alerts}) > 5
    assert found == [plans.judge(batch) for batch in batches]


@pytest.mark.parametrize("max_states", [3, 8, 20])
def test_an_automaton_that_is_given_up_half_way_misses_nothing(
    rules: RuleSet, batches: list[SyscallBatch], max_states: int
) -> None:
    cramped, plans = Judge(rules, max_states=max_states), Judge(rules, max_states=PLANS_ALONE)
    assert [cramped.judge(batch) for batch in batches] == [plans.judge(batch) for batch in batches]


def test_a_table_grows_and_keeps_what_it_holds_up_to_its_limit() -> None:
    table = Table()
    table.put(3, 7, 42)
    table.reach(100, 1000)
    assert table.look_up(3, 7) == 42
    assert table.look_up(99, 999) == stages.UNKNOWN
    with pytest.raises(FullError):
        table.reach(1, stages.MAX_CELLS + 1)
