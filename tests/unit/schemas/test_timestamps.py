import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.timestamps import format_rfc3339, parse_rfc3339

YEAR_1, YEAR_10000 = -62_135_596_800, 253_402_300_800


@given(st.integers(YEAR_1 * 10**9, YEAR_10000 * 10**9 - 1))
def test_what_was_written_is_read(time_ns: int) -> None:
    assert parse_rfc3339(format_rfc3339(time_ns)) == time_ns


@given(st.integers(max_value=YEAR_1 * 10**9 - 1) | st.integers(YEAR_10000 * 10**9))
def test_other_years_are_refused(time_ns: int) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        format_rfc3339(time_ns)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_rfc3339(text)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01.5z", 1_500_000_000),
        ("1970-01-01 01:00:00.000000001+01:00", 1),
        ("1969-12-31T23:30:00-00:30", 0),
        ("1970-01-01T00:00:00.1234567899Z", 123_456_789),
        ("2026-11-23T09:25:39.123456789Z", 1_795_425_939_123_456_789),
    ],
)
def test_examples(text: str, time_ns: int) -> None:
    assert parse_rfc3339(text) == time_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T09:25:39",
        "2026-13-23T09:25:39Z",
        "2026-11-23T09:25:60Z",
        "2026-11-23T09:25:39+24:00",
        "2026-11-23T09:25:39+01:60",
        "२०२६-11-23T09:25:39Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rfc3339(text)
