"""Warnings of registries, each told once.

Source: OCI distribution-spec 1.1, section Warnings: `299 - "text"`, at most 4096 bytes in all.
"""

import re
import threading
from collections.abc import Callable
from typing import Final

WARNING: Final = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')
ESCAPED: Final = re.compile(r"\\(.)")
MOST_LENGTH: Final = 4096


def parse_warnings(value: str) -> tuple[str, ...]:
    """Return the texts of a Warning field that are meant for people."""
    texts = (ESCAPED.sub(r"\1", text) for text in WARNING.findall(value[:MOST_LENGTH]))
    return tuple("".join(char if char.isprintable() else " " for char in text) for text in texts if text)


class Notices:
    """Passes on what was not passed on before."""

    def __init__(self, tell: Callable[[str], None] | None) -> None:
        self._tell = tell
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def take(self, value: str) -> None:
        """Take in the Warning field of a reply."""
        if self._tell is None:
            return
        for text in parse_warnings(value):
            with self._lock:
                new = text not in self._told
                self._told.add(text)
            if new:
                self._tell(text)
