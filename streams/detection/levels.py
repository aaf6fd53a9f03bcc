"""What the value of a field hangs on: a few columns of the event, or its process.

A field of a level is the same for all events whose level's columns are the same. So it is worked out, compared
and remembered once per distinct value of the level and not once per event.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from streams.detection.columns import Array, Columns
from streams.detection.files import File, FileKey, Kind
from streams.detection.linux import O_DIRECTORY
from streams.detection.processes import Process

Reader = Callable[[Any], Any]
"""Gives a field's value from what its level's `raw` gives."""


MAX_LENGTH: Final = 1024


class Level(Protocol):
    """How the events of one type fall into groups within which the level's fields are the same."""

    name: str
    cost: int
    """Levels are compared in this order: cheap ones that rule out most come first."""

    def keys(self, columns: Columns, events: Array) -> Array:
        """Return for each event, given as rows of one type, an int64: equal where the level's fields are."""

    def raw(self, columns: Columns, event: int) -> Any:
        """Return what the level's fields are read from."""

    def identity(self, raw: Any) -> Hashable | None:
        """Return what stands for the value between batches; None where the values of fields must."""

    def is_small(self, raw: Any) -> bool:
        """Say whether the value may be remembered; long ones are compared anew, so that memory is bounded."""


class Arguments(NamedTuple):
    """Numbers that a system call was given and gave back."""

    type: str
    flags: int | None
    mode: int | None


class _Type:
    name, cost = "type", 0

    def keys(self, columns: Columns, events: Array) -> Array:
        return columns.arrays["event_type"][events].astype(np.int64)

    def raw(self, columns: Columns, event: int) -> str:
        return columns.type_of(event)

    def identity(self, raw: str) -> Hashable:
        return raw

    def is_small(self, raw: str) -> bool:
        return len(raw) < MAX_LENGTH


class _Column:
    """One column of numbers; missing ones count as not known."""

    def __init__(self, name: str, column: str, cost: int) -> None:
        self.name, self.column, self.cost = name, column, cost

    def keys(self, columns: Columns, events: Array) -> Array:
        return columns.arrays[self.column][events].astype(np.int64)

    def raw(self, columns: Columns, event: int) -> int | None:
        return columns.number(self.column, event)

    def identity(self, raw: int) -> Hashable:
        return raw

    def is_small(self, raw: int) -> bool:  # noqa: ARG002
        return True


class _Arguments:
    name, cost = "arguments", 3

    def keys(self, columns: Columns, events: Array) -> Array:
        names = ("event_flags", "event_mode")
        return combined([columns.arrays[name][events] for name in names if name in columns.arrays], len(events))

    def raw(self, columns: Columns, event: int) -> Arguments:
        flags, mode = columns.number("event_flags", event), columns.number("event_mode", event)
        return Arguments(columns.type_of(event), flags, mode)

    def identity(self, raw: Arguments) -> Hashable:
        return raw

    def is_small(self, raw: Arguments) -> bool:  # noqa: ARG002
        return True


class _File:
    name, cost = "file", 4

    def keys(self, columns: Columns, events: Array) -> Array:
        arrays = columns.arrays
        parts = [arrays[name][events] for name in ("event_path", "event_directory") if name in arrays]
        kinds = np.where(arrays["event_result"][events] < 0, Kind.FAILED, Kind.FILE)
        if "event_flags" in arrays:
            kinds[(kinds != Kind.FAILED) & (arrays["event_flags"][events] & np.uint64(O_DIRECTORY) != 0)] = 2
        return combined([*parts, kinds], len(events))

    def raw(self, columns: Columns, event: int) -> File:
        path = columns.string("event_path", event)
        relative = path is not None and not path.startswith("/")
        directory = columns.string("event_directory", event) if relative else None
        return File(FileKey(path, directory, self._kind(columns, event)))

    def _kind(self, columns: Columns, event: int) -> Kind:
        if (columns.number("event_result", event) or 0) < 0:
            return Kind.FAILED
        return Kind.DIRECTORY if (columns.number("event_flags", event) or 0) & O_DIRECTORY else Kind.FILE

    def identity(self, raw: File) -> Hashable:
        return raw.key

    def is_small(self, raw: File) -> bool:
        return len(raw.key.path or "") + len(raw.key.directory or "") < MAX_LENGTH


class _Process:
    name, cost = "process", 5

    def keys(self, columns: Columns, events: Array) -> Array:
        return columns.arrays["event_process"][events].astype(np.int64)

    def raw(self, columns: Columns, event: int) -> Process:
        return Process(columns, columns.number("event_process", event) or 0)

    def identity(self, raw: Process) -> None:
        """A process is more than its fields in one condition, and seldom the same twice."""

    def is_small(self, raw: Process) -> bool:
        return len(raw.cmdline or "") + len(raw.string("cwd") or "") < MAX_LENGTH


class Numbers:
    """Fields that are numbers of the event itself: compared as vectors, not by distinct value."""

    name, cost = "number", 1


def combined(parts: Sequence[Array], rows: int) -> Array:
    """Return int64 keys that are equal where all parts are."""
    keys = np.zeros(rows, np.int64)
    for part in parts:
        codes = _dense(part)
        keys = keys * (int(codes.max(initial=0)) + 1) + codes
    return keys


def _dense(values: Array) -> Array:
    """Return small int64 codes that are equal where the values are."""
    small = int(values.max(initial=0)) < 1 << 20
    codes: Array = values if small else np.unique(values, return_inverse=True)[1]
    return codes.astype(np.int64)


TYPE: Final = _Type()
NUMBERS: Final = Numbers()
MOMENT: Final = _Column("moment", "event_time", 6)
RESULT: Final = _Column("result", "event_result", 2)
ARGUMENTS: Final = _Arguments()
FILE: Final = _File()
PROCESS: Final = _Process()
