import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.lifecycles.sizes import exactly, parse_size, size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("4096", 4096),
        ("1Gi", 1 << 30),
        ("1GiB", 1 << 30),
        ("1 GiB", 1 << 30),
        ("10g", 10 << 30),
        ("1.5G", 3 << 29),
        ("512MiB", 512 << 20),
        ("64T", 1 << 46),
        ("0", 0),
        ("12B", 12),
    ],
)
def test_a_size_as_people_write_it(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "-1", "1.5", "0.1Ki", "8Ei", "Gi", "1 2", "1Xi", "1e3", "٣", "1GiBs", "9" * 20])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|whole number"):
        parse_size(text)


@given(st.integers(0, (1 << 63) - 1))
def test_an_exact_size_is_read_as_it_was_written(count: int) -> None:
    assert parse_size(exactly(count)) == count


@given(st.integers(0, (1 << 63) - 1))
def test_a_size_for_people_is_near_and_short(count: int) -> None:
    text = size(count)
    assert len(text) <= 9
    number, unit = text.split()
    assert float(number) < 1024
    if unit != "B":
        assert abs(parse_size(f"{max(int(float(number)) - 1, 1)}{unit}") - count) <= count * 0.7


@given(st.text())
def test_any_text_is_a_size_or_a_value_error(text: str) -> None:
    try:
        assert 0 <= parse_size(text) < 1 << 63
    except ValueError as error:
        assert repr(text) in str(error)
