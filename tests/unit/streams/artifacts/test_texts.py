"""Durations, rates, places and names of artifacts, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.artifacts.durations import LONGEST, duration, parse_duration
from streams.artifacts.manifests import rate, rate_of
from streams.artifacts.naming import is_digest
from streams.artifacts.places import mark_of, parted, untagged

DIGEST = f"sha256:{'a' * 64}"


@given(st.integers(0, LONGEST))
def test_a_duration_is_read_as_it_is_written(seconds: int) -> None:
    assert parse_duration(duration(seconds)) == seconds


@given(st.text())
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        assert 0 <= parse_duration(text) <= LONGEST
    except ValueError:
        return


@pytest.mark.parametrize(("text", "seconds"), [("1h", 3600), ("90s", 90), ("1h30m", 5400), ("7d", 604_800), ("", 0)])
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["1", "h", "-1h", "1h 30m", "1m1h", "1.5h", "11y", "999999999d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"no duration|ten years"):
        parse_duration(text)


@given(st.integers(0, 1 << 40))
def test_a_rate_is_read_as_it_is_written(count: int) -> None:
    assert rate_of(rate(count)) == count
    assert rate_of(f"{rate(count)}/s" if count else "") == count


@pytest.mark.parametrize(
    ("text", "place", "mark"),
    [
        ("r.test/a/b:v1", "r.test/a/b", "v1"),
        ("r.test:5000/a/b", "r.test:5000/a/b", ""),
        ("r.test:5000/a:v1", "r.test:5000/a", "v1"),
        (f"r.test/a@{DIGEST}", "r.test/a", DIGEST),
        (f"r.test/a:v1@{DIGEST}", "r.test/a", DIGEST),
        ("oci-layout:/srv/x:v1", "oci-layout:/srv/x", "v1"),
        ("oci-layout:/srv/x", "oci-layout:/srv/x", ""),
        ("oci-layout:/srv:1/x", "oci-layout:/srv:1/x", ""),
        ("a", "a", ""),
    ],
)
def test_references(text: str, place: str, mark: str) -> None:
    assert (untagged(text), mark_of(text)) == (place, mark)


def test_places() -> None:
    assert parted("r.test:5000/a/b") == ("r.test:5000", "a/b")
    assert parted("oci-layout:/srv/x") == ("oci-layout:/srv/x", "")


@given(st.text())
def test_any_text_has_parts(text: str) -> None:
    assert text.startswith(untagged(text))
    mark_of(text)
    parted(text)


def test_names_of_artifacts() -> None:
    assert is_digest(DIGEST)
    assert not is_digest(DIGEST[:-1])
    assert not is_digest(DIGEST.upper())
    assert not is_digest(f"{DIGEST}\n")
