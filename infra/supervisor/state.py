"""What is known of the running pipeline: one file that is replaced whole, and one lock."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final, Literal

import msgspec

from infra.config import Settings

ACQUIRE_SECONDS: Final = 0.5
Phase = Literal["starting", "ready", "waiting", "stopping", "stopped"]


class ChildState(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the pipeline as the supervisor sees it."""

    name: str
    phase: Phase = "starting"
    pid: int | None = None
    born: int = 0
    """When the kernel started it, in clock ticks since boot: tells it from a later process with its pid."""
    restarts: int = 0
    status: str = ""
    """What it last said of itself, or how it ended."""


class TreeState(msgspec.Struct, frozen=True, kw_only=True):
    """The pipeline as the supervisor sees it."""

    pid: int
    node: str
    kafka: str
    registry: str
    alerts: str
    logs: str
    stopping: bool = False
    children: tuple[ChildState, ...] = ()

    @property
    def ready(self) -> bool:
        """Return whether every process said that it is ready."""
        return all(child.phase == "ready" for child in self.children)


def state_file(settings: Settings) -> Path:
    """Return where the state of the running pipeline is."""
    return settings.run / "state.json"


def lock_file(settings: Settings) -> Path:
    """Return the file that the supervisor holds locked as long as it lives."""
    return settings.run / "supervisor.lock"


def write_state(settings: Settings, state: TreeState) -> None:
    """Replace the state file by this state."""
    path = state_file(settings)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(state))
    fresh.replace(path)


def read_state(settings: Settings) -> TreeState | None:
    """Return the state that was last written, None if there is none or it is of another version."""
    try:
        return msgspec.json.decode(state_file(settings).read_bytes(), type=TreeState)
    except (OSError, msgspec.DecodeError):
        return None


def acquire(settings: Settings) -> int | None:
    """Take the supervisor's lock for the life of this process; None if another process holds it."""
    settings.run.mkdir(parents=True, exist_ok=True)
    lock = os.open(lock_file(settings), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    end = time.monotonic() + ACQUIRE_SECONDS
    while not _locked(lock, fcntl.LOCK_EX):
        # `holder` takes the lock for a moment.
        if time.monotonic() > end:
            os.close(lock)
            return None
        time.sleep(0.02)
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def holder(settings: Settings) -> int | None:
    """Return the pid of the running supervisor, None if none runs."""
    try:
        lock = os.open(lock_file(settings), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _locked(lock, fcntl.LOCK_SH):
            return None
        text = os.read(lock, 32)
        return int(text) if text.isdigit() else None
    finally:
        os.close(lock)


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
