"""A stream as a busy machine makes it, drawn by a seed: records as the kernel's rings hand them over.

Calls of twenty kinds by 300 processes, 60 of them in 20 containers. Three calls in ten have a path: of these a third
have one never seen before, the others one of 5,000, the k-th of which comes 1/k as often as the first. One call in 400
is what a rule looks for, a read of /etc/shadow.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from probes import events, records
from probes.containers import Runtimes
from probes.kernel import RECORDS, Reading
from probes.processes import Image, ProcessTable
from probes.ring import Chunk
from probes.users import Users
from schemas.types.syscalls import Container

PROCESSES = 300
CONTAINED = 60
CONTAINERS = 20
PATHS = 5_000
WITH_PATH = 0.3
NEW = 1 / 3
WANTED = 400
WITHOUT_PATH = ("kill", "setgid", "socket", "connect", "accept4", "sendto", "dup", "dup2", "dup3", "fchmod", "bind")
PATH_CALLS = ("openat", "openat", "openat", "open", "openat2", "unlink", "mkdir", "chmod", "rmdir", "unlinkat")
SECOND = 1_000_000_000
NOWHERE = Path("/nonexistent")


def table() -> ProcessTable:
    """Return a table that knows the processes of the stream."""
    found = ProcessTable(Runtimes(NOWHERE), Users(NOWHERE))
    for pid in range(1, PROCESSES + 1):
        found.add(_image(pid))
    return found


def _image(pid: int) -> Image:
    name = b"program%d" % (pid % 40)
    number = pid % CONTAINERS
    container = Container(id=f"{number:064x}", runtime="podman", name=f"c{number}", image=f"registry/app{number}:1")
    return Image(
        pid=pid,
        start=pid * SECOND,
        exec=1,
        ppid=max(pid // 4, 1) if pid > 1 else 0,
        parent_exec=1,
        uid=0,
        gid=0,
        name=name,
        exepath=b"/usr/bin/" + name,
        args=b"%s\0--worker\0%d\0" % (name, pid),
        cwd=b"/srv",
        user=b"root",
        container=container if pid > PROCESSES - CONTAINED else None,
    )


def readings(count: int, size: int, seed: int = 1) -> Iterator[Reading]:
    """Yield so many readings of so many records each."""
    chance = np.random.default_rng(seed)
    known = [b"/usr/lib/x86_64-linux-gnu/%d/lib%d.so" % (n % 50, n) for n in range(PATHS)]
    weights = 1 / np.arange(1, PATHS + 1)
    weights /= weights.sum()
    for number in range(count):
        rows = np.zeros(size, records.SMALL)
        _headers(rows["h"], chance, number * size)
        with_path = np.flatnonzero(chance.random(size) < WITH_PATH)
        rows["h"]["type"][with_path] = chance.choice([events.CODES[name] for name in PATH_CALLS], len(with_path))
        fresh = chance.random(len(with_path)) < NEW
        paths = [known[n] for n in chance.choice(PATHS, len(with_path), p=weights)]
        for place in np.flatnonzero(fresh).tolist():
            paths[place] = b"/var/cache/app/%d/object-%d-%d" % (place % 64, number, place)
        for place in range(0, len(paths), max(int(WANTED * WITH_PATH), 1)):
            paths[place] = b"/etc/shadow"
        rows["path"][with_path] = np.array(paths, dtype=f"S{records.SMALL_PATH}").view(f"V{records.SMALL_PATH}")
        rows["h"]["path_len"][with_path] = [len(path) for path in paths]
        yield _reading(rows, number * size)


def _headers(header: np.ndarray, chance: np.random.Generator, first: int) -> None:
    size = len(header)
    pids = chance.integers(1, PROCESSES + 1, size)
    header["time"] = np.arange(first, first + size) * 1_000 + PROCESSES * SECOND
    header["pid"] = header["tid"] = pids
    header["start"] = pids * SECOND
    header["exec"] = 1
    header["type"] = chance.choice([events.CODES[name] for name in WITHOUT_PATH], size)
    header["result"] = header["fd"] = chance.integers(3, 200, size)
    header["flags"] = chance.choice([0, 0o2000000, 0o101, 0o1102], size, p=[0.3, 0.5, 0.1, 0.1])
    header["extra"] = chance.integers(0, 20, size)
    header["comm"] = b"program"


def _reading(rows: np.ndarray, first: int) -> Reading:
    chunks = {name: Chunk(np.zeros(0, dtype), np.zeros(0, np.uint64)) for name, dtype in RECORDS.items()}
    positions = np.arange(first, first + len(rows), dtype=np.uint64) * np.uint64(256)
    return Reading(chunks | {"small": Chunk(rows, positions)}, (), ())
