"""Event types, and for each system call that is seen: its numbers, and which of its arguments mean what."""

from typing import Final, NamedTuple

NONE: Final = 255
RESULT: Final = 254
"""Stands for the value that the call returned, where an argument is named."""

CLONE: Final = 1
EXECVE: Final = 2
PROCEXIT: Final = 3
FIRST_CALL: Final = 16

PLAIN: Final = 0
ANY_DESCRIPTOR: Final = 1
"""The kernel tells what is behind the call's descriptor: the file's path or the socket's addresses."""
ADDRESS_REMOTE: Final = 2
ADDRESS_LOCAL: Final = 3
"""The same for sockets, with the address that the call was given."""
DIRECTORY_CHANGE: Final = 4
SEND: Final = 5
RECEIVE: Final = 7
"""The same, with the address that something is sent to or comes from, and what that is."""
SEND_MESSAGE: Final = 6
RECEIVE_MESSAGE: Final = 8
"""The same, with the address and what is sent or received in a `struct msghdr`."""


class Call(NamedTuple):
    """A system call: its name, numbers (x86-64, and 32-bit; -1 where it has none) and the places of its arguments."""

    name: str
    number: int
    compat: int
    kind: int = PLAIN
    path: int = NONE
    at: int = NONE
    """Descriptor of the directory that a relative path is relative to; NONE: the working directory."""
    path2: int = NONE
    at2: int = NONE
    flags: int = NONE
    how: int = NONE
    """Pointer to a `struct open_how` with flags and mode."""
    mode: int = NONE
    fd: int = NONE
    target: int = NONE
    """Process that the call acts on."""
    extra: int = NONE
    """The argument that says most beside those: see `event_argument` of the batch."""
    address: int = NONE
    text: bool = False
    """The first path is a text that names no file relative to a directory."""
    data: int = NONE
    """What is sent or received."""


CALLS: Final = (
    Call("open", 2, 5, path=0, flags=1, mode=2, fd=RESULT),
    Call("openat", 257, 295, at=0, path=1, flags=2, mode=3, fd=RESULT),
    Call("openat2", 437, 437, at=0, path=1, how=2, fd=RESULT),
    Call("creat", 85, 8, path=0, mode=1, fd=RESULT),
    Call("chdir", 80, 12, DIRECTORY_CHANGE, path=0),
    Call("fchdir", 81, 133, DIRECTORY_CHANGE, fd=0),
    Call("setns", 308, 346, fd=0, flags=1),
    Call("unshare", 272, 310, flags=0),
    Call("chmod", 90, 15, path=0, mode=1),
    Call("fchmod", 91, 94, ANY_DESCRIPTOR, fd=0, mode=1),
    Call("fchmodat", 268, 306, at=0, path=1, mode=2),
    Call("unlink", 87, 10, path=0),
    Call("unlinkat", 263, 301, at=0, path=1, flags=2),
    Call("rmdir", 84, 40, path=0),
    Call("mkdir", 83, 39, path=0, mode=1),
    Call("mkdirat", 258, 296, at=0, path=1, mode=2),
    Call("rename", 82, 38, path=0, path2=1),
    Call("renameat", 264, 302, at=0, path=1, at2=2, path2=3),
    Call("renameat2", 316, 353, at=0, path=1, at2=2, path2=3, flags=4),
    Call("link", 86, 9, path=0, path2=1),
    Call("linkat", 265, 303, at=0, path=1, at2=2, path2=3, flags=4),
    Call("symlink", 88, 83, path=0, path2=1, text=True),
    Call("symlinkat", 266, 304, path=0, at2=1, path2=2, text=True),
    Call("dup", 32, 41, ANY_DESCRIPTOR, fd=0, extra=RESULT),
    Call("dup2", 33, 63, ANY_DESCRIPTOR, fd=0, extra=1),
    Call("dup3", 292, 330, ANY_DESCRIPTOR, fd=0, extra=1, flags=2),
    Call("socket", 41, 359, fd=RESULT, extra=0, flags=1),
    Call("connect", 42, 362, ADDRESS_REMOTE, fd=0, address=1),
    Call("bind", 49, 361, ADDRESS_LOCAL, fd=0, address=1),
    Call("listen", 50, 363, ANY_DESCRIPTOR, fd=0, extra=1),
    Call("accept", 43, -1, ANY_DESCRIPTOR, fd=RESULT),
    Call("accept4", 288, 364, ANY_DESCRIPTOR, fd=RESULT, flags=3),
    Call("sendto", 44, 369, SEND, fd=0, data=1, address=4, flags=3),
    Call("sendmsg", 46, 370, SEND_MESSAGE, fd=0, data=1, address=1, flags=2),
    Call("recvfrom", 45, 371, RECEIVE, fd=0, data=1, address=4, flags=3),
    Call("recvmsg", 47, 372, RECEIVE_MESSAGE, fd=0, data=1, address=1, flags=2),
    Call("setuid", 105, 23, extra=0),
    Call("setgid", 106, 46, extra=0),
    Call("ptrace", 101, 26, extra=0, target=1),
    Call("kill", 62, 37, extra=1, target=0),
    Call("bpf", 321, 357, extra=0),
    Call("userfaultfd", 323, 374, flags=0, fd=RESULT),
    Call("init_module", 175, 128),
    Call("finit_module", 313, 350, ANY_DESCRIPTOR, fd=0, flags=2),
    Call("memfd_create", 319, 356, path=0, flags=1, fd=RESULT, text=True),
    Call("mount", 165, 21, path=0, path2=1, flags=3, text=True),
    Call("umount2", 166, 52, path=0, flags=1),
)
"""Numbers: arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl. The 32-bit table is anybody's to use."""

STATE_KEEPERS: Final = frozenset({"chdir", "fchdir"})
"""Calls that are always seen: the table of processes is kept by them."""

NAMES: Final = {CLONE: "clone", EXECVE: "execve", PROCEXIT: "procexit"} | {
    FIRST_CALL + place: call.name for place, call in enumerate(CALLS)
}
CODES: Final = {name: code for code, name in NAMES.items()}
CREAT: Final = CODES["creat"]
CHDIR: Final = frozenset({CODES["chdir"], CODES["fchdir"]})
TARGETS: Final = frozenset(CODES[call.name] for call in CALLS if call.target != NONE)
