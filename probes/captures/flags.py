"""Turns Falco's encodings of flags back into Linux's.

Falco numbers: driver/ppm_events_public.h of falcosecurity/libs; Linux ones: the kernel's headers for x86-64.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

ACCESS: Final = 3
WRITES: Final = 2

OPEN: Final = {
    2: 0o100,  # CREAT
    3: 0o2000,  # APPEND
    4: 0o10000,  # DSYNC
    5: 0o200,  # EXCL
    6: 0o4000,  # NONBLOCK
    8: 0o1000,  # TRUNC
    9: 0o40000,  # DIRECT
    10: 0o200000,  # DIRECTORY
    11: 0o100000,  # LARGEFILE
    12: 0o2000000,  # CLOEXEC
}
"""O_* by Falco's bit. Its bit for SYNC says no more than that for DSYNC: it is set for either."""
TMPFILE_BIT: Final = 13
TMPFILE: Final = 0o20200000

CLONE: Final = {
    **{0: 0x400, 1: 0x200, 2: 0x80000000, 3: 0x08000000, 4: 0x40000000, 5: 0x00020000, 6: 0x20000000},
    **{7: 0x04000000, 8: 0x8000, 9: 0x00100000, 10: 0x2000, 11: 0x800, 12: 0x00040000, 13: 0x00010000},
    **{14: 0x00800000, 15: 0x100, 20: 0x10000000, 23: 0x00200000, 24: 0x01000000, 25: 0x00080000},
    **{27: 0x4000, 28: 0x02000000},
}
"""CLONE_* by Falco's bit: FILES FS IO NEWIPC NEWNET NEWNS NEWPID NEWUTS PARENT PARENT_SETTID PTRACE SIGHAND SYSVSEM
THREAD UNTRACED VM NEWUSER CHILD_CLEARTID CHILD_SETTID SETTLS VFORK NEWCGROUP."""

PTRACE: Final = np.array(
    [
        *(-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 24),
        *(0x4200, 0x4201, 0x4202, 0x4203, 0x4204, 0x4205, 0x4206, 0x4207, 0x4208, 0x4209, 0x420A, 0x420B),
        *(12, 13, 14, 15, 18, 19, 21, 25, 26, 30, 31, 32, 33),
    ],
    dtype=np.int64,
)
"""PTRACE_* by Falco's number; 0 is one it does not know."""


def _bits(values: NDArray[np.int64], table: dict[int, int]) -> NDArray[np.int64]:
    linux = np.zeros_like(values)
    for bit, value in table.items():
        linux |= ((values >> np.int64(bit)) & 1) * np.int64(value)
    return linux


def open_flags(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return O_* flags. Falco shows O_DIRECTORY as O_TMPFILE too, which needs write access: that tells them apart."""
    access = values & ACCESS
    temporary = (values >> np.int64(TMPFILE_BIT) & 1) * ((access & WRITES) != 0)
    mode = np.where(access == 0, 0, access - 1)
    linux: NDArray[np.int64] = mode | _bits(values, OPEN) | temporary * np.int64(TMPFILE)
    return linux


def clone_flags(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return CLONE_* flags."""
    return _bits(values, CLONE)


def ptrace_requests(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return PTRACE_* requests; -1 for one that Falco did not know."""
    known = (values >= 0) & (values < len(PTRACE))
    requests: NDArray[np.int64] = PTRACE[np.where(known, values, 0)]
    return requests


ENCODINGS: Final = {"open": open_flags, "clone": clone_flags, "ptrace": ptrace_requests}


def open_flags_of(value: int) -> int:
    """Return O_* flags of one descriptor."""
    return int(open_flags(np.array([value], dtype=np.int64))[0])


def clone_flags_of(value: int) -> int:
    """Return CLONE_* flags of one fork."""
    return int(clone_flags(np.array([value], dtype=np.int64))[0])
