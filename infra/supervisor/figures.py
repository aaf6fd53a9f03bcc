"""What the kernel says of a process: its age, memory and CPU time. Source: proc(5)."""

import os
from pathlib import Path
from typing import Final

import msgspec

TICKS: Final = os.sysconf("SC_CLK_TCK")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Figures(msgspec.Struct, frozen=True):
    """A process at one moment."""

    born: int
    """Clock ticks from boot to its start."""
    uptime: float
    """Seconds."""
    memory: int
    """Resident bytes."""
    cpu: float
    """Seconds of CPU time, user and system."""


def figures(pid: int) -> Figures | None:
    """Return the figures of a process, None if it is gone or has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        since_boot = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except OSError:
        return None
    return parse(text, since_boot)


def parse(stat: str, since_boot: float) -> Figures | None:
    """Return the figures in a line of /proc/PID/stat, None for a process that has ended."""
    # The name, in brackets, may hold anything, brackets and blanks too.
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    born = int(fields[19])
    return Figures(
        born=born,
        uptime=max(0.0, since_boot - born / TICKS),
        memory=int(fields[21]) * PAGE,
        cpu=(int(fields[11]) + int(fields[12])) / TICKS,
    )


def parent(pid: int) -> int | None:
    """Return the parent of a process, None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def is_alive(pid: int, born: int) -> bool:
    """Say whether this very process lives, not a later one with its pid."""
    now = figures(pid)
    return now is not None and now.born == born
