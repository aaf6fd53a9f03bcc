import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.errors import USAGE, CliError
from infra.cli.times import LATEST, UNITS, parse_duration, parse_point, point
from schemas.timestamps import format_rfc3339

NOW = 1_795_425_939_123_456_789
PARTS = st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4)


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    """A zone that is not UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@given(PARTS)
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{count}{unit}" for count, unit in parts)
    assert parse_duration(text) == sum(count * UNITS[unit] for count, unit in parts)


@given(st.integers(0, LATEST))
def test_a_time_with_an_offset_is_exact(time_ns: int) -> None:
    assert parse_point(format_rfc3339(time_ns), NOW) == time_ns


@given(st.datetimes(datetime(1971, 1, 1), datetime(2261, 1, 1)))
def test_a_time_without_an_offset_is_in_this_machines_zone(moment: datetime) -> None:
    expected = moment.astimezone(UTC).replace(microsecond=0).timestamp()
    assert parse_point(moment.isoformat(), NOW) == int(expected) * 10**9 + moment.microsecond * 1000


@given(st.text() | st.text("0123456789msdhw-:TZ+.", max_size=20))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    try:
        assert 0 <= parse_point(text, NOW) <= LATEST
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("now", NOW),
        ("10m", NOW - 600 * 10**9),
        ("1h30m", NOW - 5400 * 10**9),
        ("1500ms", NOW - 1_500_000_000),
        ("2w", NOW - 14 * 86_400 * 10**9),
        ("1970-01-01T00:00:01.000000001Z", 1_000_000_001),
        ("1970-01-01T02:00+01:00", 3600 * 10**9),
        ("2026-11-23", 1_795_388_400 * 10**9),
        ("2026-11-23T10:25", 1_795_425_900 * 10**9),
        ("2026-07-01 12:00:00", 1_782_900_000 * 10**9),
        ("20261123T092500Z", 1_795_425_900 * 10**9),
    ],
)
def test_examples(text: str, time_ns: int) -> None:
    assert parse_point(text, NOW) == time_ns


@pytest.mark.parametrize(
    "text", ["", "10", "m", "10 m", "-10m", "1.5h", "yesterday", "2026-13-01", "99999999w", "1969-12-31T23:59Z", "١٠m"]
)
def test_what_is_no_time_is_refused_in_words(text: str) -> None:
    with pytest.raises(CliError) as caught:
        point("--since", text, NOW)
    assert caught.value.exit_code == USAGE
    assert caught.value.what == f"--since {text} is no time"
    assert caught.value.fix == "--since 10m"
