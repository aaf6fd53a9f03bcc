"""Names of users, on the host and inside containers, from the `etc/passwd` of a process's own root."""

import os
import stat
import time
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 1 << 20
MAX_AGE: Final = 10.0
"""Seconds after which a passwd file is read again: users come and go."""
MAX_FILES: Final = 1024
UNKNOWN_ID: Final = 0xFFFFFFFF


def parse_passwd(text: bytes) -> dict[int, bytes]:
    """Return the first name of each user id in a passwd(5) file; lines that are none are passed over."""
    names: dict[int, bytes] = {}
    for line in text.splitlines():
        fields = line.split(b":")
        if len(fields) >= 3 and fields[0] and fields[2].isdigit():
            names.setdefault(int(fields[2]), fields[0])
    return names


def read_passwd(root: Path) -> dict[int, bytes]:
    """Return the users of the file system at `root`; none if it has no readable passwd file.

    No symbolic link is followed: inside a container it may point out of it.
    """
    try:
        top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            etc = os.open("etc", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
        finally:
            os.close(top)
        try:
            passwd = os.open("passwd", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=etc)
        finally:
            os.close(etc)
    except OSError:
        return {}
    with os.fdopen(passwd, "rb") as file:
        if not stat.S_ISREG(os.fstat(passwd).st_mode):
            return {}
        return parse_passwd(file.read(MAX_BYTES))


class Users:
    """User names by container and id; a passwd file is read again when what is known of it is old."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._names: dict[str, tuple[float, dict[int, bytes]]] = {}

    def name(self, uid: int, container: str | None, pid: int) -> bytes:
        """Return the name of a user where the process `pid` lives; empty if it has none there."""
        where = container or ""
        read_at, names = self._names.get(where, (-MAX_AGE, {}))
        if time.monotonic() - read_at >= MAX_AGE:
            names = read_passwd(self._proc / str(pid) / "root" if container else Path("/")) or names
            self._names.pop(where, None)
            self._names[where] = time.monotonic(), names
            if len(self._names) > MAX_FILES:
                del self._names[next(iter(self._names))]
        return names.get(uid, b"")
