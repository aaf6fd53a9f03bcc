"""Fields of the event itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np

from streams.detection.columns import Array, Columns
from streams.detection.event_types import OPENS
from streams.detection.fields.field import Field
from streams.detection.levels import ARGUMENTS, MOMENT, NUMBERS, RESULT, TYPE, Arguments
from streams.detection.linux import (
    ACCESS,
    EXECUTE_BITS,
    O_ACCMODE,
    O_CREAT,
    O_RDWR,
    O_TMPFILE,
    O_WRONLY,
    result_name,
)

SECOND: Final = 1_000_000_000


Vector = Callable[[Columns, Array], tuple[Array, Array | None]]


def vector(name: str) -> Vector:
    """Return the reader of a column that is always known."""

    def how(columns: Columns, events: Array) -> tuple[Array, Array | None]:
        return columns.arrays[name][events], None

    return how


def _times(columns: Columns, events: Array) -> tuple[Array, Array | None]:
    counts = columns.arrays.get("event_count")
    return np.ones(len(events), np.uint32) if counts is None else counts[events], None


def clock(time: int) -> str:
    """Return the time of day in UTC of ns since the epoch."""
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%H:%M:%S}.{time % SECOND:09}"


def iso8601(time: int) -> str:
    """Return date and time in UTC of ns since the epoch."""
    return f"{datetime.fromtimestamp(time // SECOND, UTC):%Y-%m-%dT%H:%M:%S}.{time % SECOND:09}+0000"


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
        how=vector("event_number"),
    ),
    Field(
        name="evt.time",
        type="string",
        doc="Time of day of the event in UTC, with nanoseconds: `13:37:00.000000042`.",
        level=MOMENT,
        how=clock,
    ),
    Field(
        name="evt.time.iso8601",
        type="string",
        doc="Time of the event in UTC: `2026-11-23T13:37:00.000000042+0000`.",
        level=MOMENT,
        how=iso8601,
    ),
    Field(
        name="evt.rawtime",
        type="number",
        doc="Time of the event in nanoseconds since the epoch.",
        level=NUMBERS,
        how=vector("event_time"),
    ),
    Field(
        name="evt.count",
        type="number",
        doc="Identical calls, made within a moment by one thread, that the event stands for; 1 for most. Its time is "
        "that of the last.",
        level=NUMBERS,
        how=_times,
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
        how=vector("event_result"),
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
)
