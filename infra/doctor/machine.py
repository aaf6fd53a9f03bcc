"""Checks of the machine around the pipeline: room, memory, containers, settings."""

import difflib
import os
import re
import shutil
from pathlib import Path
from typing import Final

from infra.config import NAMES, PREFIX, Settings
from infra.doctor.finding import Finding, fail, ok, warn
from infra.supervisor.state import holder

GIB: Final = 1 << 30
LEAST_DISK: Final = 1 * GIB
GOOD_DISK: Final = 10 * GIB
LEAST_MEMORY: Final = 512 << 20
GOOD_MEMORY: Final = 1 * GIB
RUNTIMES: Final = ("podman", "docker", "runc", "crun", "containerd", "crictl", "kubelet")


def home(settings: Settings) -> Finding:
    """Check that the pipeline can keep its files."""
    there = nearest(settings.home)
    if not there.is_dir():
        return fail(f"{there} is in the way of {settings.home}", "deedlog --home ANOTHER-FOLDER up")
    if not os.access(there, os.W_OK | os.X_OK):
        return fail(f"{there} cannot be written", "sudo .venv/bin/deedlog up, or deedlog --home ANOTHER-FOLDER up")
    return ok(str(settings.home))


def disk(settings: Settings) -> Finding:
    """Check that there is room for the log."""
    free = shutil.disk_usage(nearest(settings.home)).free
    text = f"{free / GIB:.1f} GiB free for {settings.home}"
    fix = "make room, or deedlog --home FOLDER-ON-ANOTHER-DISK up"
    if free < LEAST_DISK:
        return fail(text, fix)
    return warn(text, fix) if free < GOOD_DISK else ok(text)


def nearest(path: Path) -> Path:
    """Return the path or the nearest one above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def memory(_settings: Settings) -> Finding:
    """Check that there is memory for the processes."""
    return judge_memory(available_memory(Path("/proc/meminfo").read_text(encoding="ascii")))


def judge_memory(free: int) -> Finding:
    """Return what so many available bytes mean."""
    text = f"{free / GIB:.1f} GiB available"
    if free < LEAST_MEMORY:
        return fail(text, "free some memory: the pipeline takes about half a GiB")
    return warn(text, "free some memory") if free < GOOD_MEMORY else ok(text)


def available_memory(meminfo: str) -> int:
    """Return the available bytes in the text of /proc/meminfo, 0 if it does not say."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return int(found[1]) << 10 if found else 0


def containers(_settings: Settings) -> Finding:
    """Say which container runtimes there are."""
    found = [name for name in RUNTIMES if shutil.which(name)]
    return ok(", ".join(found) if found else "no runtime found; containers are recognised by their cgroups anyway")


def environment(_settings: Settings) -> Finding:
    """Check that no variable is misspelt."""
    known = {PREFIX + name.upper() for name in NAMES}
    strange = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if not strange:
        return ok(f"{sum(name in os.environ for name in known)} {PREFIX}* variables")
    near = difflib.get_close_matches(strange[0], known, n=1)
    return warn(f"unknown: {', '.join(strange)}", f"did you mean {near[0]}?" if near else f"unset {strange[0]}")


def pipeline(settings: Settings) -> Finding:
    """Say whether the pipeline runs."""
    pid = holder(settings)
    return ok("does not run" if pid is None else f"runs, supervisor pid {pid}")
