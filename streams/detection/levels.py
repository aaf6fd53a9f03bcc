"""What the value of a field hangs on: a few columns of the event, or its process.

A field of a level is the same for all events whose level's columns are the same. So it is worked out, compared
and remembered once per distinct value of the level and not once per event.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from streams.detection.columns import Array, Columns
from streams.detection.descriptors import Descriptor, descriptor_of
from streams.detection.event_types import OPENS
from streams.detection.files import Kind
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
    argument: int | None = None
    """The one that says most: see `event_argument` of the batch."""
    target: int | None = None


class Paths(NamedTuple):
    """The paths that a system call was given, with the directories that relative ones are relative to."""

    type: str
    path: str | None
    directory: str | None
    path2: str | None
    directory2: str | None
    failed: bool


class Call(NamedTuple):
    """One event of a batch."""

    columns: Columns
    event: int


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
        names = ("event_flags", "event_mode", "event_argument", "event_target")
        return combined([columns.arrays[name][events] for name in names if name in columns.arrays], len(events))

    def raw(self, columns: Columns, event: int) -> Arguments:
        flags, mode = columns.number("event_flags", event), columns.number("event_mode", event)
        argument, target = columns.number("event_argument", event), columns.number("event_target", event)
        return Arguments(columns.type_of(event), flags, mode, argument, target)

    def identity(self, raw: Arguments) -> Hashable:
        return raw

    def is_small(self, raw: Arguments) -> bool:  # noqa: ARG002
        return True


class _Paths:
    name, cost = "paths", 4
    columns: Final = ("event_path", "event_directory", "event_path2", "event_directory2")

    def keys(self, columns: Columns, events: Array) -> Array:
        parts = [columns.arrays[name][events] for name in self.columns if name in columns.arrays]
        return combined([*parts, columns.arrays["event_result"][events] < 0], len(events))

    def raw(self, columns: Columns, event: int) -> Paths:
        path, directory, path2, directory2 = (columns.string(name, event) for name in self.columns)
        failed = (columns.number("event_result", event) or 0) < 0
        return Paths(columns.type_of(event), path, directory, path2, directory2, failed)

    def identity(self, raw: Paths) -> Hashable:
        return raw

    def is_small(self, raw: Paths) -> bool:
        return sum(len(text) for text in raw[1:5] if isinstance(text, str)) < MAX_LENGTH


class _Descriptor:
    name, cost = "descriptor", 4
    columns: Final = (
        *(
            "event_result",
            "event_path",
            "event_directory",
            "event_argument",
            "event_flags",
            "event_file",
            "event_file_kind",
        ),
        *("event_family", "event_protocol", "event_local_address", "event_local_port"),
        *("event_remote_address", "event_remote_port"),
    )

    def keys(self, columns: Columns, events: Array) -> Array:
        arrays = columns.arrays
        if not len(events) or columns.type_of(int(events[0])) not in OPENS:
            return combined([arrays[name][events] for name in self.columns if name in arrays], len(events))
        parts = [arrays[name][events] for name in ("event_path", "event_directory") if name in arrays]
        kinds = np.where(arrays["event_result"][events] < 0, Kind.FAILED, Kind.FILE)
        if "event_flags" in arrays:
            kinds[(kinds != Kind.FAILED) & (arrays["event_flags"][events] & np.uint64(O_DIRECTORY) != 0)] = 2
        return combined([*parts, kinds], len(events))

    def raw(self, columns: Columns, event: int) -> Descriptor:
        return descriptor_of(columns, event)

    def identity(self, raw: Descriptor) -> Hashable:
        return raw.key

    def is_small(self, raw: Descriptor) -> bool:
        return raw.size < MAX_LENGTH


class _Call:
    """An event by itself: for fields that hang on too much of it to be shared."""

    name, cost = "call", 7

    def keys(self, columns: Columns, events: Array) -> Array:  # noqa: ARG002
        return np.arange(len(events))

    def raw(self, columns: Columns, event: int) -> Call:
        return Call(columns, event)

    def identity(self, raw: Call) -> None:
        """What fields say of a call is all that is remembered of it."""

    def is_small(self, raw: Call) -> bool:
        return PATHS.is_small(PATHS.raw(raw.columns, raw.event))


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
    keys, top = np.zeros(rows, np.int64), 0
    for part in parts:
        codes = _dense(part)
        span = int(codes.max(initial=0)) + 1
        if (top + 1) * span > 1 << 62:
            keys = np.unique(keys, return_inverse=True)[1].astype(np.int64)
            top = int(keys.max(initial=0))
        keys, top = keys * span + codes, top * span + span - 1
    return keys


def _dense(values: Array) -> Array:
    """Return small int64 codes that are equal where the values are."""
    small = int(values.max(initial=0)) < 1 << 20 and int(values.min(initial=0)) >= 0
    codes: Array = values if small else np.unique(values, return_inverse=True)[1]
    return codes.astype(np.int64)


TYPE: Final = _Type()
NUMBERS: Final = Numbers()
MOMENT: Final = _Column("moment", "event_time", 6)
RESULT: Final = _Column("result", "event_result", 2)
ARGUMENTS: Final = _Arguments()
PATHS: Final = _Paths()
DESCRIPTOR: Final = _Descriptor()
CALL: Final = _Call()
PROCESS: Final = _Process()
