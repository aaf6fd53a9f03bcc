"""Names of users and groups, on the host and inside containers, from the `/etc` of a process's own root."""

import os
import stat
import time
from pathlib import Path
from typing import Final, NamedTuple

MAX_BYTES: Final = 1 << 20
MAX_AGE: Final = 10.0
"""Seconds after which the files are read again: users come and go."""
MAX_FILES: Final = 1024
UNKNOWN_ID: Final = 0xFFFFFFFF

Names = dict[int, bytes]


class Accounts(NamedTuple):
    """The names of a root's users and groups by their ids."""

    users: Names
    groups: Names


NOBODY: Final = Accounts({}, {})


def parse_names(text: bytes) -> Names:
    """Return the first name of each id in a passwd(5) or group(5) file; lines that are none are passed over."""
    names: Names = {}
    for line in text.splitlines():
        fields = line.split(b":")
        if len(fields) >= 3 and fields[0] and fields[2].isdigit():
            names.setdefault(int(fields[2]), fields[0])
    return names


def read_accounts(root: Path) -> Accounts:
    """Return the users and groups of the file system at `root`; none where it has no readable file of them.

    No symbolic link is followed: inside a container it may point out of it.
    """
    try:
        top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            etc = os.open("etc", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
        finally:
            os.close(top)
    except OSError:
        return NOBODY
    try:
        return Accounts(_names("passwd", etc), _names("group", etc))
    finally:
        os.close(etc)


def _names(name: str, folder: int) -> Names:
    try:
        found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return {}
    with os.fdopen(found, "rb") as file:
        return parse_names(file.read(MAX_BYTES)) if stat.S_ISREG(os.fstat(found).st_mode) else {}


class Users:
    """Names of users and groups by container and id; files are read again when what is known of them is old."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._known: dict[str, tuple[float, Accounts]] = {}

    def name(self, uid: int, container: str | None, pid: int) -> bytes:
        """Return the name of a user where the process `pid` lives; empty if it has none there."""
        return self._accounts(container, pid).users.get(uid, b"")

    def group(self, gid: int, container: str | None, pid: int) -> bytes:
        """Return the name of a group where the process `pid` lives; empty if it has none there."""
        return self._accounts(container, pid).groups.get(gid, b"")

    def _accounts(self, container: str | None, pid: int) -> Accounts:
        where = container or ""
        read_at, known = self._known.get(where, (-MAX_AGE, NOBODY))
        if time.monotonic() - read_at >= MAX_AGE:
            known = self._read(container, pid, known)
            self._known.pop(where, None)
            self._known[where] = time.monotonic(), known
            if len(self._known) > MAX_FILES:
                del self._known[next(iter(self._known))]
        return known

    def _read(self, container: str | None, pid: int, known: Accounts) -> Accounts:
        """Return what is there now; what was known stays where a process that is gone cannot tell."""
        found = read_accounts(self._proc / str(pid) / "root" if container else Path("/"))
        return Accounts(found.users or known.users, found.groups or known.groups)
