"""The port through which the supervisor tells of the lives of its processes."""

from typing import Protocol

import msgspec


class Listener(Protocol):
    """Who wants to know of the lives of processes; must not block."""

    def started(self, process: str, pid: int, restarts: int) -> None:
        """Hear that a process was started."""

    def ready(self, process: str) -> None:
        """Hear that a process does its work now."""

    def exited(self, process: str, pid: int, status: int, restart_in: float) -> None:
        """Hear that a process ended unasked: its exit code, or its signal negated; seconds to its restart."""

    def close(self, seconds: float) -> None:
        """Finish, within so many seconds; may block."""


class Started(msgspec.Struct, frozen=True):
    """A process was started."""

    process: str
    pid: int
    restarts: int


class Exited(msgspec.Struct, frozen=True):
    """A process ended unasked."""

    process: str
    pid: int
    status: int
    restart_in: float


class Memory:
    """A listener that only remembers, for tests and trials without a log."""

    def __init__(self) -> None:
        self.events: list[Started | Exited] = []

    def started(self, process: str, pid: int, restarts: int) -> None:
        """Remember that a process was started."""
        self.events.append(Started(process, pid, restarts))

    def ready(self, process: str) -> None:
        """Do nothing."""

    def exited(self, process: str, pid: int, status: int, restart_in: float) -> None:
        """Remember that a process ended unasked."""
        self.events.append(Exited(process, pid, status, restart_in))

    def close(self, seconds: float) -> None:
        """Do nothing."""
