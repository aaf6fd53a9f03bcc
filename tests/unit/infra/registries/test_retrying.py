from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.registries.retrying import MOST_ASKED_SECONDS, MOST_SECONDS, parse_retry_after, pause


@given(st.text(max_size=40))
def test_anything_is_seconds_or_nothing(text: str) -> None:
    seconds = parse_retry_after(text, 1e9)
    assert seconds is None or seconds >= 0
    assert 0 <= pause(0, text, 1e9) <= MOST_ASKED_SECONDS


@given(st.integers(0, 10**7), st.integers(10**9, 2 * 10**9))
def test_numbers_and_dates_mean_seconds(seconds: int, now: int) -> None:
    assert parse_retry_after(f" {seconds} ", now) == seconds
    assert parse_retry_after(formatdate(now + seconds, usegmt=True), now) == seconds


def test_a_date_that_has_passed_means_at_once() -> None:
    assert parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 1e9) == 0


@given(st.integers(0, 1000), st.floats(0, 1))
def test_pauses_grow_and_have_an_end(attempt: int, chance: float) -> None:
    assert pause(attempt, "", chance=chance) <= MOST_SECONDS * 1.5
    assert pause(attempt, "", chance=0) <= pause(attempt + 1, "", chance=0)


@pytest.mark.parametrize("asked", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_nobody_waits_for_hours(asked: str) -> None:
    assert pause(0, asked, now=1e9) == MOST_ASKED_SECONDS
