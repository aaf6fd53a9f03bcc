import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidReferenceError, OciError
from infra.registries.paths import Paths
from infra.registries.requests import Request, parse_headers, written
from infra.registries.urls import Origin, Url, follow

ORIGIN = Origin("https", "localhost", 5000)
SPLIT = "sha256:x HTTP/1.1\r\nX-Evil: 1\r\n\r\nDELETE /v2/other/manifests/v1"


@pytest.mark.parametrize("digest", [SPLIT, "sha256:../../../other/blobs/x", "sha256:x?y", "sha256:x\n", "", "é:é"])
def test_a_digest_of_someone_else_leads_nowhere_else(digest: str) -> None:
    paths, one = Paths(ORIGIN, "team/app"), Descriptor("text/plain", digest, 1)
    for where in (paths.blob, paths.referrers, lambda one: paths.manifest(one.digest)):
        with pytest.raises(InvalidReferenceError):
            where(one)


@pytest.mark.parametrize(
    "request_",
    [
        Request("PUT", Url(ORIGIN, "/v2/"), {"Content-Type": "text/plain\r\nX-Evil: 1"}),
        Request("GET", Url(ORIGIN, "/v2/"), {"Accept": "a\nb"}),
        Request("GET", Url(ORIGIN, "/v2/"), {"Accept": "日本"}),
        Request("GET", Url(ORIGIN, "/v2/"), {"X\r\nY": "1"}),
        Request("GET", Url(ORIGIN, "/v2/ HTTP/1.1\r\nX-Evil: 1")),
    ],
    ids=["type", "line feed", "beyond latin-1", "name", "target"],
)
def test_what_would_be_more_than_one_request_is_not_sent(request_: Request) -> None:
    with pytest.raises(InvalidReferenceError) as caught:
        written(request_)
    assert "\n" not in str(caught.value)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3), st.text(max_size=20))
def test_a_head_has_as_many_lines_as_it_should_or_is_refused(headers: dict[str, str], target: str) -> None:
    try:
        head = written(Request("GET", Url(ORIGIN, f"/{target}"), headers))
    except OciError:
        return
    assert head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n") == len(headers) + 3


@given(st.text())
def test_a_location_never_ends_the_request_line(location: str) -> None:
    try:
        led = follow(Url(ORIGIN, "/v2/"), location)
    except ValueError:
        return
    assert written(Request("GET", led)).count(b"\r\n") == 3


@given(st.text())
def test_a_header_of_a_person_is_one_header_or_an_error(text: str) -> None:
    try:
        headers = parse_headers([text])
    except OciError:
        return
    assert written(Request("GET", Url(ORIGIN, "/"), headers)).count(b"\r\n") == 4


def test_a_header_that_is_refused_is_not_shown() -> None:
    with pytest.raises(InvalidReferenceError) as caught:
        parse_headers(["Authorization: Bearer s3cret\r\nX-Evil: 1"])
    assert "s3cret" not in str(caught.value)
