"""The head of an HTTP/1.1 reply: from bytes to status and fields.

Source: RFC 9112 sections 4, 5 and 6.3. The standard library's parser takes 24 ms to import and three times as long
for each reply, and small blobs are mostly heads; the tests compare the two.
"""

import re
from typing import Final

import msgspec

from infra.registries.errors import MalformedReplyError

END: Final = b"\r\n\r\n"
MOST_HEAD: Final = 64 << 10
"""Bytes."""
STATUS_LINE: Final = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: (.*))?")
NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
BLANK: Final = " \t"
LENGTH: Final = re.compile("[0-9]{1,18}")
NO_BODY: Final = frozenset({204, 304})


class Head(msgspec.Struct, frozen=True):
    """Status and fields of a reply."""

    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    """As they came."""
    values: dict[str, str]
    """By name in lower case; several of one name are joined with commas, as RFC 9110 section 5.3 has it."""
    persistent: bool
    """Whether the connection may be used again."""

    def get(self, name: str) -> str:
        """Return a field by its name in lower case; empty if there is none."""
        return self.values.get(name, "")


class Framing(msgspec.Struct, frozen=True):
    """How the end of a body is told."""

    length: int | None
    """None: by the connection's end, or by chunks."""
    chunked: bool = False


def parse_head(data: bytes) -> Head:
    """Return what the bytes before the empty line say. Raises MalformedReplyError."""
    first, *lines = data.decode("latin-1").split("\r\n")
    match = STATUS_LINE.fullmatch(first)
    if match is None:
        raise MalformedReplyError(f"that is no reply of HTTP/1.1: {first[:80]!r}")
    fields = _parse_fields(lines)
    values: dict[str, str] = {}
    for name, value in fields:
        key = name.lower()
        values[key] = f"{values[key]}, {value}" if key in values else value
    return Head(int(match[2]), match[3] or "", tuple(fields), values, _is_persistent(match[1], values))


def _parse_fields(lines: list[str]) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip(BLANK)}")
            continue
        name, colon, value = line.partition(":")
        if not colon or not NAME.fullmatch(name):
            raise MalformedReplyError(f"that is no field of a reply: {line[:80]!r}")
        fields.append((name, value.strip(BLANK)))
    return fields


def _is_persistent(minor: str, values: dict[str, str]) -> bool:
    options = {option.strip() for option in values.get("connection", "").lower().split(",")}
    return "keep-alive" in options if minor == "0" else "close" not in options


def framing(head: Head, method: str) -> Framing:
    """Return how a body ends. Raises MalformedReplyError for lengths that are none.

    Source: RFC 9112 section 6.3.
    """
    if method == "HEAD" or head.status < 200 or head.status in NO_BODY:
        return Framing(0)
    if coding := head.get("transfer-encoding"):
        if coding.lower() != "chunked":
            raise MalformedReplyError(f"a body comes in a coding that is not known: {coding[:80]!r}")
        return Framing(None, chunked=True)
    if "content-length" not in head.values:
        return Framing(None)
    lengths = {length.strip() for length in head.get("content-length").split(",")}
    length = parse_length(lengths.pop())
    if lengths or length is None:
        raise MalformedReplyError("a body has a length that is none")
    return Framing(length)


def parse_length(text: str) -> int | None:
    """Return the number of bytes that a text says; None: it says none that there can be."""
    return int(text) if LENGTH.fullmatch(text) else None
