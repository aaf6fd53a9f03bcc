"""Which tags a mirror is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.types.mirrors import MirrorSpec
from streams.artifacts.versions import parse_range, parse_version
from streams.mirrors.choosing import chosen

TAGS = ["1.0.0", "1.1.0", "1.2.0-rc.1", "2.0.0", "latest", "edge", "v1.3.0"]
tags = st.lists(
    st.sampled_from([*TAGS, "1.10.0", "a", "b-1"]) | st.from_regex(r"\A[a-z0-9][a-z0-9.-]{0,8}\Z"), unique=True
)


def spec(**said: object) -> MirrorSpec:
    return MirrorSpec(source="a/b", destination="c/d", **said)  # type: ignore[arg-type]


def test_filters() -> None:
    assert set(chosen(spec(), TAGS)) == set(TAGS)
    assert chosen(spec(tags=("1.*", "latest")), TAGS) == ["1.2.0-rc.1", "1.1.0", "1.0.0", "latest"]
    assert chosen(spec(regex=r"v?\d+\.\d+\.\d+"), TAGS) == ["2.0.0", "v1.3.0", "1.1.0", "1.0.0"]
    assert chosen(spec(semver="^1.0"), TAGS) == ["v1.3.0", "1.1.0", "1.0.0"]
    assert chosen(spec(newest=2), TAGS) == ["2.0.0", "v1.3.0"]
    assert chosen(spec(tags=("1.*",), semver=">=1.1", newest=1), TAGS) == ["1.1.0"]


@pytest.mark.parametrize("said", [{"regex": "("}, {"semver": "new"}, {"regex": "(?=a)"}])
def test_filters_that_make_no_sense_are_refused(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is no"):
        chosen(spec(**said), TAGS)


@given(tags, st.integers(-1, 5), st.sampled_from(["", "^1", ">=1.5"]), st.sampled_from([(), ("1*",), ("*-*", "a")]))
def test_what_is_chosen_is_some_of_what_there_is(
    found: list[str], newest: int, semver: str, patterns: tuple[str, ...]
) -> None:
    said = spec(newest=newest, semver=semver, tags=patterns)
    got = chosen(said, found)
    assert set(got) <= set(found)
    assert len(got) == len(set(got))
    assert newest <= 0 or len(got) <= newest
    assert chosen(said, reversed(found)) == got
    if semver:
        wanted = parse_range(semver)
        assert all((version := parse_version(tag)) and wanted.has(version) for tag in got)
