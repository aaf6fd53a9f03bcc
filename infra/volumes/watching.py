"""Watches the engines of a node: who dies though nobody wants it, and which member a controller cannot use."""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from qemu.qmp import QMPClient, QMPError

from infra.volumes import controlling
from infra.volumes.controlling import member_node
from infra.volumes.daemon import Daemon
from infra.volumes.errors import EngineError
from infra.volumes.folders import CONTROLLER
from infra.volumes.monitor import connected
from infra.volumes.snapshots import FROZEN, thaw_abandoned
from infra.volumes.wanted import Died, Wanted
from infra.volumes.words import ControllerDied, MemberFailed, Report

PERIOD_SECONDS: Final = 0.1
BAD: Final = "QUORUM_REPORT_BAD"


def watch(folder: Path, stop: threading.Event, report: Callable[[Report], object]) -> None:
    """Report what happens to the engines in `folder` until told to stop; what happened before, at once.

    A controller that was left frozen by somebody who is gone is thawed after some seconds.
    """
    asyncio.run(_Watch(folder.absolute(), report).run(stop))


class _Watch:
    """What is watched, and what was reported."""

    def __init__(self, root: Path, report: Callable[[Report], object]) -> None:
        self._root = root
        self._report = report
        self._wanted = Wanted(root)
        self._watched: dict[Died, int] = {}
        """A descriptor of the process for each engine that lives."""
        self._listening: dict[Died, asyncio.Task[None]] = {}
        self._ended: set[Died] = set()
        """Those of them whose process ended."""
        self._dead: set[Died] = set()
        """Those that were reported."""
        self._woken = asyncio.Event()

    async def run(self, stop: threading.Event) -> None:
        """Look again whenever a process ends, and every tenth of a second."""
        try:
            while not stop.is_set():
                self._woken.clear()
                self._look()
                await self._thaw()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), PERIOD_SECONDS)
        finally:
            listening = tuple(self._listening.values())
            for died in tuple(self._watched):
                self._forget(died)
            await asyncio.gather(*listening, return_exceptions=True)

    def _look(self) -> None:
        engines = self._wanted.engines()
        for died in self._watched.keys() - engines.keys():
            self._forget(died)
        for died, daemon in engines.items():
            # Of those that are watched, the kernel tells.
            if died in self._watched and died not in self._ended:
                self._hear(died, daemon)
            elif daemon.is_alive():
                self._adopt(died, daemon)
            elif died not in self._dead and died in self._wanted.engines():
                self._dead.add(died)
                self._forget(died)
                self._report(died)

    def _adopt(self, died: Died, daemon: Daemon) -> None:
        if died in self._watched or (pid := daemon.pid()) is None:
            return
        with suppress(ProcessLookupError):
            process = os.pidfd_open(pid)
            self._watched[died] = process
            asyncio.get_running_loop().add_reader(process, self._end, died, process)
            self._hear(died, daemon)

    def _hear(self, died: Died, daemon: Daemon) -> None:
        """Listen to a controller, again if it closed the connection."""
        listening = self._listening.get(died)
        if isinstance(died, ControllerDied) and (listening is None or listening.done()):
            self._listening[died] = asyncio.create_task(self._listen(died, daemon))

    def _end(self, died: Died, process: int) -> None:
        asyncio.get_running_loop().remove_reader(process)
        self._ended.add(died)
        self._woken.set()

    def _forget(self, died: Died) -> None:
        if (process := self._watched.pop(died, None)) is not None:
            asyncio.get_running_loop().remove_reader(process)
            os.close(process)
        self._ended.discard(died)
        if listening := self._listening.pop(died, None):
            listening.cancel()

    async def _listen(self, died: ControllerDied, daemon: Daemon) -> None:
        """Report members that a controller finds bad; the daemon tells each at most once a second."""
        client = QMPClient(str(daemon))
        with suppress(QMPError, OSError, EOFError, EngineError):
            await client.connect(await asyncio.to_thread(connected, daemon.file(".events")))
            try:
                with client.listener((BAD,)) as events:
                    async for event in events:
                        self._tell(died, daemon.folder, _node(event))
            finally:
                await client.disconnect()

    def _tell(self, died: ControllerDied, folder: Path, node: str) -> None:
        replicas = controlling.record(folder).replicas
        if replica := next((one for one in replicas if member_node(one) == node), None):
            controlling.note_failed(folder, died.generation, replica)
            self._report(MemberFailed(volume=died.volume, generation=died.generation, replica=replica))

    async def _thaw(self) -> None:
        for path in self._root.glob(f"*/{CONTROLLER}/{FROZEN}"):
            with suppress(EngineError):
                await asyncio.to_thread(thaw_abandoned, path.parent)


def _node(event: Mapping[str, Any]) -> str:
    return str(event["data"]["node-name"])
