"""A batch's columns as numpy arrays, checked: batches come from outside.

What is not a batch as `schemas/avsc/syscalls/syscall_batch.avsc` says raises InvalidBatchError before anything
is judged, so that the rest of detection may trust lengths, codes and ancestors.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.types.syscalls import Container, SyscallBatch
from streams.detection.event_types import DUPLICATES, OPENS
from streams.detection.lazily import lazy

NONE: Final = 0xFFFFFFFF
MAX_TIME: Final = (1 << 63) - 1
MAX_TYPES: Final = 1024

REQUIRED: Final = {
    "event_number": "<u8",
    "event_time": "<u8",
    "event_type": "<u2",
    "event_process": "<u4",
    "event_thread": "<u4",
    "event_result": "<i8",
    "process_pid": "<u4",
}
OPTIONAL: Final = {
    "event_fd": "<i4",
    "event_flags": "<u8",
    "event_mode": "<u4",
    "event_argument": "<i8",
    "event_target": "<u4",
    "event_file_kind": "u1",
    "event_family": "<u2",
    "event_protocol": "<u2",
    "event_local_port": "<u2",
    "event_remote_port": "<u2",
    "event_count": "<u4",
    "event_socket_flags": "u1",
    "process_vpid": "<u4",
    "process_ppid": "<u4",
    "process_parent": "<u4",
    "process_sid": "<u4",
    "process_start": "<u8",
    "process_uid": "<u4",
    "process_gid": "<u4",
    "process_loginuid": "<u4",
    "process_tty": "<u4",
    "process_cap_permitted": "<u8",
    "process_cap_effective": "<u8",
    "process_cap_inheritable": "<u8",
    "process_container": "<u4",
    "process_known": "u1",
    "process_pgid": "<u4",
    "process_vpgid": "<u4",
    "process_exe_ino": "<u8",
    "process_exe_ctime": "<u8",
    "process_exe_mtime": "<u8",
    "process_pidns_start": "<u8",
    "process_exe_flags": "u1",
}
STRINGS: Final = (
    *("event_path", "event_directory", "event_path2", "event_directory2", "event_file"),
    *("event_local_address", "event_remote_address", "event_data", "process_name", "process_exepath", "process_args"),
    *("process_env", "process_cwd", "process_user", "process_group", "process_login", "process_cgroup"),
)
TYPES: Final = {name: np.dtype(dtype) for name, dtype in (REQUIRED | OPTIONAL | dict.fromkeys(STRINGS, "<u4")).items()}

Array = NDArray[Any]


class InvalidBatchError(Exception):
    """A batch is not as its schema says; `detail` says where."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Columns:
    """The columns of one batch, checked once; those that are not known are not there."""

    def __init__(self, batch: SyscallBatch) -> None:
        """Check the batch; raise InvalidBatchError if it is not as its schema says."""
        self.batch = batch
        self.strings = batch.strings
        self.types = batch.types
        self.containers: tuple[Container, ...] = batch.containers
        self.arrays = _arrays(batch)
        _check_codes(self.arrays, batch)
        _check_times(self.arrays)
        _check_ancestors(self.arrays.get("process_parent"))
        self.processes: dict[int, Any] = {}
        """What was made of rows of the process table, see `processes.process_at`."""
        self._texts: dict[int, str] = {}

    @property
    def opens(self) -> Array:
        """Return for each code of a type whether it opens a file by its path."""
        return np.fromiter((name in OPENS for name in self.types), bool, len(self.types))

    @property
    def duplicates(self) -> Array:
        """Return for each code of a type whether it makes a second descriptor of one that is there."""
        return np.fromiter((name in DUPLICATES for name in self.types), bool, len(self.types))

    @lazy
    def rows_of_pids(self) -> dict[int, list[int]]:
        """Return the rows of the process table by process id."""
        rows: dict[int, list[int]] = {}
        for row, pid in enumerate(self.arrays["process_pid"].tolist()):
            rows.setdefault(pid, []).append(row)
        return rows

    def of(self, names: Iterable[str], rows: Array) -> dict[str, Array]:
        """Return those of the columns that are known, at the rows."""
        return {name: self.arrays[name][rows] for name in names if name in self.arrays}

    @lazy
    def lengths(self) -> Array:
        """Return the length of each string of the batch."""
        return np.fromiter(map(len, self.strings), np.int64, len(self.strings))

    def values(self, column: str, part: Array) -> list[Any]:
        """Return what entries of a column stand for in any batch: bytes, containers or the numbers themselves."""
        numbers: list[Any] = part.tolist()
        if column in STRINGS:
            return [self.strings[code] for code in numbers]
        if column == "process_container":
            return [None if index == NONE else self.containers[index] for index in numbers]
        return numbers

    def data(self, column: str, row: int) -> bytes:
        """Return the bytes that one entry of a column of codes stands for; none for code 0."""
        return self.strings[self.number(column, row) or 0]

    def text(self, code: int) -> str | None:
        """Return a string of the batch; None for code 0. Bytes that are not UTF-8 become surrogates."""
        if not code:
            return None
        known = self._texts.get(code)
        if known is None:
            known = self._texts[code] = self.strings[code].decode("utf-8", "surrogateescape")
        return known

    def texts(self, column: str, rows: Array) -> list[str | None]:
        """Return the strings that entries of a column of codes stand for; None where absent."""
        array = self.arrays.get(column)
        return [None] * len(rows) if array is None else list(map(self.text, array[rows].tolist()))

    def number(self, column: str, row: int) -> int | None:
        """Return one entry of a column as a Python number; None if the column is not known."""
        array = self.arrays.get(column)
        return None if array is None else array.item(row)

    def string(self, column: str, row: int) -> str | None:
        """Return the string that one entry of a column of codes stands for."""
        return self.text(self.number(column, row) or 0)

    def type_of(self, event: int) -> str:
        """Return the name of an event's type."""
        return self.types[self.number("event_type", event) or 0]

    def event_id(self, event: int) -> str:
        """Return the id of an event, the same whenever its batch is published again."""
        return f"{self.batch.session}:{self.number('event_number', event) or 0:x}"


def _arrays(batch: SyscallBatch) -> dict[str, Array]:
    if batch.count < 0 or batch.process_count < 0:
        raise InvalidBatchError(f"count is {batch.count} and process_count is {batch.process_count}")
    arrays = {}
    for name, dtype in TYPES.items():
        data: bytes = getattr(batch, name)
        rows = batch.count if name.startswith("event_") else batch.process_count
        if len(data) == rows * dtype.itemsize:
            arrays[name] = np.frombuffer(data, dtype)
        elif data or name in REQUIRED:
            needed = f"{rows * dtype.itemsize} for {rows} of {dtype.itemsize}"
            raise InvalidBatchError(f"column {name} has {len(data)} bytes, not {needed}")
    return arrays


def _check_codes(arrays: dict[str, Array], batch: SyscallBatch) -> None:
    if len(batch.types) > MAX_TYPES:
        raise InvalidBatchError(f"types has {len(batch.types)} names, more than {MAX_TYPES}")
    if any(batch.strings[:1]) or (batch.count and not batch.strings):
        raise InvalidBatchError("string 0 is not the empty string")
    for name in STRINGS:
        _check_limit(arrays, name, len(batch.strings), "strings")
    _check_limit(arrays, "event_type", len(batch.types), "types")
    _check_limit(arrays, "event_process", batch.process_count, "processes")
    _check_limit(arrays, "process_container", len(batch.containers), "containers", none=True)
    _check_limit(arrays, "process_parent", batch.process_count, "processes", none=True)


def _check_limit(arrays: dict[str, Array], name: str, limit: int, of: str, *, none: bool = False) -> None:
    array = arrays.get(name)
    if array is None or not len(array) or int(array.max()) < limit:
        return
    wrong = array[(array >= limit) & (array != NONE)] if none else array[array >= limit]
    if len(wrong):
        raise InvalidBatchError(f"column {name} has {int(wrong[0])}, but there are {limit} {of}")


def _check_times(arrays: dict[str, Array]) -> None:
    for name in ("event_time", "process_start", "process_exe_ctime", "process_exe_mtime", "process_pidns_start"):
        array = arrays.get(name)
        if array is not None and len(array) and int(array.max()) > MAX_TIME:
            raise InvalidBatchError(f"column {name} has {int(array.max())}, which is no time")


def _check_ancestors(parents: Array | None) -> None:
    """Raise if a process is its own ancestor: after 2**n steps up the chain all must have come to its end."""
    if parents is None or not len(parents):
        return
    end = len(parents)
    up = np.append(np.minimum(parents, end), end)
    for _ in range(end.bit_length()):
        if (up == end).all():
            return
        up = up[up]
    if not (up == end).all():
        row = int(np.flatnonzero(up != end)[0])
        raise InvalidBatchError(f"process {row} has a cycle among its ancestors")
