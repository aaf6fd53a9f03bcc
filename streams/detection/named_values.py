"""Names of the values of single arguments, as fields print them.

Sources: include/uapi/linux/{ptrace,bpf,fcntl,fs,mount,memfd,module}.h, asm-generic/signal.h with x86's values,
include/linux/socket.h. Flags of mounts are named without `MS_` and `MNT_`, as Falco does.
"""

import re
import signal
import socket
from typing import Final


def _from(first: int, names: str) -> dict[int, str]:
    return dict(enumerate(re.findall(r"\w+", names), first))


PTRACE_REQUESTS: Final = (
    _from(0, "TRACEME PEEKTEXT PEEKDATA PEEKUSR POKETEXT POKEDATA POKEUSR CONT KILL SINGLESTEP")
    | _from(12, "GETREGS SETREGS GETFPREGS SETFPREGS ATTACH DETACH GETFPXREGS SETFPXREGS")
    | {21: "OLDSETOPTIONS", 24: "SYSCALL"}
    | _from(25, "GET_THREAD_AREA SET_THREAD_AREA")
    | _from(30, "ARCH_PRCTL SYSEMU SYSEMU_SINGLESTEP SINGLEBLOCK")
    | _from(
        0x4200,
        """
        SETOPTIONS GETEVENTMSG GETSIGINFO SETSIGINFO GETREGSET SETREGSET SEIZE INTERRUPT LISTEN PEEKSIGINFO
        GETSIGMASK SETSIGMASK SECCOMP_GET_FILTER SECCOMP_GET_METADATA GET_SYSCALL_INFO GET_RSEQ_CONFIGURATION
        SET_SYSCALL_USER_DISPATCH_CONFIG GET_SYSCALL_USER_DISPATCH_CONFIG SET_SYSCALL_INFO
        """,
    )
)
BPF_COMMANDS: Final = _from(
    0,
    """
    MAP_CREATE MAP_LOOKUP_ELEM MAP_UPDATE_ELEM MAP_DELETE_ELEM MAP_GET_NEXT_KEY PROG_LOAD OBJ_PIN OBJ_GET
    PROG_ATTACH PROG_DETACH PROG_TEST_RUN PROG_GET_NEXT_ID MAP_GET_NEXT_ID PROG_GET_FD_BY_ID MAP_GET_FD_BY_ID
    OBJ_GET_INFO_BY_FD PROG_QUERY RAW_TRACEPOINT_OPEN BTF_LOAD BTF_GET_FD_BY_ID TASK_FD_QUERY
    MAP_LOOKUP_AND_DELETE_ELEM MAP_FREEZE BTF_GET_NEXT_ID MAP_LOOKUP_BATCH MAP_LOOKUP_AND_DELETE_BATCH
    MAP_UPDATE_BATCH MAP_DELETE_BATCH LINK_CREATE LINK_UPDATE LINK_GET_FD_BY_ID LINK_GET_NEXT_ID ENABLE_STATS
    ITER_CREATE LINK_DETACH PROG_BIND_MAP TOKEN_CREATE
    """,
)
UNLINK_FLAGS: Final = {"AT_REMOVEDIR": 0x200}
LINK_FLAGS: Final = {"AT_SYMLINK_FOLLOW": 0x400, "AT_EMPTY_PATH": 0x1000}
RENAME_FLAGS: Final = {"RENAME_NOREPLACE": 1, "RENAME_EXCHANGE": 2, "RENAME_WHITEOUT": 4}
UMOUNT_FLAGS: Final = {"FORCE": 1, "DETACH": 2, "EXPIRE": 4, "NOFOLLOW": 8}
MEMFD_FLAGS: Final = {"MFD_CLOEXEC": 1, "MFD_ALLOW_SEALING": 2, "MFD_HUGETLB": 4, "MFD_NOEXEC_SEAL": 8, "MFD_EXEC": 16}
MODULE_FLAGS: Final = {
    "MODULE_INIT_IGNORE_MODVERSIONS": 1,
    "MODULE_INIT_IGNORE_VERMAGIC": 2,
    "MODULE_INIT_COMPRESSED_FILE": 4,
}
MOUNT_FLAGS: Final = {
    name: 1 << bit
    for bit, name in (
        _from(0, "RDONLY NOSUID NODEV NOEXEC SYNCHRONOUS REMOUNT MANDLOCK DIRSYNC")
        | _from(10, "NOATIME NODIRATIME BIND MOVE REC SILENT POSIXACL UNBINDABLE PRIVATE SLAVE")
        | _from(20, "SHARED RELATIME KERNMOUNT I_VERSION STRICTATIME LAZYTIME")
    ).items()
}
SIGNALS: Final = {int(one): one.name for one in signal.Signals}
FAMILIES: Final = {int(one): one.name for one in socket.AddressFamily} | {1: "AF_LOCAL"}


def ptrace_request(number: int) -> str:
    """Return `PTRACE_ATTACH`; the number of a request that this table does not know."""
    name = PTRACE_REQUESTS.get(number)
    return str(number) if name is None else f"PTRACE_{name}"


def bpf_command(number: int) -> str:
    """Return `BPF_PROG_LOAD`; the number of a command that this table does not know."""
    name = BPF_COMMANDS.get(number)
    return str(number) if name is None else f"BPF_{name}"


def signal_name(number: int) -> str:
    """Return `SIGKILL`; the number of one without a name, as 0 is."""
    return SIGNALS.get(number, str(number))


def family_name(number: int) -> str:
    """Return `AF_PACKET`, for unix sockets `AF_LOCAL` as Falco has it; the number of a family without a name."""
    return FAMILIES.get(number, str(number))
