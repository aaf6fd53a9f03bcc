"""The table of processes: what each is, from /proc at the start and from the kernel's events since.

A process *image* is what one exec made: it is named by pid and the kernel's count of execs, and checked by the
start of the process. Events name the image they belong to, so the order of rings does not matter.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np

from probes.containers import Runtimes
from probes.executables import executable_flags
from probes.procfs import TICK_NS, ProcStatus
from probes.records import joined
from probes.users import UNKNOWN_ID, Users
from schemas.types.syscalls import Container

PAST_IMAGES: Final = 8192
"""How many images that ended, or were replaced by an exec, are kept for late events and as ancestors."""


class Image(msgspec.Struct, frozen=True):
    """What a process is between two execs.

    `start` and `pidns_start` are in ns since boot; `exec` is None until an event tells it.
    """

    pid: int
    start: int = 0
    exec: int | None = None
    vpid: int = 0
    ppid: int = 0
    parent_exec: int | None = None
    sid: int = 0
    uid: int = UNKNOWN_ID
    gid: int = UNKNOWN_ID
    loginuid: int = UNKNOWN_ID
    tty: int = UNKNOWN_ID
    cap_permitted: int = 0
    cap_effective: int = 0
    cap_inheritable: int = 0
    name: bytes = b""
    exepath: bytes = b""
    args: bytes = b""
    cwd: bytes = b""
    user: bytes = b""
    group: bytes = b""
    login: bytes = b""
    cgroup: bytes = b""
    container: Container | None = None
    known: bool = True
    env: bytes = b""
    pgid: int = 0
    vpgid: int = 0
    exe_ino: int = 0
    exe_ctime: int = 0
    exe_mtime: int = 0
    pidns_start: int = 0
    exe_flags: int = 0
    """See `process_exe_flags` of the batch; 0 if they are not known."""


class ProcessTable:
    """All processes of the machine and those that ended lately."""

    def __init__(self, runtimes: Runtimes, users: Users) -> None:
        self._runtimes = runtimes
        self._users = users
        self._current: dict[int, Image] = {}
        self._past: OrderedDict[tuple[int, int | None], Image] = OrderedDict()

    def __len__(self) -> int:
        return len(self._current)

    def add(self, image: Image) -> None:
        """Take in a process that is known already."""
        self._replace(image)

    def load(self, found: Iterable[ProcStatus]) -> None:
        """Take in processes that run already."""
        for status in found:
            fields = status._asdict()
            container = self._runtimes.container(status.cgroup)
            self._current[status.pid] = Image(
                **fields,
                container=container,
                user=self._user(status.uid, container, status.pid),
                group=self._group(status.gid, container, status.pid),
                login=self._user(status.loginuid, container, status.pid),
            )

    def fork(self, header: np.void) -> None:
        """Take in a new process: what its parent is, with an id of its own."""
        parent = self.find(header)
        pid = int(header["result"])
        self._replace(
            msgspec.structs.replace(
                parent,
                pid=pid,
                start=int(header["extra"]),
                exec=int(header["exec"]),
                vpid=int(header["mode"]),
                ppid=parent.pid,
                parent_exec=parent.exec,
            )
        )

    def exec(self, record: np.void) -> None:
        """Take in a process that runs a new program."""
        header, identity = record["h"], record["i"]
        pid, uid, ppid = int(header["pid"]), int(header["uid"]), int(identity["ppid"])
        gid, loginuid = int(identity["gid"]), int(identity["loginuid"])
        parent = self._current.get(ppid)
        cgroup = joined(_text(record, "cgroup"))
        container = self._runtimes.container(cgroup)
        notes = int(header["notes"])
        args, exepath = _text(record, "args"), joined(_text(record, "exe"), notes)
        cwd = joined(_text(record, "cwd"), notes)
        present = self._current.get(pid)
        if present and present.exec is None and (present.args, present.exepath) == (args, exepath):
            cwd = present.cwd  # /proc knows this program already, and where it went since
        self._replace(
            Image(
                pid=pid,
                start=int(header["start"]),
                exec=int(header["exec"]),
                vpid=int(identity["vpid"]),
                ppid=ppid,
                parent_exec=parent.exec if parent else None,
                sid=int(identity["sid"]),
                uid=uid,
                gid=gid,
                loginuid=loginuid,
                tty=int(identity["tty"]),
                cap_permitted=int(identity["cap_permitted"]),
                cap_effective=int(identity["cap_effective"]),
                cap_inheritable=int(identity["cap_inheritable"]),
                name=bytes(header["comm"]),
                exepath=exepath,
                args=args,
                cwd=cwd,
                user=self._user(uid, container, pid),
                group=self._group(gid, container, pid),
                login=self._user(loginuid, container, pid),
                cgroup=cgroup,
                container=container,
                env=_text(record, "env"),
                pgid=int(identity["pgid"]),
                vpgid=int(identity["vpgid"]),
                exe_ino=int(identity["exe_ino"]),
                exe_ctime=int(identity["exe_ctime"]),
                exe_mtime=int(identity["exe_mtime"]),
                pidns_start=int(identity["pidns_start"]),
                exe_flags=executable_flags(identity, uid, exepath),
            )
        )

    def change_directory(self, header: np.void, cwd: bytes) -> None:
        """Take in a process's new working directory."""
        image = self.find(header)
        if self._current.get(image.pid) is image:
            self._current[image.pid] = msgspec.structs.replace(image, cwd=cwd)

    def exit(self, pid: int, start: int) -> None:
        """Take note that a process ended; it is kept for a while."""
        image = self._current.get(pid)
        if image and _same_start(image.start, start):
            self._retire(self._current.pop(pid))

    def find(self, header: np.void) -> Image:
        """Return the image that an event belongs to; one with pid, user and name alone if it is not known."""
        pid, start, uid = int(header["pid"]), int(header["start"]), int(header["uid"])
        image = self._identified(pid, start, int(header["exec"]))
        if image is None:
            name = bytes(header["comm"])
            image = Image(pid=pid, start=start, exec=int(header["exec"]), uid=uid, name=name, known=False)
        if image.uid != uid:
            image = msgspec.structs.replace(image, uid=uid, user=self._user(uid, image.container, pid))
        return image

    def parent(self, image: Image) -> Image | None:
        """Return the parent's image, if it is still known."""
        current = self._current.get(image.ppid)
        if current and image.parent_exec in (None, current.exec):
            return current
        return self._past.get((image.ppid, image.parent_exec)) or current

    def _identified(self, pid: int, start: int, execs: int) -> Image | None:
        image = self._current.get(pid)
        if image and _same_start(image.start, start):
            if image.exec is None:  # from /proc, which does not tell the count of execs
                image = msgspec.structs.replace(image, exec=execs, start=start)
                self._current[pid] = image
            if image.exec == execs:
                return image
        past = self._past.get((pid, execs))
        return past if past and _same_start(past.start, start) else None

    def _replace(self, image: Image) -> None:
        before = self._current.get(image.pid)
        if before:
            self._retire(before)
        self._current[image.pid] = image

    def _retire(self, image: Image) -> None:
        self._past[image.pid, image.exec] = image
        if len(self._past) > PAST_IMAGES:
            self._past.popitem(last=False)

    def _user(self, uid: int, container: Container | None, pid: int) -> bytes:
        return self._users.name(uid, container.id if container else None, pid)

    def _group(self, gid: int, container: Container | None, pid: int) -> bytes:
        return self._users.group(gid, container.id if container else None, pid)


def _same_start(one: int, other: int) -> bool:
    return abs(one - other) <= 2 * TICK_NS  # /proc tells it in clock ticks


def _text(record: np.void, name: str) -> bytes:
    return bytes(record[name].tobytes()[: record["i"][f"{name}_len"]])
