"""The file that an event opened or is about, as fields look at it."""

from enum import IntEnum
from typing import Final, NamedTuple

from streams.detection.lazily import lazy
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


class FileKey(NamedTuple):
    """All that a file's fields are made of."""

    path: str | None
    directory: str | None
    kind: Kind


class File:
    """A path argument, with the directory that it is relative to, and whether it could be opened."""

    def __init__(self, key: FileKey) -> None:
        self.key = key

    @property
    def size(self) -> int:
        """Return how many characters it is made of."""
        return len(self.key.path or "") + len(self.key.directory or "")

    @property
    def nameraw(self) -> str | None:
        """Return the path as it was given."""
        return self.key.path

    @lazy
    def name(self) -> str | None:
        """Return the path made absolute and normalised; of memory the name that it was given."""
        if self.key.kind is Kind.MEMORY:
            return self.key.path
        return None if self.key.path is None else absolute(self.key.path, self.key.directory)

    @lazy
    def directory(self) -> str | None:
        """Return the directory of the file; of an opened directory itself."""
        if self.name is None or self.key.kind is Kind.DIRECTORY:
            return self.name
        return parent(self.name) if self.key.kind in PLACED else None

    @lazy
    def filename(self) -> str | None:
        """Return the last name of an opened file."""
        return None if self.name is None or self.key.kind is not Kind.FILE else last_name(self.name)

    @property
    def type(self) -> str | None:
        """Return `file`, `directory`, `pipe` and so on; None if it could not be opened or is not known."""
        return TYPES.get(self.key.kind)

    @property
    def typechar(self) -> str | None:
        """Return `f` for a file or a failed open, `d` for a directory, and so on."""
        return TYPECHARS.get(self.key.kind)
