"""The file that an event is about, as fields look at it."""

from enum import IntEnum
from typing import Final, NamedTuple

from streams.detection.lazily import lazy
from streams.detection.paths import absolute, last_name, parent


class Kind(IntEnum):
    """What became of an open, as far as its arguments tell."""

    FAILED = 0
    FILE = 1
    DIRECTORY = 2


TYPES: Final = {Kind.FAILED: None, Kind.FILE: "file", Kind.DIRECTORY: "directory"}


class FileKey(NamedTuple):
    """All that a file's fields are made of."""

    path: str | None
    directory: str | None
    kind: Kind


class File:
    """A path argument, with the directory that it is relative to, and whether it could be opened."""

    def __init__(self, key: FileKey) -> None:
        self.key = key

    @lazy
    def name(self) -> str | None:
        """Return the path made absolute and normalised."""
        return None if self.key.path is None else absolute(self.key.path, self.key.directory)

    @lazy
    def directory(self) -> str | None:
        """Return the directory of the file; of an opened directory itself."""
        if self.name is None or self.key.kind is Kind.DIRECTORY:
            return self.name
        return parent(self.name)

    @lazy
    def filename(self) -> str | None:
        """Return the last name of an opened file."""
        return None if self.name is None or self.key.kind is not Kind.FILE else last_name(self.name)

    @property
    def type(self) -> str | None:
        """Return `file` or `directory`; None if it could not be opened."""
        return TYPES[self.key.kind]

    @property
    def typechar(self) -> str:
        """Return `f` for a file or a failed open, `d` for a directory."""
        return "d" if self.key.kind is Kind.DIRECTORY else "f"
