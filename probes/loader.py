"""Compiles and attaches the eBPF programs, and pins them so that they outlive the process that loaded them.

What the kernel queues while no reader lives is read by the next one; `detach` takes all of it away.
"""

import contextlib
import hashlib
import os
import platform
import secrets
import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from probes.btf import Btf
from probes.offsets import definitions

SOURCES: Final = ("records.h", "kernel.h", "process.c", "repeats.c", "calls.h", "sockets.c", "syscalls.c")
TRACEPOINTS: Final = ("sched_process_fork", "sched_process_exec", "sched_process_exit", "sys_exit")
SETTLE: Final = "settle"
"""The program that ends a window of counting when it is run."""
MAPS: Final = (
    *("small_ring", "medium_ring", "large_ring", "pair_ring", "long_pair_ring", "exec_ring", "long_exec_ring"),
    *("counts", "own_processes", "wanted", "wanted_compat", "shapes", "filters", "path_filters"),
)
WALK_STEPS: Final = 48
LOAD_SECONDS: Final = 120
ARCHITECTURE: Final = "x86_64"
"""Whose registers and system call numbers are known (probes/events.py)."""
MIB: Final = 1 << 20


class ProbeError(Exception):
    """The probes cannot be loaded; the message says why and what to do."""


class Session(msgspec.Struct, frozen=True):
    """One life of the rings: from attaching to detaching, across any number of reading processes."""

    id: str
    fingerprint: str
    ring_bytes: dict[str, int]


def ring_sizes(small_mib: int) -> dict[str, int]:
    """Return the bytes of each ring; most events are small, the others get shares of the same order."""
    small = 1 << (small_mib * MIB - 1).bit_length()
    return {
        "small": small,
        "medium": max(small // 4, MIB),
        "large": max(small // 16, MIB),
        "pair": max(small // 8, MIB),
        "long_pair": max(small // 16, MIB),
        "exec": max(small // 4, MIB),
        "long_exec": max(small // 4, MIB),
    }


def program_text(btf: Btf, sizes: dict[str, int], *, unified_cgroups: bool) -> str:
    """Return the C source for this kernel and these ring sizes."""
    macros = definitions(btf, unified_cgroups=unified_cgroups)
    macros |= {f"{name.upper()}_PAGES": size // os.sysconf("SC_PAGE_SIZE") for name, size in sizes.items()}
    macros["WALK_STEPS"] = WALK_STEPS
    head = "#include <linux/sched.h>\n" + "".join(f"#define {name} {value}\n" for name, value in macros.items())
    return head + "".join((files("probes") / "bpf" / name).read_text(encoding="utf-8") for name in SOURCES)


def attach(folder: Path, ring_mib: int, own: Sequence[int]) -> tuple[Session, bool]:
    """Return the session pinned under `folder`, and True if it was found there rather than begun.

    A session that begins leaves out the processes `own` and all that they start.

    Programs of another version or for other ring sizes are detached first. Raises ProbeError if the kernel refuses,
    BtfError if it does not describe itself.
    """
    if platform.machine() != ARCHITECTURE:
        raise ProbeError(f"the probes run on {ARCHITECTURE} only so far, and this machine is {platform.machine()}")
    sizes = ring_sizes(ring_mib)
    text = program_text(Btf.of_running_kernel(), sizes, unified_cgroups=_unified_cgroups())
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    session = pinned_session(folder)
    if session and session.fingerprint == fingerprint:
        return session, True
    detach(folder)
    session = Session(secrets.token_hex(4), fingerprint, sizes)
    _mount(folder)
    try:
        _load(text, folder, own)
    except BaseException:
        detach(folder)
        raise
    _session_file(folder).write_bytes(msgspec.json.encode(session))
    return session, False


def pinned_session(folder: Path) -> Session | None:
    """Return the session whose programs are pinned under `folder`, if all of them are."""
    try:
        session = msgspec.json.decode(_session_file(folder).read_bytes(), type=Session)
    except (OSError, msgspec.DecodeError):
        return None
    pinned = all((folder / name).exists() for name in (*MAPS, *TRACEPOINTS, SETTLE))
    return session if pinned else None


def detach(folder: Path) -> None:
    """Remove the programs, maps and links pinned under `folder`; nothing happens if there are none."""
    _session_file(folder).unlink(missing_ok=True)
    if os.path.ismount(folder):
        subprocess.run(["umount", str(folder)], check=True, capture_output=True, timeout=30)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _session_file(folder: Path) -> Path:
    return folder.with_suffix(".session.json")


def _unified_cgroups() -> bool:
    return Path("/sys/fs/cgroup/cgroup.controllers").exists()


def _mount(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "bpf", "-o", "mode=0700", "bpf", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise ProbeError(
            f"cannot mount a BPF file system at {folder}: {done.stderr.strip()}; run as root, outside of a container"
        )


def _load(text: str, folder: Path, own: Sequence[int]) -> None:
    """Load and pin in a process of its own: the compiler's memory, 200 MB, goes away with it."""
    command = [sys.executable, "-P", "-m", "probes.compiling", str(folder), *map(str, own)]
    done = subprocess.run(command, input=text, check=False, capture_output=True, text=True, timeout=LOAD_SECONDS)
    if done.returncode:
        raise ProbeError(done.stderr.strip() or f"loading the eBPF programs ended with status {done.returncode}")
