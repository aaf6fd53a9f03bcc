"""The processes of a capture: from its list, and from its events since."""

from collections import OrderedDict
from typing import Any, Final

import msgspec

from probes.captures.descriptors import Descriptors, kept_by_exec
from probes.captures.lists import Process
from probes.captures.parameters import text_of
from probes.containers import container_in
from probes.executables import IN_MEMORY, KNOWN, LAYERS_KNOWN, LOWER_LAYER, UPPER_LAYER, WRITABLE
from probes.processes import PAST_IMAGES, Image
from probes.users import UNKNOWN_ID
from schemas.types.syscalls import Container

MAX_ARGS: Final = 4096
MAX_NAME: Final = 15
WORD: Final = 8
ALL_BITS: Final = 0xFFFFFFFFFFFFFFFF
LATEST: Final = 4_102_444_800 * 1_000_000_000
"""The year 2100: some captures hold times of files that were read from the wrong place."""
LAYERS_OF_LISTS: Final = 0b1110
"""Upper layer, in memory and lower layer, as captures tell them."""
PROGRAM_UNKNOWN: Final = {"env": b"", "exe_ino": 0, "exe_ctime": 0, "exe_mtime": 0, "exe_flags": 0}
CLONE_FILES: Final = 0x400
CLONE_THREAD: Final = 0x10000
ID_PREFIX: Final = 12
"""Falco names containers by so much of their id."""


class Processes:
    """Processes by pid. Each change makes a new image, told apart by `exec`, which here counts the changes of all."""

    def __init__(self) -> None:
        self._current: dict[int, Image] = {}
        self._past: OrderedDict[tuple[int, int | None], Image] = OrderedDict()
        self._threads: dict[int, int] = {}
        self._descriptors: dict[int, Descriptors] = {}
        self._names: dict[tuple[str, int], bytes] = {}
        self._changes = 0

    def load(self, entries: list[Process]) -> None:
        """Take in the processes of a list."""
        self._threads |= {entry.tid: entry.pid for entry in entries}
        for entry in entries:
            if entry.tid == entry.pid:
                self._put(self._listed(entry))

    def _listed(self, entry: Process) -> Image:
        cgroup, container = cgroup_in(entry.cgroups)
        return Image(
            pid=entry.pid,
            vpid=entry.vpid,
            ppid=self.pid(entry.ptid) if entry.ptid else 0,
            sid=entry.sid,
            uid=entry.uid,
            gid=entry.gid,
            loginuid=entry.loginuid,
            tty=entry.tty,
            cap_permitted=entry.cap_permitted,
            cap_effective=entry.cap_effective,
            cap_inheritable=entry.cap_inheritable,
            name=entry.name[:MAX_NAME],
            exepath=entry.exepath,
            args=arguments(entry.exe, entry.args),
            cwd=directory(entry.cwd),
            cgroup=cgroup,
            container=container,
            env=strings(entry.env),
            pgid=entry.pgid,
            vpgid=entry.vpgid,
            exe_ino=entry.exe_ino,
            exe_ctime=time_of(entry.exe_ctime),
            exe_mtime=time_of(entry.exe_mtime),
            # lists are made from /proc, which tells no layers: a bit that is not set says nothing
            exe_flags=executable_flags(entry.exe_flags) if entry.exe_flags & LAYERS_OF_LISTS else 0,
        )

    def open_files(self, tid: int, found: Descriptors) -> None:
        """Take in what a thread has open."""
        self.descriptors(self.pid(tid)).update(found)

    def add_users(self, names: dict[int, bytes], container: str = "") -> None:
        """Take in names of users, of the host or of a container."""
        for uid, name in names.items():
            self._names[container[:ID_PREFIX], uid] = name

    def pid(self, tid: int) -> int:
        """Return the process of a thread."""
        return self._threads.get(tid, tid)

    def of(self, tid: int) -> Image:
        """Return the image of a thread's process; one with its number alone if nothing is known of it."""
        pid = self._threads.get(tid, tid)
        return self._current.get(pid) or self._put(Image(pid=pid, known=False))

    def parent(self, image: Image) -> Image | None:
        """Return the parent's image, as it was when the process began, if it is known."""
        current = self._current.get(image.ppid)
        if current and image.parent_exec in (None, current.exec):
            return current
        return self._past.get((image.ppid, image.parent_exec)) or current

    def descriptors(self, pid: int) -> Descriptors:
        """Return what a process has open."""
        found = self._descriptors.get(pid)
        if found is None:
            found = self._descriptors[pid] = {}
        return found

    def change(self, image: Image, **fields: Any) -> None:
        """Give a process new values."""
        self._put(msgspec.structs.replace(image, **fields))

    def exec(self, tid: int, told: dict[str, bytes]) -> Image:
        """Take in a process that runs a new program; what the event does not tell of the process stays as it was."""
        before = self.of(tid)
        fields = PROGRAM_UNKNOWN | identity(told)
        fields["args"] = arguments(told.get("exe", b""), told.get("args", b""))
        fields["exepath"] = text_of(told.get("exepath", b""))
        parent = self._current.get(self.pid(number(told, "ptid", 0)))
        if parent:
            fields |= {"ppid": parent.pid, "parent_exec": parent.exec}
        self._descriptors[before.pid] = kept_by_exec(self.descriptors(before.pid))
        return self._put(msgspec.structs.replace(before, known=True, **fields))

    def fork(self, tid: int, time: int, told: dict[str, bytes], flags: int) -> bool:
        """Take in a fork as the parent or the child tells it; return whether it is a parent's that made a process."""
        result = number(told, "result", 0)
        if result == 0:
            self._born(tid, time, told, flags)
            return False
        if result < 0:
            return False
        image, result = self.of(tid), result & UNKNOWN_ID
        if flags & CLONE_THREAD:
            self._join(result, image.pid)
            return False
        if result not in self._current and image.vpid in (0, image.pid):
            self._inherit(image, result, time, flags)
        return True

    def _born(self, tid: int, time: int, told: dict[str, bytes], flags: int) -> None:
        """Take in what a new thread tells of itself."""
        pid = number(told, "pid", tid) & UNKNOWN_ID
        if flags & CLONE_THREAD or pid != tid:
            self._join(tid, pid)
            return
        self._threads.pop(tid, None)
        parent = self._current.get(self.pid(number(told, "ptid", 0)))
        known = self._current.get(tid)
        if known is None or parent is None or known.ppid != parent.pid or known.start == 0:
            known = self._inherit(parent or Image(pid=0), tid, time, flags)
        fields = identity(told) | {"args": arguments(told.get("exe", b""), told.get("args", b""))}
        self._put(msgspec.structs.replace(known, known=True, **fields))

    def _join(self, tid: int, pid: int) -> None:
        """Take in that a thread belongs to a process; it was taken for one of its own if it was not known."""
        if tid != pid:
            stranger = self._current.get(tid)
            if stranger and not stranger.known:
                del self._current[tid]
            self._threads[tid] = pid

    def _inherit(self, parent: Image, pid: int, time: int, flags: int) -> Image:
        opened = self.descriptors(parent.pid)
        self._descriptors[pid] = opened if flags & CLONE_FILES else dict(opened)
        return self._put(
            msgspec.structs.replace(
                parent, pid=pid, vpid=0, start=time, ppid=parent.pid, parent_exec=parent.exec, known=parent.known
            )
        )

    def exit(self, tid: int) -> bool:
        """Take in the end of a thread; return whether its process ends with it."""
        if self._threads.pop(tid, tid) != tid:
            return False
        image = self._current.pop(tid, None)
        if image:
            self._retire(image)
        self._descriptors.pop(tid, None)
        return True

    def _put(self, image: Image) -> Image:
        before = self._current.get(image.pid)
        if before:
            self._retire(before)
        self._changes += 1
        where = image.container.id[:ID_PREFIX] if image.container else ""
        user = self._names.get((where, image.uid), b"")
        image = msgspec.structs.replace(image, exec=self._changes, user=user)
        self._current[image.pid] = image
        return image

    def _retire(self, image: Image) -> None:
        self._past[image.pid, image.exec] = image
        if len(self._past) > PAST_IMAGES:
            self._past.popitem(last=False)


def identity(told: dict[str, bytes]) -> dict[str, Any]:
    """Return the fields of an image that an event of its life tells."""
    fields: dict[str, Any] = {
        field: number(told, field, UNKNOWN_ID) & UNKNOWN_ID
        for field in ("uid", "gid", "loginuid", "tty", "vpid", "vpgid", "pgid")
        if told.get(field)
    }
    for field in ("cap_inheritable", "cap_permitted", "cap_effective", "exe_ino", "exe_ctime", "exe_mtime"):
        if told.get(field):
            fields[field] = number(told, field, 0) & ALL_BITS
    for field in ("exe_ctime", "exe_mtime"):
        if field in fields:
            fields[field] = time_of(fields[field])
    if told.get("pgid") and told.get("exe_flags"):
        fields["exe_flags"] = executable_flags(number(told, "exe_flags", 0))
    if "env" in told:
        fields["env"] = strings(told["env"])
    if text_of(told.get("comm", b"")):
        fields["name"] = text_of(told["comm"])[:MAX_NAME]
    if text_of(told.get("cwd", b"")).startswith(b"/"):
        fields["cwd"] = directory(text_of(told["cwd"]))
    if told.get("cgroups"):
        fields["cgroup"], fields["container"] = cgroup_in(told["cgroups"])
    return fields


def number(told: dict[str, bytes], field: str, absent: int) -> int:
    """Return a number of an event; those of 8 bytes have a sign."""
    value = told.get(field, b"")[:WORD]
    return int.from_bytes(value, "little", signed=len(value) == WORD) if value else absent


def arguments(exe: bytes, rest: bytes) -> bytes:
    """Return argv, each argument ended by NUL, of its first argument and the others."""
    first = text_of(exe)
    if rest and not rest.endswith(b"\0"):
        rest += b"\0"
    return (first + b"\0" + rest)[:MAX_ARGS] if first or rest else b""


def time_of(told: int) -> int:
    """Return a time of a capture, 0 for what can be none."""
    return told if told < LATEST else 0


def strings(told: bytes) -> bytes:
    """Return strings one after the other, each ended by NUL."""
    return (told if told.endswith(b"\0") or not told else told + b"\0")[:MAX_ARGS]


def executable_flags(told: int) -> int:
    """Return the bits of `process_exe_flags` for those of a capture (PPM_EXE_* of falcosecurity/libs)."""
    bits = (WRITABLE, UPPER_LAYER, IN_MEMORY, LOWER_LAYER)
    return sum(bit for place, bit in enumerate(bits) if told >> place & 1) | KNOWN | LAYERS_KNOWN


def directory(path: bytes) -> bytes:
    """Return a directory's path without the slash that captures write after it."""
    return path.rstrip(b"/") or path[:1]


def cgroup_in(told: bytes) -> tuple[bytes, Container | None]:
    """Return the cgroup that names a container best, and the container; the capture lists `controller=path` each."""
    paths = dict(entry.partition(b"=")[::2] for entry in told.split(b"\0") if b"=" in entry)
    for path in paths.values():
        found = container_in(path)
        if found:
            return path, Container(id=found[1], runtime=found[0])
    return paths.get(b"memory") or next(iter(paths.values()), b""), None
