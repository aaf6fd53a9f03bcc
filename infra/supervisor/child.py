"""Keeps one process alive: starts it, hears what it says, starts it again when it dies."""

import asyncio
import logging
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import msgspec

from infra.notify import VARIABLE
from infra.supervisor.backoff import failures_after, pause
from infra.supervisor.figures import figures
from infra.supervisor.listener import Listener
from infra.supervisor.logs import open_log
from infra.supervisor.mailbox import Mailbox
from infra.supervisor.orphans import kill_group
from infra.supervisor.programs import Program
from infra.supervisor.state import ChildState

LOOK_SECONDS: Final = 0.05
CANNOT_START: Final = 127
FAILED_STARTS: Final = 3
"""Deaths after which nobody should wait for a process to become ready."""

log = logging.getLogger(__name__)


class Child:
    """One process of the tree; `state` is what is known of it, `changed` is called when that changes."""

    def __init__(
        self,
        program: Program,
        *,
        folder: Path,
        environment: Mapping[str, str],
        listener: Listener,
        changed: Callable[[], None],
    ) -> None:
        self.program = program
        self.state = ChildState(name=program.name)
        self._folder = folder
        self._environment = environment
        self._listener = listener
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._spawning = asyncio.Lock()

    async def keep(self) -> None:
        """Keep the process alive until `stop`."""
        failures = 0
        with closing(Mailbox(self._heard)) as mailbox:
            while not self._stopping.is_set():
                begun = time.monotonic()
                status = await self._live(mailbox.address)
                if self._stopping.is_set():
                    break
                failures = failures_after(failures, time.monotonic() - begun)
                await self._rest(status, pause(failures, random.random()))
        self._update(phase="stopped", pid=None)

    def let_go(self) -> None:
        """Start the process no more when it ends."""
        self._stopping.set()

    async def stop(self) -> None:
        """Ask the process to end, kill it when its grace is over; returns when it is gone."""
        self.let_go()
        async with self._spawning:
            process = self._process
        if process is None or process.returncode is not None:
            return
        self._update(phase="stopping")
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self.program.grace)
        except TimeoutError:
            log.warning("%s did not end in %s s and is killed", self.program.name, self.program.grace)
        kill_group(process.pid, signal.SIGKILL)
        await process.wait()

    def owns(self, pid: int) -> bool:
        """Say whether the process is, or may be, the one that this child waits for."""
        return self._spawning.locked() or (self._process is not None and self._process.pid == pid)

    async def _live(self, address: str) -> int:
        """Start the process and wait for its end; return its exit code or its signal, negated."""
        try:
            process = await self._spawn(address)
        except OSError as error:
            log.warning("%s cannot be started: %s", self.program.name, error)
            return CANNOT_START
        if process is None:
            return 0
        now = figures(process.pid)
        self._update(phase="starting", pid=process.pid, born=now.born if now else 0, status="")
        self._listener.started(self.program.name, process.pid, self.state.restarts)
        watch = asyncio.create_task(self._watch_port())
        status = await process.wait()
        watch.cancel()
        kill_group(process.pid, signal.SIGKILL)
        return status

    async def _spawn(self, address: str) -> asyncio.subprocess.Process | None:
        """Start the process, unless `stop` was quicker."""
        argv = ("setpriv", "--pdeathsig", "KILL", "--", *self.program.argv)
        async with self._spawning:
            if self._stopping.is_set():
                return None
            with open_log(self._folder / f"{self.program.name}.log") as output:
                self._process = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=self._folder,
                    env={**os.environ, **self._environment, VARIABLE: address},
                    process_group=0,
                )
        return self._process

    async def _rest(self, status: int, seconds: float) -> None:
        pid, how = self.state.pid or 0, ending(status)
        log.warning("%s (pid %s) %s; it is started again in %.1f s", self.program.name, pid, how, seconds)
        self._listener.exited(self.program.name, pid, status, seconds)
        said = self.state.status if status > 0 else ""
        why = f"{how}: {said}" if said else how
        self._update(phase="waiting", pid=None, status=why, restarts=self.state.restarts + 1)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _watch_port(self) -> None:
        """Take the opening of the program's port for READY=1."""
        while self.program.port is not None and self.state.phase == "starting":
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.program.port)
            except OSError:
                await asyncio.sleep(LOOK_SECONDS)
            else:
                writer.close()
                self._heard({"READY": "1", "STATUS": f"listening on 127.0.0.1:{self.program.port}"})

    def _heard(self, message: dict[str, str]) -> None:
        phase = self.state.phase
        if phase in ("waiting", "stopped"):
            return
        if message.get("READY") == "1" and phase == "starting":
            phase = "ready"
            self._listener.ready(self.program.name)
        if message.get("STOPPING") == "1" and phase == "ready":
            phase = "stopping"
        self._update(phase=phase, status=message.get("STATUS", self.state.status))

    def _update(self, **changes: object) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)
        self._changed()


def ending(status: int) -> str:
    """Return in words how a process ended: exit code, or signal if negative."""
    if status >= 0:
        return f"ended with exit code {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
