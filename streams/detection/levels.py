"""What the value of a field hangs on: a few columns of the event, or its process.

A field of a level is the same for all events whose level's columns are the same. So it is worked out, compared
and remembered once per distinct value of the level and not once per event.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from streams.detection.columns import STRINGS, Array, Columns
from streams.detection.descriptors import EINPROGRESS, Descriptor, descriptor_of
from streams.detection.event_types import OPENS
from streams.detection.files import File, Kind
from streams.detection.linux import O_DIRECTORY
from streams.detection.processes import Process, process_at
from streams.detection.remembering import MAX_LENGTH
from streams.detection.sockets import CLIENT_PORTS, Outcome, Socket, without_client_port

Reader = Callable[[Any], Any]
"""Gives a field's value from what its level's `raw` gives."""


Parts = dict[str, Array]
"""Columns by name, each with one entry an event."""


class Level:
    """How the events of one type fall into groups within which the level's fields are the same."""

    name: str
    cost: int
    """Levels are compared in this order: cheap ones that rule out most come first."""

    def parts(self, columns: Columns, events: Array) -> Parts:
        """Return columns for the events, given as rows of one type: where all are equal the level's fields are."""
        raise NotImplementedError

    def keys(self, columns: Columns, parts: Parts, places: Array) -> Sequence[Hashable | None]:
        """Return what stands for the values at some places of the parts, in any batch.

        None for what is too long to be remembered.
        """
        chosen = {name: part[places] for name, part in parts.items()}
        keys: list[Hashable | None] = list(zip(*(columns.values(*part) for part in chosen.items()), strict=True))
        lengths = sum(columns.lengths[part] for name, part in chosen.items() if name in STRINGS)
        for place in np.flatnonzero(lengths > MAX_LENGTH).tolist():
            keys[place] = None
        return keys

    def raw(self, columns: Columns, event: int) -> Any:
        """Return what the level's fields are read from."""
        raise NotImplementedError

    def raws(self, columns: Columns, events: Array) -> Sequence[Any]:
        """Return what the level's fields are read from for several events of one type."""
        return [self.raw(columns, event) for event in events.tolist()]


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


class _Type(Level):
    name, cost = "type", 0

    def parts(self, columns: Columns, events: Array) -> Parts:
        return {"event_type": columns.arrays["event_type"][events]}

    def raw(self, columns: Columns, event: int) -> str:
        return columns.type_of(event)


class _Column(Level):
    """One column of numbers; missing ones count as not known."""

    def __init__(self, name: str, column: str, cost: int) -> None:
        self.name, self.column, self.cost = name, column, cost

    def parts(self, columns: Columns, events: Array) -> Parts:
        return {self.column: columns.arrays[self.column][events]}

    def raw(self, columns: Columns, event: int) -> int | None:
        return columns.number(self.column, event)


class _Arguments(Level):
    name, cost = "arguments", 3

    def parts(self, columns: Columns, events: Array) -> Parts:
        names = ("event_flags", "event_mode", "event_argument", "event_target")
        return columns.of(names, events)

    def raw(self, columns: Columns, event: int) -> Arguments:
        flags, mode = columns.number("event_flags", event), columns.number("event_mode", event)
        argument, target = columns.number("event_argument", event), columns.number("event_target", event)
        return Arguments(columns.type_of(event), flags, mode, argument, target)


KINDS: Final = tuple(Kind)


class _Paths(Level):
    name, cost = "paths", 4
    columns: Final = ("event_path", "event_directory", "event_path2", "event_directory2")

    def parts(self, columns: Columns, events: Array) -> Parts:
        return columns.of(self.columns, events) | {"failed": columns.arrays["event_result"][events] < 0}

    def raw(self, columns: Columns, event: int) -> Paths:
        [found] = self.raws(columns, np.array([event]))
        return found

    def raws(self, columns: Columns, events: Array) -> Sequence[Paths]:
        texts = (columns.texts(name, events) for name in self.columns)
        failed = (columns.arrays["event_result"][events] < 0).tolist()
        types = [columns.types[code] for code in columns.arrays["event_type"][events].tolist()]
        return list(map(Paths, types, *texts, failed))


class _Descriptor(Level):
    """The file or the socket behind a descriptor."""

    name, cost = "descriptor", 5
    columns: Final = (
        *("event_path", "event_directory", "event_file", "event_file_kind"),
        *("event_family", "event_protocol", "event_local_address", "event_local_port"),
        *("event_remote_address", "event_remote_port", "event_socket_flags"),
    )

    def parts(self, columns: Columns, events: Array) -> Parts:
        event_type = columns.type_of(int(events[0])) if len(events) else ""
        if event_type in OPENS:
            return columns.of(("event_path", "event_directory"), events) | {"kind": _opened_kinds(columns, events)}
        names = ("event_argument", "event_flags") if event_type == "socket" else self.columns
        return columns.of(names, events) | {"outcome": _outcomes(columns, events)}

    def raw(self, columns: Columns, event: int) -> Descriptor:
        return descriptor_of(columns, event)

    def raws(self, columns: Columns, events: Array) -> Sequence[Descriptor]:
        parts = self.parts(columns, events)
        if "kind" not in parts:
            return super().raws(columns, events)
        paths, directories = (columns.texts(name, events) for name in ("event_path", "event_directory"))
        return list(map(File, paths, directories, map(KINDS.__getitem__, parts["kind"].tolist())))


class _Service(Level):
    """The kind of what is behind a descriptor, and of a connection all but the port of its client.

    Each connection has a new port for its client, and rules seldom ask for it: without it there are few to compare.
    """

    name, cost = "service", 4

    def parts(self, columns: Columns, events: Array) -> Parts:
        event_type = columns.type_of(int(events[0])) if len(events) else ""
        if event_type in OPENS:
            return {"kind": _opened_kinds(columns, events)}
        parts = DESCRIPTOR.parts(columns, events)
        client = CLIENT_PORTS.get(event_type)
        if client in parts:
            parts[client] = parts[client] != 0
        return parts

    def raw(self, columns: Columns, event: int) -> Descriptor:
        found = descriptor_of(columns, event)
        if isinstance(found, Socket):
            return without_client_port(found)
        return File(None, None, found.kind)


def _opened_kinds(columns: Columns, events: Array) -> Array:
    kinds = np.where(columns.arrays["event_result"][events] < 0, Kind.FAILED, Kind.FILE)
    if "event_flags" in columns.arrays:
        listed = columns.arrays["event_flags"][events] & np.uint64(O_DIRECTORY) != 0
        kinds[(kinds != Kind.FAILED) & listed] = Kind.DIRECTORY
    return kinds


def _outcomes(columns: Columns, events: Array) -> Array:
    results = columns.arrays["event_result"][events]
    return np.where(results >= 0, Outcome.DONE, np.where(results == -EINPROGRESS, Outcome.PENDING, Outcome.FAILED))


class _Data(Level):
    """The beginning of what was sent or received."""

    name, cost = "data", 8

    def parts(self, columns: Columns, events: Array) -> Parts:
        return columns.of(("event_data",), events)

    def raw(self, columns: Columns, event: int) -> str | None:
        return columns.string("event_data", event)


class _Call(Level):
    """An event by itself: for fields that hang on too much of it to be shared."""

    name, cost = "call", 9

    def parts(self, columns: Columns, events: Array) -> Parts:  # noqa: ARG002
        return {"place": np.arange(len(events))}

    def keys(self, columns: Columns, parts: Parts, places: Array) -> Sequence[None]:  # noqa: ARG002
        """A call is like no other."""
        return [None] * len(places)

    def raw(self, columns: Columns, event: int) -> Call:
        return Call(columns, event)


class _Process(Level):
    name, cost = "process", 7

    def parts(self, columns: Columns, events: Array) -> Parts:
        return {"event_process": columns.arrays["event_process"][events]}

    def keys(self, columns: Columns, parts: Parts, places: Array) -> Sequence[None]:  # noqa: ARG002
        """A process is more than rules ask for: what its fields say is remembered, and not what it is."""
        return [None] * len(places)

    def raw(self, columns: Columns, event: int) -> Process:
        return process_at(columns, columns.number("event_process", event) or 0)


class _Program(Level):
    """The name and the container of the process: there are few, and most rules begin by asking for them."""

    name, cost = "program", 6
    columns: Final = ("process_name", "process_container")

    def parts(self, columns: Columns, events: Array) -> Parts:
        return columns.of(self.columns, columns.arrays["event_process"][events])

    def raw(self, columns: Columns, event: int) -> Process:
        return PROCESS.raw(columns, event)


class Numbers:
    """Fields that are numbers of the event itself: compared as vectors, not by distinct value."""

    def __init__(self, name: str, cost: int) -> None:
        self.name, self.cost = name, cost


TYPE: Final = _Type()
NUMBERS: Final = Numbers("numbers", 1)
AGES: Final = Numbers("ages", 6)
"""Numbers that hang on the process too."""
MOMENT: Final = _Column("moment", "event_time", 8)
RESULT: Final = _Column("result", "event_result", 2)
ARGUMENTS: Final = _Arguments()
PATHS: Final = _Paths()
DESCRIPTOR: Final = _Descriptor()
SERVICE: Final = _Service()
DATA: Final = _Data()
CALL: Final = _Call()
PROCESS: Final = _Process()
PROGRAM: Final = _Program()
