"""Sees to it that no process of ours is left: adopts, reaps and kills what its children leave behind."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from infra.supervisor.figures import is_alive, parent
from infra.supervisor.state import TreeState

PR_SET_CHILD_SUBREAPER: Final = 36
KILL_SECONDS: Final = 5.0


def adopt(orphans: bool = True) -> None:
    """Make this process the parent of all orphans below it, or let it be so no more. Source: prctl(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, int(orphans), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def reap(is_known: Callable[[int], bool]) -> None:
    """Collect the orphans that have ended; a known child is somebody else's to wait for."""
    with suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if is_known(ended.si_pid):
                break
            os.waitpid(ended.si_pid, 0)


def children() -> list[int]:
    """Return the pids of this process's children, ended ones included."""
    # /proc/PID/task/TID/children is not in every kernel.
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if parent(pid) == os.getpid()]


def kill_all(spared: Collection[int]) -> list[int]:
    """Kill whatever else is still below this process until nothing is (5 s at most); return whom it killed."""
    end = time.monotonic() + KILL_SECONDS
    killed: set[int] = set()
    while (left := set(children()).difference(spared)) and time.monotonic() < end:
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                killed |= {pid} if os.waitpid(pid, os.WNOHANG)[0] == 0 else set()
        time.sleep(0.005)
    return sorted(killed)


def kill_stale(state: TreeState) -> list[int]:
    """Kill the processes that a supervisor which is gone left behind; return their pids."""
    stale = [c.pid for c in state.children if c.pid is not None and is_alive(c.pid, c.born)]
    for pid in stale:
        kill_group(pid, signal.SIGKILL)
    return stale


def kill_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group that a child leads; one that is gone is no error."""
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
