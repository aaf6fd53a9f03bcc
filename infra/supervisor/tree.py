"""The supervised process tree: all programs of the pipeline, started at once, stopped in reverse order."""

import asyncio
import logging
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from infra.config import Settings, as_environment
from infra.supervisor import orphans
from infra.supervisor.child import Child
from infra.supervisor.listener import Listener
from infra.supervisor.logs import trim
from infra.supervisor.programs import Program
from infra.supervisor.state import TreeState, state_file, write_state

WRITE_SECONDS: Final = 0.05
CARE_SECONDS: Final = 5.0
REPORT_SECONDS: Final = 3.0
AFTERWARDS_SECONDS: Final = 20.0

log = logging.getLogger(__name__)


class Tree:
    """The running pipeline; needs a running event loop in the main thread."""

    def __init__(self, settings: Settings, programs: Sequence[Program], listener: Listener) -> None:
        self._settings = settings
        self._listener = listener
        self._stop = asyncio.Event()
        self._dirty = asyncio.Event()
        self._spared: list[int] = []
        self.children = tuple(self._child(program) for program in programs)

    def stop(self) -> None:
        """Ask the tree to stop; `run` then returns."""
        self._stop.set()

    async def run(self) -> None:
        """Run the programs until `stop`, SIGTERM or SIGINT; nothing of them is left when it returns."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        self._spared = orphans.children()
        orphans.adopt()
        chores = [asyncio.create_task(chore()) for chore in (self._write_states, self._care)]
        lives = [asyncio.create_task(child.keep()) for child in self.children]
        try:
            await self._stop.wait()
            await self._stop_all()
            await asyncio.gather(*lives)
        finally:
            for task in (*chores, *lives):
                task.cancel()
            # Engines are ended in good order before what is left is killed.
            self._clear_up()
            if left := orphans.kill_all(self._spared):
                log.warning("killed what was left: %s", left)
            orphans.adopt(False)

    def state(self) -> TreeState:
        """Return what is known of the tree."""
        settings = self._settings
        return TreeState(
            pid=os.getpid(),
            node=settings.node,
            kafka=settings.kafka,
            registry=settings.registry,
            alerts=str(settings.alerts),
            logs=str(settings.logs),
            stopping=self._stop.is_set(),
            children=tuple(child.state for child in self.children),
        )

    def _child(self, program: Program) -> Child:
        return Child(
            program,
            folder=self._settings.logs,
            environment=as_environment(self._settings),
            listener=self._listener,
            changed=self._dirty.set,
        )

    async def _stop_all(self) -> None:
        self._dirty.set()
        log.info("stopping")
        for child in self.children:
            child.let_go()
        await asyncio.to_thread(self._listener.close, REPORT_SECONDS)
        for child in reversed(self.children):
            await child.stop()

    async def _write_states(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            write_state(self._settings, self.state())
            await asyncio.sleep(WRITE_SECONDS)

    async def _care(self) -> None:
        while True:
            orphans.reap(self._is_known)
            for child in self.children:
                trim(self._settings.logs / f"{child.program.name}.log")
            await asyncio.sleep(CARE_SECONDS)

    def _is_known(self, pid: int) -> bool:
        return pid in self._spared or any(child.owns(pid) for child in self.children)

    def _clear_up(self) -> None:
        for child in self.children:
            clear_up(child.program, self._settings)
        with suppress(FileNotFoundError):
            state_file(self._settings).unlink()
        log.info("stopped")


def clear_up(program: Program, settings: Settings) -> None:
    """Run what a program wants done after its last end; a failure is logged and nothing else."""
    if not program.afterwards:
        return
    try:
        done = subprocess.run(
            program.afterwards,
            env={**os.environ, **as_environment(settings)},
            cwd=settings.home,
            capture_output=True,
            text=True,
            timeout=AFTERWARDS_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("clearing up after %s: %s", program.name, error)
        return
    if done.returncode:
        log.warning("clearing up after %s: %s", program.name, done.stderr.strip()[-500:])
