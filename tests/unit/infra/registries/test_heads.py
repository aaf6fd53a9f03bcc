import http.client
from io import BytesIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from infra.registries.errors import MalformedReplyError
from infra.registries.heads import Head, framing, parse_head

NAMES = st.text(st.sampled_from("abcdefXYZ-_019!"), min_size=1, max_size=10)
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f\x85\xa0"), max_size=20)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=8)


class Socket:
    """What http.client reads a reply from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _: str) -> BytesIO:
        return BytesIO(self._data)


def by_standard_library(data: bytes) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(Socket(data))  # type: ignore[arg-type]
    response.begin()
    return response


@given(st.integers(200, 599), FIELDS)
def test_heads_are_read_as_the_standard_library_reads_them(status: int, fields: list[tuple[str, str]]) -> None:
    lines = [f"HTTP/1.1 {status} Fine", *(f"{name}: {value}" for name, value in fields)]
    data = "\r\n".join(lines).encode("latin-1")
    assume(not {name.lower() for name, _ in fields} & {"content-length", "transfer-encoding"})
    theirs = by_standard_library(data + b"\r\n\r\n")
    ours = parse_head(data)
    assert (ours.status, ours.reason) == (theirs.status, theirs.reason)
    for name, _ in fields:
        assert ours.get(name.lower()) == theirs.getheader(name)


@given(st.binary(max_size=200))
def test_anything_is_a_head_or_an_error(data: bytes) -> None:
    for text in (data, b"HTTP/1.1 200 OK\r\n" + data):
        try:
            head = parse_head(text)
            framing(head, "GET")
        except MalformedReplyError:
            continue
        assert 100 <= head.status < 600


@pytest.mark.parametrize(
    ("method", "status", "fields", "length"),
    [
        ("HEAD", 200, "Content-Length: 5", 0),
        ("GET", 204, "Content-Length: 5", 0),
        ("GET", 304, "", 0),
        ("GET", 200, "Content-Length: 5", 5),
        ("GET", 200, "Content-Length: 5\r\nContent-Length: 5", 5),
        ("GET", 200, "", None),
        ("GET", 200, "Content-Length: 5\r\nTransfer-Encoding: chunked", None),
    ],
)
def test_the_end_of_a_body_is_known(method: str, status: int, fields: str, length: int | None) -> None:
    head = parse_head(f"HTTP/1.1 {status} OK\r\n{fields}".rstrip().encode())
    assert framing(head, method).length == length


@pytest.mark.parametrize("value", ["-1", "5, 6", "x", "", "٣", "9" * 30, "+5", "0x5"])
def test_a_length_that_is_none_is_an_error(value: str) -> None:
    with pytest.raises(MalformedReplyError):
        framing(Head(200, "", (), {"content-length": value}, True), "GET")


def test_a_connection_is_kept_unless_it_is_said_otherwise() -> None:
    assert parse_head(b"HTTP/1.1 200 OK").persistent
    assert not parse_head(b"HTTP/1.1 200 OK\r\nConnection: x, Close").persistent
    assert not parse_head(b"HTTP/1.0 200 OK").persistent
    assert parse_head(b"HTTP/1.0 200 OK\r\nConnection: keep-alive").persistent


def test_a_folded_field_is_one_line() -> None:
    assert parse_head(b"HTTP/1.1 200 OK\r\nLink: <a>;\r\n\t rel=next").get("link") == "<a>; rel=next"
