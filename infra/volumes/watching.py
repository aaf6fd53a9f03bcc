"""Watches the engines of a node: who dies though nobody wants it, and which member a controller cannot use."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from qemu.qmp import QMPClient, QMPError

from infra.volumes import controlling, processes
from infra.volumes.controlling import member_node
from infra.volumes.daemon import Daemon
from infra.volumes.errors import EngineError
from infra.volumes.folders import CONTROLLER, controller_daemon, replica_daemon
from infra.volumes.monitor import connected
from infra.volumes.snapshots import FROZEN, thaw_abandoned
from infra.volumes.words import ControllerDied, MemberFailed, ReplicaDied, Report

PERIOD_SECONDS: Final = 0.1
BAD: Final = "QUORUM_REPORT_BAD"
Died = ReplicaDied | ControllerDied


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
        self._watched: dict[Died, int] = {}
        """A descriptor of the process for each engine that lives."""
        self._listening: dict[Died, asyncio.Task[None]] = {}
        self._dead: set[Died] = set()
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
            for died in tuple(self._watched):
                self._forget(died)
            await asyncio.gather(*self._listening.values(), return_exceptions=True)

    def _look(self) -> None:
        wanted = dict(_wanted(self._root))
        for died in self._watched.keys() - wanted.keys():
            self._forget(died)
        for died, daemon in wanted.items():
            if daemon.is_alive():
                self._adopt(died, daemon)
            elif died not in self._dead and died in dict(_wanted(self._root)):
                self._dead.add(died)
                self._forget(died)
                self._report(died)

    def _adopt(self, died: Died, daemon: Daemon) -> None:
        if died in self._watched or (pid := daemon.pid()) is None:
            return
        with suppress(ProcessLookupError):
            process = os.pidfd_open(pid)
            self._watched[died] = process
            asyncio.get_running_loop().add_reader(process, self._ended, process)
            if isinstance(died, ControllerDied):
                self._listening[died] = asyncio.create_task(self._listen(died, daemon))

    def _ended(self, process: int) -> None:
        asyncio.get_running_loop().remove_reader(process)
        self._woken.set()

    def _forget(self, died: Died) -> None:
        if (process := self._watched.pop(died, None)) is not None:
            asyncio.get_running_loop().remove_reader(process)
            os.close(process)
        if listening := self._listening.get(died):
            listening.cancel()

    async def _listen(self, died: ControllerDied, daemon: Daemon) -> None:
        """Report members that a controller finds bad; the daemon tells each at most once a second."""
        client = QMPClient(str(daemon))
        with suppress(QMPError, OSError, EOFError):
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


def _wanted(root: Path) -> Iterator[tuple[Died, Daemon]]:
    """Yield the engines that are meant to run, with what is reported of them if they do not."""
    for path in root.glob(f"*/*/{processes.RECORD}"):
        folder = path.parent
        replica = processes.record(folder)
        if replica.incarnation and not replica.stopping:
            died = ReplicaDied(volume=folder.parent.name, replica=folder.name, incarnation=replica.incarnation)
            yield died, replica_daemon(folder, replica.incarnation)
    for path in root.glob(f"*/{CONTROLLER}/{controlling.RECORD}"):
        folder = path.parent
        kept = controlling.record(folder)
        if kept.generation and not kept.stopping:
            gone = ControllerDied(volume=folder.parent.name, generation=kept.generation)
            yield gone, controller_daemon(folder, kept.generation)


def _node(event: Mapping[str, Any]) -> str:
    return str(event["data"]["node-name"])
