"""Starts, finds and ends the processes that hold data: storage daemons in sessions of their own.

A daemon lives on when those who started it are killed. It inherits a locked file: as long as the lock is held it
lives, whatever else happened, and a number of a process that is gone can never be taken for it.
"""

import fcntl
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.volumes.errors import EngineError
from infra.volumes.monitor import Monitor

PROGRAM: Final = "qemu-storage-daemon"
SPAWN_SECONDS: Final = 10.0
KILL_SECONDS: Final = 5.0
QUIT_SECONDS: Final = 20.0
SUFFIXES: Final = (".pid", ".qmp", ".events")
LOG_BYTES: Final = 2048


class Daemon:
    """One storage daemon: `<folder>/<name>.lock` and other files beside it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name

    def is_alive(self) -> bool:
        """Return whether the process lives."""
        try:
            lock = os.open(self.file(".lock"), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _locked(lock, fcntl.LOCK_SH)
        finally:
            os.close(lock)

    def pid(self) -> int | None:
        """Return the process's number, None if it is gone."""
        with suppress(OSError, ValueError):
            found = int(self.file(".pid").read_text(encoding="ascii"))
            return found if self.is_alive() else None
        return None

    def spawn(self, arguments: Sequence[str] = ()) -> None:
        """Start the process unless it lives, and wait until it can be spoken to. Raises EngineError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.file(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _locked_within(lock, 0.2):
                self._spawn(lock, arguments)
        finally:
            os.close(lock)
        self._await()

    def monitor(self) -> Monitor:
        """Return a conversation with the process. Raises EngineError."""
        if not self.is_alive():
            raise EngineError(f"The engine {self} does not run", "its process is gone", permanent=True)
        return Monitor(self.file(".qmp"))

    def quit(self) -> bool:
        """End the process in good order, or by force; return whether the order was good."""
        try:
            with self.monitor() as monitor:
                monitor.execute("quit")
            self._ended(QUIT_SECONDS)
        except EngineError:
            self.kill()
        return self.ended_well()

    def kill(self) -> None:
        """End the process by force, if it lives, and wait until it is gone. Raises EngineError."""
        with self._descriptor() as process:
            if process is not None:
                signal.pidfd_send_signal(process, signal.SIGKILL)
        if not self._ended(KILL_SECONDS):
            raise EngineError(f"The engine {self} cannot be ended", f"it lives {KILL_SECONDS} s after SIGKILL")

    def ended_well(self) -> bool:
        """Return whether the process is gone, and had written all it held."""
        # It removes its file as the last thing, when all images are closed.
        return not self.is_alive() and not self.file(".pid").exists()

    def forget(self) -> None:
        """Remove the files of a process that is gone."""
        for suffix in (*SUFFIXES, ".log", ".lock"):
            self.file(suffix).unlink(missing_ok=True)

    def file(self, suffix: str) -> Path:
        """Return one of the process's files."""
        return self.folder / (self.name + suffix)

    def __str__(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}/{self.name}"

    def _spawn(self, lock: int, arguments: Sequence[str]) -> None:
        for suffix in SUFFIXES:
            self.file(suffix).unlink(missing_ok=True)
        # Paths relative to the folder: those of sockets may have 107 bytes.
        argv = ["setsid", "--fork", PROGRAM, "--pidfile", f"{self.name}.pid"]
        for kind in ("qmp", "events"):
            argv += ["--chardev", f"socket,id={kind},path={self.name}.{kind},server=on,wait=off"]
            argv += ["--monitor", f"chardev={kind}"]
        with self.file(".log").open("ab") as log:
            subprocess.run(
                [*argv, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                timeout=SPAWN_SECONDS,
                check=True,
            )

    def _await(self) -> None:
        end = time.monotonic() + SPAWN_SECONDS
        while not self.file(".pid").exists():
            if not self.is_alive():
                raise EngineError(f"The engine {self} does not start", self._last_words())
            if time.monotonic() > end:
                raise EngineError(f"The engine {self} does not start", f"not ready after {SPAWN_SECONDS} s")
            time.sleep(0.001)

    def _ended(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        with self._descriptor() as process:
            if process is not None:
                poll = select.poll()
                poll.register(process, select.POLLIN)
                poll.poll(seconds * 1000)
        while (alive := self.is_alive()) and time.monotonic() < end:
            time.sleep(0.001)
        return not alive

    @contextmanager
    def _descriptor(self) -> Iterator[int | None]:
        """Yield a descriptor of the process (pidfd_open(2)), None if it is gone."""
        end = time.monotonic() + KILL_SECONDS
        while (pid := self.pid()) is None and self.is_alive() and time.monotonic() < end:
            time.sleep(0.001)
        try:
            process = os.pidfd_open(pid) if pid is not None else None
        except ProcessLookupError:
            process = None
        try:
            # Still locked: then the number has not gone to another process before the descriptor was opened.
            yield process if self.is_alive() else None
        finally:
            if process is not None:
                os.close(process)

    def _last_words(self) -> str:
        text = self.file(".log").read_bytes()[-LOG_BYTES:].decode(errors="replace")
        return " ".join(text.split("\n")[-3:]).strip() or f"it ended without a word; see {self.file('.log')}"


def daemon_object(kind: str, identity: str, **properties: Any) -> tuple[str, str]:
    """Return the arguments that make an object in the daemon at its start."""
    return "--object", msgspec.json.encode({"qom-type": kind, "id": identity, **properties}).decode()


def credentials(folder: Path) -> tuple[str, ...]:
    """Return the arguments for TLS with the node's certificate: objects `server` and `client`, both verify."""
    sides = ("server", "client")
    made = (
        daemon_object("tls-creds-x509", side, **{"dir": str(folder), "endpoint": side, "verify-peer": True})
        for side in sides
    )
    return tuple(argument for pair in made for argument in pair)


def daemons(folder: Path) -> tuple[Daemon, ...]:
    """Return the daemons that have files in a folder, dead or alive."""
    return tuple(Daemon(folder, path.name.removesuffix(".lock")) for path in sorted(folder.glob("*.lock")))


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _locked_within(lock: int, seconds: float) -> bool:
    """Lock, though somebody may look at the lock for a moment; return whether that went."""
    end = time.monotonic() + seconds
    while not (done := _locked(lock, fcntl.LOCK_EX)) and time.monotonic() < end:
        time.sleep(0.002)
    return done
