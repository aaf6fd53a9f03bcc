"""The pauses before a process is started again."""

from hypothesis import given
from hypothesis import strategies as st

from infra.supervisor.backoff import (
    FIRST_SECONDS,
    JITTER,
    LONGEST_SECONDS,
    STEADY_SECONDS,
    failures_after,
    pause,
)

deaths = st.integers(1, 10_000)
chances = st.floats(0, 1, exclude_max=True)


def test_the_schedule_without_chance() -> None:
    assert [pause(n, 0.0) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@given(deaths, chances)
def test_a_pause_is_bounded(failures: int, chance: float) -> None:
    assert FIRST_SECONDS * (1 - JITTER) <= pause(failures, chance) <= LONGEST_SECONDS


@given(deaths, chances)
def test_more_deaths_never_shorten_the_pause(failures: int, chance: float) -> None:
    assert pause(failures + 1, chance) >= pause(failures, chance)


@given(deaths, chances, chances)
def test_chance_spreads_but_a_little(failures: int, one: float, other: float) -> None:
    assert abs(pause(failures, one) - pause(failures, other)) <= JITTER * pause(failures, 0.0)


@given(st.integers(0, 10_000), st.floats(0, 1e6))
def test_a_long_life_forgives(failures: int, lived: float) -> None:
    assert failures_after(failures, lived) == (1 if lived >= STEADY_SECONDS else failures + 1)
