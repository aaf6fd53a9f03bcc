import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.oci.errors import InvalidReferenceError, OciError
from infra.oci.references import REGISTRY, REPOSITORY, TAG, parse_reference

DIGEST = "sha256:" + "a" * 64


@given(
    st.from_regex(REGISTRY, fullmatch=True),
    st.from_regex(REPOSITORY, fullmatch=True),
    st.one_of(st.just(""), st.just(DIGEST), st.from_regex(TAG, fullmatch=True)),
)
def test_what_is_written_is_read_again(registry: str, repository: str, reference: str) -> None:
    mark = "@" if ":" in reference else ":" if reference else ""
    parsed = parse_reference(f"{registry}/{repository}{mark}{reference}")
    assert (parsed.registry, parsed.repository, parsed.reference) == (registry, repository, reference)
    assert parse_reference(str(parsed)) == parsed


@given(st.text())
def test_whatever_is_given_is_a_reference_or_an_error_that_says_why(text: str) -> None:
    try:
        parsed = parse_reference(text)
    except OciError as error:
        assert str(error)
    else:
        assert parsed.registry
        assert parsed.repository


def test_with_a_tag_and_a_digest_the_digest_counts() -> None:
    assert parse_reference(f"localhost:5000/a/b:v1@{DIGEST}").reference == DIGEST


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "localhost:5000/",
        "localhost:5000/A",
        "r.io/a:",
        "r.io/a:-x",
        "r.io/a@sha256:12",
        "r.io/a//b",
        "r.io/../b",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidReferenceError):
        parse_reference(text)
