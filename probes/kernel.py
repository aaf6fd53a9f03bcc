"""The running probes as their reader sees them: rings, counters, and the processes that are left out."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from probes import records
from probes.filtering import CallTables
from probes.loader import SETTLE, attach
from probes.maps import lookup, open_pinned, run, update
from probes.ring import Chunk, Ring
from schemas.call_filter import CallFilter

EXECS: Final = ("exec", "long_exec")
"""Rings of what a process is: events that come later are understood by them."""

RECORDS: Final = {
    "small": records.SMALL,
    "medium": records.MEDIUM,
    "large": records.LARGE,
    "pair": records.PAIR,
    "long_pair": records.LONG_PAIR,
    "exec": records.EXEC,
    "long_exec": records.LONG_EXEC,
}
DROPPED: Final = 0
IGNORED: Final = 1
FILTERED: Final = 2
REMEMBERED: Final = 3
COUNTED_SETS: Final = 64
SETS_A_RUN: Final = 16
"""As in bpf/repeats.c."""
FIRST_SETS: Final = range(0, COUNTED_SETS, SETS_A_RUN)


class Reading(NamedTuple):
    """Records of all rings that were read together.

    `began` and `cursors`: where the reading began and ended in each ring; `cursors` are committed when the records
    are safe elsewhere.
    """

    chunks: dict[str, Chunk]
    began: tuple[int, ...]
    cursors: tuple[int, ...]

    def events(self) -> int:
        """Return the number of records."""
        return sum(len(chunk.records) for chunk in self.chunks.values())


class Kernel:
    """A session of the probes, attached or found attached."""

    def __init__(self, folder: Path, ring_mib: int, own: Sequence[int] = ()) -> None:
        """Attach the probes pinned under `folder`; raises ProbeError or BtfError.

        The events of the processes `own`, and of all that they start, are left out. A new session sees the life of
        processes alone until `want` is called.
        """
        self.session, self.resumed = attach(folder, ring_mib, own)
        self._rings = [_ring(folder, name, self.session.ring_bytes[name]) for name in RECORDS]
        self._counts = open_pinned(folder / "counts")
        self._own = open_pinned(folder / "own_processes")
        self._tables = CallTables(folder)
        self._settle = open_pinned(folder / SETTLE)
        self._cpus = _possible_cpus()
        self._settled = np.zeros(self._cpus, dtype=np.uint64)
        self._left = np.ones(self._cpus, dtype=np.uint64)
        if self.resumed:
            self.leave_out(own)

    def waiting(self) -> int:
        """Return how many records wait in all rings."""
        return sum(ring.waiting() for ring in self._rings)

    def read(self, limit: int) -> Reading:
        """Return the records that wait, at most `limit` of each ring, with all that was counted so far.

        The rings of rare, long records are read last: whatever a process did before an event that was read is then
        read too.
        """
        self.settle()
        began = tuple(ring.cursor for ring in self._rings)
        chunks = {name: ring.read(limit) for name, ring in zip(RECORDS, self._rings, strict=True)}
        return Reading(chunks, began, tuple(ring.cursor for ring in self._rings))

    def settle(self) -> None:
        """Let the kernel write a record of all that it counted, and begin to count anew."""
        remembered = self._counted(REMEMBERED)
        for cpu in np.flatnonzero((remembered != self._settled) | (self._left > 0)).tolist():
            left = [run(self._settle, cpu, first) for first in FIRST_SETS]
            self._left[cpu] = sum(sets or 0 for sets in left)
            if None not in left:  # a CPU that is offline keeps what it counted until it is back
                self._settled[cpu] = remembered[cpu]

    def unsettled(self) -> bool:
        """Tell whether something was counted that no record tells of, because a ring was full or a set busy."""
        return bool(self._left.any())

    def rewind(self, reading: Reading) -> None:
        """Take a reading back, so that the next one begins where it began."""
        for ring, cursor in zip(self._rings, reading.began, strict=True):
            ring.cursor = cursor

    def commit_events(self, cursors: tuple[int, ...]) -> None:
        """Give the memory of a reading, and all before it, back to the kernel, but for that of execs."""
        for name, ring, cursor in zip(RECORDS, self._rings, cursors, strict=True):
            if name not in EXECS:
                ring.commit(cursor)

    def commit_execs(self, cursors: tuple[int, ...]) -> None:
        """Give the memory of the execs of a reading, and all before it, back to the kernel."""
        for name, ring, cursor in zip(RECORDS, self._rings, cursors, strict=True):
            if name in EXECS:
                ring.commit(cursor)

    def many_execs(self) -> bool:
        """Tell whether a ring of execs is more than half full of what is not committed."""
        return any(ring.used() > 0.5 for name, ring in zip(RECORDS, self._rings, strict=True) if name in EXECS)

    def dropped(self) -> int:
        """Return how many events found their ring full since the session began."""
        return self._count(DROPPED)

    def ignored(self) -> int:
        """Return how many events of left-out processes were seen since the session began."""
        return self._count(IGNORED)

    def filtered(self) -> int:
        """Return how many calls were left out by a filter since the session began."""
        return self._count(FILTERED)

    def want(self, wanted: Mapping[str, CallFilter]) -> None:
        """See these system calls, beside those that the table of processes is kept by, and no others from now on."""
        self._tables.fill(wanted)

    def leave_out(self, pids: Iterable[int]) -> None:
        """Leave out the events of these processes and of all that they start from now on."""
        for pid in pids:
            update(self._own, pid.to_bytes(4, "little"), b"\1")

    def close(self) -> None:
        """Stop reading; the probes stay attached."""
        for ring in self._rings:
            ring.close()
        os.close(self._counts)
        os.close(self._own)
        os.close(self._settle)
        self._tables.close()

    def _count(self, which: int) -> int:
        return int(self._counted(which).sum())

    def _counted(self, which: int) -> NDArray[np.uint64]:
        """Return a counter's value on each CPU, uint64 of shape (cpus,)."""
        value = lookup(self._counts, which.to_bytes(4, "little"), 8 * self._cpus)
        return np.frombuffer(value or bytes(8 * self._cpus), dtype="<u8")


def _ring(folder: Path, name: str, size: int) -> Ring:
    fd = open_pinned(folder / f"{name}_ring")
    try:
        return Ring(fd, size, RECORDS[name])
    finally:
        os.close(fd)  # the mapping keeps the ring


def _possible_cpus() -> int:
    text = Path("/sys/devices/system/cpu/possible").read_text(encoding="ascii").strip()
    return int(text.rsplit(",", 1)[-1].rsplit("-", 1)[-1]) + 1 if text else os.cpu_count() or 1
