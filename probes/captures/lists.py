"""Reads the lists that stand before the events: the machine, its processes, their descriptors, its users.

Layouts: falcosecurity/libs, userspace/libscap. Newer entries begin with their size, so what is added at an end is
passed over.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from probes.captures import layout
from probes.captures.damage import BrokenError
from probes.captures.descriptors import DIRECTORY, FIFO, SOCKET, Descriptor, Descriptors
from probes.captures.flags import open_flags_of
from probes.captures.sockets import INET, INET6, UNIX

CLOEXEC: Final = 0o2000000
UNSET: Final = 0xFFFFFFFF
OLD_TAIL: Final = 29
"""An entry with no more than this after its root has no terminal: two fields were put in before loginuid later."""


NAMED_KINDS: Final = 21
"""Kinds of descriptors that are known; those that have no case of their own have a name and nothing else."""


class Cursor:
    """Reads values one after the other from a part of a block."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self._data = data
        self.at = at
        self.end = len(data) if end is None else end

    def left(self) -> int:
        """Return how many bytes are left."""
        return self.end - self.at

    def take(self, size: int) -> bytes:
        """Return the next bytes. Raises BrokenError if there are fewer."""
        if size > self.left():
            raise BrokenError("an entry of a list is longer than the list")
        self.at += size
        return self._data[self.at - size : self.at]

    def number(self, form: str) -> int:
        """Return the next number, of a format of `struct`. Raises BrokenError."""
        (value,) = struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}")))
        return int(value)

    def number_or(self, form: str, absent: int) -> int:
        """Return the next number, or `absent` where the entry has ended."""
        return self.number(form) if self.left() >= struct.calcsize(f"<{form}") else absent

    def text(self) -> bytes:
        """Return the next text, which has its size before it. Raises BrokenError."""
        return self.take(self.number("H"))

    def entry(self, *, sized: bool) -> "Cursor":
        """Return a cursor for the next entry; if it tells its size, this one goes past it. Raises BrokenError."""
        if not sized:
            return self
        size = self.number("I")
        start = self.at
        if size < 4:
            raise BrokenError("an entry of a list has no size")
        self.take(size - 4)
        return Cursor(self._data, start, self.at)


class Machine(NamedTuple):
    """Where the capture was made."""

    host: str


class Process(NamedTuple):
    """A thread that ran when the capture began; numbers of users and such are UNSET if not known."""

    tid: int
    pid: int
    ptid: int
    sid: int
    name: bytes
    exe: bytes
    exepath: bytes
    args: bytes
    cwd: bytes
    uid: int
    gid: int
    vpid: int
    cgroups: bytes
    tty: int
    loginuid: int
    cap_inheritable: int
    cap_permitted: int
    cap_effective: int
    exe_flags: int
    exe_ino: int
    exe_ctime: int
    exe_mtime: int
    pgid: int
    vpgid: int
    env: bytes


def machine(body: bytes) -> Machine:
    """Return what the machine block says. Raises BrokenError."""
    cursor = Cursor(body)
    cursor.take(20)
    return Machine(cursor.take(128).partition(b"\0")[0].decode("utf-8", "replace"))


def processes(type: int, body: bytes) -> Iterator[Process]:
    """Yield the entries of a process list. Raises BrokenError."""
    version, cursor = layout.PROCESSES[type], Cursor(body)
    while cursor.left() >= 4:
        yield _process(cursor.entry(sized=version >= 9), version)


def _process(c: Cursor, version: int) -> Process:
    tid, pid, ptid = c.number("Q"), c.number("Q"), c.number("q")
    sid = c.number("q") if version >= 6 else 0
    vpgid = c.number("q") if version >= 8 else 0
    name, exe = c.text(), c.text()
    exepath = c.text() if version >= 7 else b""
    args, cwd = c.text(), c.text()
    c.take(12)
    uid, gid = c.number("I"), c.number("I")
    if version >= 2:
        c.take(28)
    env = c.text() if version >= 3 else b""
    vpid, cgroups = 0, b""
    if version >= 4:
        c.take(8)
        vpid, cgroups = c.number("q"), c.text()
    if version >= 5:
        c.text()
    tail = _Tail(UNSET, UNSET)
    if version >= 9:
        tail = _tail(c)
    return Process(
        *(tid & UNSET, pid & UNSET, max(ptid, 0) & UNSET, max(sid, 0) & UNSET, name, exe, exepath, args, cwd, uid, gid),
        *(max(vpid, 0) & UNSET, cgroups),
        *tail,
        max(vpgid, 0) & UNSET,
        env,
    )


class _Tail(NamedTuple):
    tty: int
    loginuid: int
    cap_inheritable: int = 0
    cap_permitted: int = 0
    cap_effective: int = 0
    exe_flags: int = 0
    """As events tell them: PPM_EXE_*."""
    exe_ino: int = 0
    exe_ctime: int = 0
    exe_mtime: int = 0
    pgid: int = 0


def _tail(c: Cursor) -> _Tail:
    tty = UNSET
    if c.left() > OLD_TAIL:
        c.take(8)
        tty = c.number("I")
    loginuid, writable = c.number_or("I", UNSET), c.number_or("B", 0)
    inheritable, permitted, effective = (c.number_or("Q", 0) for _ in range(3))
    upper = c.number_or("B", 0)
    ino, ctime, mtime = (c.number_or("Q", 0) for _ in range(3))
    in_memory, lower = c.number_or("B", 0), c.number_or("B", 0)
    flags = sum(bool(one) << place for place, one in enumerate((writable, upper, in_memory, lower)))
    pgid = max(c.number_or("q", 0), 0) & UNSET
    return _Tail(tty, loginuid, inheritable, permitted, effective, flags, ino, ctime, mtime, pgid)


def descriptors(type: int, body: bytes) -> tuple[int, Descriptors]:
    """Return the thread that a descriptor list is of, and what it has open. Raises BrokenError."""
    sized, cursor = layout.DESCRIPTORS[type] >= 2, Cursor(body)
    tid = cursor.number("Q") & UNSET
    found: Descriptors = {}
    while cursor.left() >= 4:
        entry = cursor.entry(sized=sized)
        number = entry.number("q")
        entry.take(8)
        found[number] = _descriptor(entry, entry.number("B"))
    return tid, found


def _descriptor(c: Cursor, kind: int) -> Descriptor:
    match kind:
        case 3 | 4:
            size = 4 if kind == 3 else 16
            local, remote, near, far = c.take(size), c.take(size), c.number("H"), c.number("H")
            family = INET if kind == 3 else INET6
            return Descriptor(SOCKET, b"", family, _protocol(c.number("B")), local, near, remote, far)
        case 5 | 6:
            size = 4 if kind == 5 else 16
            local, near = c.take(size), c.number("H")
            return Descriptor(SOCKET, b"", INET if kind == 5 else INET6, _protocol(c.number("B")), local, near)
        case 8:
            c.take(16)
            return Descriptor(SOCKET, c.text(), UNIX)
        case 16:
            flags = open_flags_of(c.number("I"))
            return Descriptor(0, c.text(), closes_on_exec=bool(flags & CLOEXEC))
        case 2:
            return Descriptor(DIRECTORY, c.text())
        case 7:
            c.text()
            return Descriptor(FIFO)
        case 1:
            return Descriptor(0, c.text())
        case 0:
            return Descriptor()
        case _ if kind <= NAMED_KINDS:
            c.text()
            return Descriptor()
        case _:
            return Descriptor()


PROTOCOLS: Final = {2: 6, 3: 17, 4: 1}
"""IPPROTO_* by the capture's number: TCP, UDP, ICMP."""


def _protocol(number: int) -> int:
    return PROTOCOLS.get(number, 0)


def users(type: int, body: bytes) -> dict[int, bytes]:
    """Return the names of a user list by id. Raises BrokenError."""
    sized, cursor = layout.USERS[type] >= 2, Cursor(body)
    names: dict[int, bytes] = {}
    while cursor.left() >= 4:
        entry = cursor.entry(sized=sized)
        if entry.number("B") != 0:
            entry.number("I")
            entry.text()
            continue
        uid = entry.number("I")
        entry.number("I")
        names.setdefault(uid, entry.text())
        entry.text()
        entry.text()
    return names
