"""Processes that ran before the probes were attached, from /proc.

Source: proc(5). Bytes, not text: names and paths need not be UTF-8.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

TICK_NS: Final = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class ProcStatus(NamedTuple):
    """What /proc tells of a process; `start` in ns since boot, exact to a clock tick."""

    pid: int
    vpid: int
    ppid: int
    sid: int
    tty: int
    start: int
    uid: int
    gid: int
    loginuid: int
    cap_permitted: int
    cap_effective: int
    cap_inheritable: int
    name: bytes
    exepath: bytes
    args: bytes
    cwd: bytes
    cgroup: bytes
    env: bytes
    pgid: int
    vpgid: int
    exe_ino: int
    exe_ctime: int
    exe_mtime: int


def boot_offset_ns() -> int:
    """Return what must be added to a time since boot to make it a time since the epoch, ns."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def processes(proc: Path = Path("/proc")) -> Iterator[ProcStatus]:
    """Yield every process of the machine; those that end meanwhile are passed over."""
    for entry in sorted(int(p.name) for p in proc.iterdir() if p.name.isdigit()):
        status = read_process(proc / str(entry))
        if status:
            yield status


def read_process(folder: Path) -> ProcStatus | None:
    """Return what a process's folder in /proc tells; None if the process is gone."""
    try:
        stat = (folder / "stat").read_bytes()
        status = _colon_separated((folder / "status").read_bytes())
        name, fields = parse_stat(stat)
        ino, ctime, mtime = _executable(folder / "exe")
        return ProcStatus(
            pid=int(folder.name),
            vpid=int(status[b"NSpid"].split()[-1]) if b"NSpid" in status else int(folder.name),
            ppid=fields[1],
            sid=fields[3],
            tty=fields[4] & 0xFFFFFFFF,
            start=fields[19] * TICK_NS,
            uid=int(status[b"Uid"].split()[1]),
            gid=int(status[b"Gid"].split()[1]),
            loginuid=_loginuid(folder),
            cap_permitted=int(status[b"CapPrm"], 16),
            cap_effective=int(status[b"CapEff"], 16),
            cap_inheritable=int(status[b"CapInh"], 16),
            name=name,
            exepath=_link(folder / "exe"),
            args=(folder / "cmdline").read_bytes()[:4096],
            cwd=_link(folder / "cwd"),
            cgroup=main_cgroup((folder / "cgroup").read_bytes()),
            env=(folder / "environ").read_bytes()[:4096],
            pgid=fields[2],
            vpgid=int(status[b"NSpgid"].split()[-1]) if b"NSpgid" in status else fields[2],
            exe_ino=ino,
            exe_ctime=ctime,
            exe_mtime=mtime,
        )
    except (OSError, ValueError, KeyError, IndexError):
        return None


def parse_stat(text: bytes) -> tuple[bytes, list[int]]:
    """Return the name and the numbers after the state of /proc/PID/stat; raises ValueError if it is none.

    Index 0 stands for the state (0), 1 is the parent, 2 the process group, 3 the session, 4 the terminal, 19 the start
    in clock ticks. The name may hold blanks and parentheses: it ends at the last one.
    """
    opening, closing = text.find(b"("), text.rfind(b")")
    if opening < 0 or closing < opening:
        raise ValueError("not a stat file: no name in parentheses")
    return text[opening + 1 : closing], [0, *map(int, text[closing + 1 :].split()[1:])]


def main_cgroup(text: bytes) -> bytes:
    """Return the cgroup path that names a container best: that of the memory controller, or of cgroup v2."""
    paths = {}
    for line in text.splitlines():
        parts = line.split(b":", 2)
        if len(parts) == 3:
            paths.update(dict.fromkeys(parts[1].split(b","), parts[2]))
    return paths.get(b"memory") or paths.get(b"") or b""


def _colon_separated(text: bytes) -> dict[bytes, bytes]:
    pairs = (line.partition(b":") for line in text.splitlines())
    return {key: value.strip() for key, _, value in pairs}


def _link(path: Path) -> bytes:
    try:
        return os.fsencode(path.readlink())
    except OSError:  # kernel threads have no executable
        return b""


def _executable(path: Path) -> tuple[int, int, int]:
    """Return inode number and times of change, of the inode and of the content, ns since the epoch."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_ctime_ns, found.st_mtime_ns


def _loginuid(folder: Path) -> int:
    try:
        return int((folder / "loginuid").read_bytes())
    except OSError:
        return 0xFFFFFFFF
