"""The file that an event opened or is about, as fields look at it."""

from enum import IntEnum
from typing import Final

from streams.detection.paths import absolute, last_name, parent


class Kind(IntEnum):
    """What is behind a descriptor; FAILED is an open that failed."""

    FAILED = 0
    FILE = 1
    DIRECTORY = 2
    PIPE = 3
    MEMORY = 4
    FAULTS = 5
    UNKNOWN = 6


TYPES: Final = {
    Kind.FILE: "file",
    Kind.DIRECTORY: "directory",
    Kind.PIPE: "pipe",
    Kind.MEMORY: "memfd",
    Kind.FAULTS: "userfaultfd",
}
TYPECHARS: Final = {
    Kind.FAILED: "f",
    Kind.FILE: "f",
    Kind.DIRECTORY: "d",
    Kind.PIPE: "p",
    Kind.MEMORY: "m",
    Kind.FAULTS: "u",
}
PLACED: Final = (Kind.FAILED, Kind.FILE, Kind.DIRECTORY)
"""Kinds that are in a directory."""


class File:
    """A path argument, with the directory that it is relative to, and whether it could be opened.

    `nameraw` is the path as it was given; `name` is made absolute and normalised, of memory the name that it was given.
    """

    __slots__ = ("kind", "name", "nameraw")

    def __init__(self, path: str | None, directory: str | None, kind: Kind) -> None:
        self.kind = kind
        self.nameraw = path
        self.name = path if path is None or kind is Kind.MEMORY else absolute(path, directory)

    @property
    def directory(self) -> str | None:
        """Return the directory of the file; of an opened directory itself."""
        if self.name is None or self.kind is Kind.DIRECTORY:
            return self.name
        return parent(self.name) if self.kind in PLACED else None

    @property
    def filename(self) -> str | None:
        """Return the last name of an opened file."""
        return None if self.name is None or self.kind is not Kind.FILE else last_name(self.name)

    @property
    def type(self) -> str | None:
        """Return `file`, `directory`, `pipe` and so on; None if it could not be opened or is not known."""
        return TYPES.get(self.kind)

    @property
    def typechar(self) -> str | None:
        """Return `f` for a file or a failed open, `d` for a directory, and so on."""
        return TYPECHARS.get(self.kind)
