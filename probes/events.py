"""Event types: their codes in a record, their names in a batch, and the system calls behind them."""

from typing import Final

CLONE: Final = 1
EXECVE: Final = 2
PROCEXIT: Final = 3

NAMES: Final = {
    CLONE: "clone",
    EXECVE: "execve",
    PROCEXIT: "procexit",
    16: "open",
    17: "openat",
    18: "openat2",
    19: "creat",
    20: "chdir",
    21: "fchdir",
    22: "setns",
    23: "unshare",
}
CHDIR: Final = frozenset({20, 21})

X86_64: Final = {
    "open": 2,
    "openat": 257,
    "openat2": 437,
    "creat": 85,
    "chdir": 80,
    "fchdir": 81,
    "setns": 308,
    "unshare": 272,
}
"""System call numbers (arch/x86/entry/syscalls/syscall_64.tbl)."""

I386: Final = {
    "open": 5,
    "openat": 295,
    "openat2": 437,
    "creat": 8,
    "chdir": 12,
    "fchdir": 133,
    "setns": 346,
    "unshare": 310,
}
"""The same for calls by the 32-bit table (syscall_32.tbl), which any process may use."""

CODES: Final = {name: code for code, name in NAMES.items()}
