"""Quoted strings of conditions: their escapes, read and written (libsinsp/filter/escaping.cpp)."""

import re
from typing import Final

SIMPLE: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\\": "\\", "/": "/", " ": "\\"}
"""What stands after a backslash, and what it means; backslash and space is a backslash, as Falco has it."""
ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
BARE: Final = re.compile(r"""[^()"'\s=,]+""")
WRITTEN: Final = {"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\", '"': r"\""}


class EscapeError(ValueError):
    """A quoted string has an escape that means nothing; `at` counts from the opening quote."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def unquoted(text: str) -> str:
    """Return what a quoted string stands for; raise EscapeError for an unknown escape.

    A byte given as `\\xNN` from 80 on becomes the surrogate by which undecodable bytes are kept.
    """

    def meaning(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) == 3:
            return bytes.fromhex(escape[1:]).decode("utf-8", "surrogateescape")
        if escape == text[0]:
            return escape
        if escape not in SIMPLE:
            raise EscapeError(f"\\{escape} is no escape", match.start())
        return SIMPLE[escape]

    return _joined(ESCAPE.sub(meaning, text[1:-1]))


def item(text: str) -> str:
    """Return the value of a list item, which may be quoted once more inside YAML's own quotes."""
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return unquoted(text)
    return text


def quoted(value: str) -> str:
    """Return the value as a quoted string that reads back as the same."""
    return '"' + "".join(WRITTEN.get(char) or _byte(char) for char in value) + '"'


def word(value: str) -> str:
    """Return the value bare where it may be, else quoted."""
    return value if BARE.fullmatch(value) and not _has_bytes(value) else quoted(value)


def _has_bytes(value: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in value)


def _byte(char: str) -> str:
    return f"\\x{ord(char) - 0xDC00:02x}" if "\udc80" <= char <= "\udcff" else char


def _joined(value: str) -> str:
    """Return the value with escaped bytes that make up characters as those characters."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
