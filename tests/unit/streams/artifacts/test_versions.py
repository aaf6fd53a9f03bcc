"""Semantic versions and ranges: what the specifications say of them, and what holds of all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.artifacts.versions import Version, parse_range, parse_version

numbers = st.tuples(*[st.integers(0, 12)] * 3)
suffixes = st.sampled_from(["", "alpha", "alpha.1", "beta", "beta.2", "beta.11", "rc.1"])
versions = st.builds(Version, numbers, suffixes)


def shown(version: Version) -> str:
    return ".".join(map(str, version.numbers)) + (f"-{version.suffix}" if version.suffix else "")


def has(text: str, version: str) -> bool:
    parsed = parse_version(version)
    assert parsed
    return parse_range(text).has(parsed)


def test_versions_have_the_order_of_the_specification() -> None:
    texts = (
        "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 2.0.0 2.1.0"
    )
    found = [parse_version(text) for text in texts.split()]
    orders = [one.order for one in found if one]
    assert orders == sorted(orders)
    assert len(orders) == 10


@pytest.mark.parametrize("text", ["", "1", "1.2", "01.2.3", "1.2.3-", "1.2.3.4", "latest", "1.2.3-a..b", "v", "٣.1.1"])
def test_what_is_no_version(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=1.2 <2", "1.2.0 1.9.9", "1.1.9 2.0.0 2.0.0-rc.1"),
        ("^1.4", "1.4.0 1.9.0", "1.3.9 2.0.0"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"),
        ("^0.0.3", "0.0.3", "0.0.4 0.1.0"),
        ("^0.0", "0.0.0 0.0.9", "0.1.0"),
        ("~1.4.2", "1.4.2 1.4.9", "1.5.0 1.4.1"),
        ("~1", "1.0.0 1.9.9", "2.0.0"),
        ("1.x", "1.0.0 1.99.0", "2.0.0 0.9.9"),
        ("1", "1.0.0", "2.0.0"),
        ("*", "0.0.0 9.9.9", "1.0.0-rc.1"),
        ("1.2 || 3", "1.2.7 3.4.5", "1.3.0 2.0.0"),
        (">1.2", "1.3.0 2.0.0", "1.2.9 1.2.0"),
        ("<=1.2", "1.2.9 0.1.0", "1.3.0"),
        ("=1.2.3", "1.2.3 v1.2.3+build", "1.2.4"),
        (">=1.0.0-rc.1", "1.0.0-rc.2 1.0.0 1.1.0", "1.0.0-beta 1.1.0-rc.1"),
        (">=1.2,<1.4", "1.3.0", "1.4.0"),
    ],
)
def test_ranges(text: str, inside: str, outside: str) -> None:
    assert [version for version in inside.split() if not has(text, version)] == []
    assert [version for version in outside.split() if has(text, version)] == []


@pytest.mark.parametrize("text", ["", "||", "a", ">", "1.2.3.4", ">=1.2 ||", "^^1", "=> 1"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match="no range"):
        parse_range(text)


@given(st.text())
def test_any_text_is_a_range_or_refused(text: str) -> None:
    parse_version(text)
    try:
        found = parse_range(text)
    except ValueError:
        return
    found.has(Version((1, 2, 3)))


@given(versions, versions)
def test_comparators_are_the_order(one: Version, other: Version) -> None:
    if one.suffix == "" == other.suffix:
        text = shown(other)
        assert has(f">={text}", shown(one)) == (one.order >= other.order)
        assert has(f"<{text}", shown(one)) == (one.order < other.order)
    assert has(f"={shown(one)}", shown(one))


@given(versions)
def test_caret_and_tilde_have_what_they_name(version: Version) -> None:
    text = shown(version)
    assert has(f"^{text}", text)
    assert has(f"~{text}", text)
