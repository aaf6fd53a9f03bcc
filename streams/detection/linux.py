"""Numbers of the Linux kernel and their names, as fields print them.

Sources: include/uapi/asm-generic/fcntl.h with x86's values, linux/sched.h, linux/stat.h, linux/capability.h.
Those of single arguments are in named_values.py.
The order of open and mode flags is the one in which Falco prints them (libs, driver/flags_table.c).
"""

import errno
import re
from functools import lru_cache
from typing import Final

O_ACCMODE: Final = 0o3
O_WRONLY: Final = 0o1
O_RDWR: Final = 0o2
O_CREAT: Final = 0o100
O_DIRECTORY: Final = 0o200000
O_TMPFILE: Final = 0o20000000 | O_DIRECTORY
EXECUTE_BITS: Final = 0o111

AF_UNIX: Final = 1
AF_INET: Final = 2
AF_INET6: Final = 10
SOCK_RAW: Final = 3
SOCK_TYPE: Final = 0xF
IPPROTO_RAW: Final = 255

OPEN_FLAGS: Final = {
    "O_LARGEFILE": 0o100000,
    "O_DIRECT": 0o40000,
    "O_TRUNC": 0o1000,
    "O_SYNC": 0o4010000,
    "O_NONBLOCK": 0o4000,
    "O_EXCL": 0o200,
    "O_DSYNC": 0o10000,
    "O_APPEND": 0o2000,
    "O_CREAT": O_CREAT,
    "O_NOCTTY": 0o400,
    "O_NOFOLLOW": 0o400000,
    "O_NOATIME": 0o1000000,
    "O_PATH": 0o10000000,
}
ACCESS: Final = {0: "O_RDONLY", O_WRONLY: "O_WRONLY", O_RDWR: "O_RDWR"}
CLONE_FLAGS: Final = {
    "CLONE_NEWTIME": 0x80,
    "CLONE_VM": 0x100,
    "CLONE_FS": 0x200,
    "CLONE_FILES": 0x400,
    "CLONE_SIGHAND": 0x800,
    "CLONE_PTRACE": 0x2000,
    "CLONE_VFORK": 0x4000,
    "CLONE_PARENT": 0x8000,
    "CLONE_THREAD": 0x10000,
    "CLONE_NEWNS": 0x20000,
    "CLONE_SYSVSEM": 0x40000,
    "CLONE_NEWCGROUP": 0x2000000,
    "CLONE_NEWUTS": 0x4000000,
    "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
    "CLONE_IO": 0x80000000,
}
MODE_BITS: Final = {
    "S_IXOTH": 0o1,
    "S_IWOTH": 0o2,
    "S_IROTH": 0o4,
    "S_IXGRP": 0o10,
    "S_IWGRP": 0o20,
    "S_IRGRP": 0o40,
    "S_IXUSR": 0o100,
    "S_IWUSR": 0o200,
    "S_IRUSR": 0o400,
    "S_ISVTX": 0o1000,
    "S_ISGID": 0o2000,
    "S_ISUID": 0o4000,
}
CAPABILITIES: Final = tuple(
    "CAP_" + name
    for name in re.findall(
        r"\w+",
        """
        CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
        NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
        SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
        AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
        PERFMON BPF CHECKPOINT_RESTORE
        """,
    )
)


def open_flags(flags: int) -> str:
    """Return the names of open(2)'s flags: `O_CREAT|O_WRONLY|O_CLOEXEC`."""
    names = ["O_DIRECTORY"] if flags & O_DIRECTORY and flags & O_TMPFILE != O_TMPFILE else []
    names += _names(flags, OPEN_FLAGS)
    names.append(ACCESS.get(flags & O_ACCMODE, "O_RDONLY"))
    names += ["O_CLOEXEC"] if flags & 0o2000000 else []
    return "|".join([*names, "O_TMPFILE"] if flags & O_TMPFILE == O_TMPFILE else names)


def clone_flags(flags: int) -> str:
    """Return the names of clone's, unshare's and setns's flags: `CLONE_NEWNS|CLONE_NEWPID`; 0 is `0`."""
    return names_of(flags, CLONE_FLAGS)


def mode_bits(mode: int) -> str:
    """Return the names of a mode's bits: `S_IRGRP|S_IWUSR|S_IRUSR`; none is `0`."""
    return names_of(mode, MODE_BITS)


def names_of(bits: int, names: dict[str, int]) -> str:
    """Return the names of the bits that are set, `RDONLY|NOSUID`; none is `0`."""
    return "|".join(_names(bits, names)) or "0"


@lru_cache(1024)
def capabilities(mask: int) -> str:
    """Return the names of capabilities, parted by spaces; those that this table does not know by number."""
    known = [name for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1]
    later = [f"CAP_{bit}" for bit in range(len(CAPABILITIES), mask.bit_length()) if mask >> bit & 1]
    return " ".join(known + later)


def result_name(result: int) -> str:
    """Return `SUCCESS`, or the name of the error: `ENOENT`."""
    return "SUCCESS" if result >= 0 else errno.errorcode.get(-result, str(result))


def _names(bits: int, names: dict[str, int]) -> list[str]:
    return [name for name, mask in names.items() if bits & mask == mask]
