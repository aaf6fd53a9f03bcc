"""Fields of the event itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np

from streams.detection.columns import Array, Columns
from streams.detection.event_types import NAMES, OPENS
from streams.detection.fields.field import Field
from streams.detection.levels import ARGUMENTS, FILE, MOMENT, NUMBERS, RESULT, TYPE, Arguments
from streams.detection.linux import (
    ACCESS,
    EXECUTE_BITS,
    O_ACCMODE,
    O_CREAT,
    O_RDWR,
    O_TMPFILE,
    O_WRONLY,
    clone_flags,
    mode_bits,
    open_flags,
    result_name,
)

NAMESPACES: Final = frozenset({"setns", "unshare", "clone", "clone3"})
WITH_MODE: Final = OPENS | {"mkdir", "mkdirat", "mknod", "mknodat", "chmod", "fchmod", "fchmodat", "fchmodat2"}
SECOND: Final = 1_000_000_000


Vector = Callable[[Columns, Array], tuple[Array, Array | None]]


def _vector(name: str) -> Vector:
    def how(columns: Columns, events: Array) -> tuple[Array, Array | None]:
        return columns.arrays[name][events], None

    return how


def descriptor(columns: Columns, events: Array) -> tuple[Array, Array | None]:
    """A failed open has the descriptor -1; other events that have none have no field."""
    if "event_fd" not in columns.arrays:
        return np.zeros(len(events), np.int64), np.zeros(len(events), bool)
    values = columns.arrays["event_fd"][events]
    return values, (values >= 0) | columns.opens[columns.arrays["event_type"][events]]


def _clock(time: int) -> str:
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%H:%M:%S}.{time % SECOND:09}"


def _iso8601(time: int) -> str:
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%dT%H:%M:%S}.{time % SECOND:09}+0000"


def _flags(arguments: Arguments) -> str | None:
    if arguments.flags is None:
        return None
    return open_flags(arguments.flags) if arguments.type in OPENS else clone_flags(arguments.flags)


def _mode(arguments: Arguments) -> str | None:
    return None if arguments.mode is None else mode_bits(arguments.mode)


def _reads(arguments: Arguments) -> bool | None:
    access = _access(arguments)
    return None if access is None else access != O_WRONLY


def _writes(arguments: Arguments) -> bool | None:
    access = _access(arguments)
    return None if access is None else access in (O_WRONLY, O_RDWR)


def _access(arguments: Arguments) -> int | None:
    """The undefined access mode 3 counts as reading, as Falco has it. creat(2) only writes."""
    if arguments.type == "creat":
        return O_WRONLY
    if arguments.flags is None:
        return None
    access = arguments.flags & O_ACCMODE
    return access if access in ACCESS else 0


def _makes_executable(arguments: Arguments) -> bool | None:
    if arguments.mode is None or (arguments.flags is None and arguments.type != "creat"):
        return None
    flags = O_CREAT if arguments.type == "creat" else arguments.flags or 0
    creates = flags & O_CREAT or flags & O_TMPFILE == O_TMPFILE
    return bool(creates and arguments.mode & EXECUTE_BITS)


FIELDS: Final = (
    Field(
        name="evt.num",
        type="number",
        doc="Number of the event in its session, from 1: `evt.num = 0` is never true.",
        level=NUMBERS,
        how=_vector("event_number"),
    ),
    Field(
        name="evt.time",
        type="string",
        doc="Time of day of the event in UTC, with nanoseconds: `13:37:00.000000042`.",
        level=MOMENT,
        how=_clock,
    ),
    Field(
        name="evt.time.iso8601",
        type="string",
        doc="Time of the event in UTC: `2026-11-23T13:37:00.000000042+0000`.",
        level=MOMENT,
        how=_iso8601,
    ),
    Field(
        name="evt.rawtime",
        type="number",
        doc="Time of the event in nanoseconds since the epoch.",
        level=NUMBERS,
        how=_vector("event_time"),
    ),
    Field(
        name="evt.type",
        type="string",
        doc="Name of the system call; `execve` for the start of a program, `clone` for a fork in any form, "
        "`procexit` for the end of a process.",
        level=TYPE,
        how=str,
    ),
    Field(
        name="evt.dir",
        type="string",
        doc="Always `<`: deedlog sees a call when it returns. For old rules; leave it out.",
        level=TYPE,
        how=lambda _: "<",
    ),
    Field(
        name="evt.res",
        type="string",
        doc="`SUCCESS`, or the name of the error: `ENOENT`.",
        level=RESULT,
        how=result_name,
    ),
    Field(
        name="evt.rawres",
        type="number",
        doc="What the call returned; a negated error number where it failed.",
        level=NUMBERS,
        how=_vector("event_result"),
    ),
    Field(
        name="evt.failed",
        type="flag",
        doc="Whether the call failed.",
        level=RESULT,
        how=lambda result: result < 0,
    ),
    Field(
        name="evt.is_open_read",
        type="flag",
        doc="Whether a file was to be opened for reading, O_PATH included, which can be turned into reading "
        "later; true for failed calls too, so ask for `fd.num >= 0` as well.",
        level=ARGUMENTS,
        how=_reads,
        types=OPENS,
        elsewhere=False,
    ),
    Field(
        name="evt.is_open_write",
        type="flag",
        doc="Whether a file was to be opened for writing; true for failed calls too.",
        level=ARGUMENTS,
        how=_writes,
        types=OPENS,
        elsewhere=False,
    ),
    Field(
        name="evt.is_open_exec",
        type="flag",
        doc="Whether a file was to be created with permission to execute it.",
        level=ARGUMENTS,
        how=_makes_executable,
        types=OPENS,
        elsewhere=False,
    ),
    Field(
        name="evt.arg.flags",
        type="string",
        doc="Flags of an open, `O_TRUNC|O_CREAT|O_WRONLY`, or of a change of namespace, `CLONE_NEWNS`.",
        level=ARGUMENTS,
        how=_flags,
        types=OPENS | NAMESPACES,
    ),
    Field(
        name="evt.arg.nstype",
        type="string",
        doc="Kind of namespace that setns asked for, `CLONE_NEWNET`; `0` for any.",
        level=ARGUMENTS,
        how=_flags,
        types=frozenset({"setns"}),
    ),
    Field(
        name="evt.arg.mode",
        type="string",
        doc="Mode of the file to be made or changed: `S_IRGRP|S_IWUSR|S_IRUSR`.",
        level=ARGUMENTS,
        how=_mode,
        types=WITH_MODE,
    ),
    Field(
        name="evt.arg.fd",
        type="number",
        doc="Descriptor that the call acted on or made.",
        level=NUMBERS,
        how=descriptor,
    ),
    Field(
        name="evt.arg.name",
        type="string",
        doc="Path that an open was given, as it was given.",
        level=FILE,
        how=lambda file: file.key.path,
        types=OPENS,
    ),
    Field(
        name="evt.arg.path",
        type="string",
        doc="Path that a call other than an open was given, as it was given.",
        level=FILE,
        how=lambda file: file.key.path,
        types=NAMES - OPENS,
    ),
)
