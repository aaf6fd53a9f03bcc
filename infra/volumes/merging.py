"""Takes a frozen layer out of a replica's tree: its data goes up into the one layer that stands on it."""

from pathlib import Path
from typing import Final

from infra.volumes import images
from infra.volumes.daemon import Daemon
from infra.volumes.durable import sync_folder
from infra.volumes.errors import EngineError
from infra.volumes.exports import cut, export, export_id
from infra.volumes.graph import graph, layer_node, relaid
from infra.volumes.monitor import Monitor
from infra.volumes.prefetching import prefetcher
from infra.volumes.processes import head, present
from schemas.types.volumes import Address

STEP: Final = 1 << 20
"""Bytes that are copied at once, a multiple of the clusters' size."""


def merge(folder: Path, name: str, child: str, below: str | None, server: Address, tls: Path | None) -> None:
    """Move the data of layer `name` into `child`, set `child` over `below`, and delete `name`. Raises EngineError.

    What a reader sees through `child` and `below` stays the same. `server` is that of the replica, if it runs.
    """
    _check(folder, name, child, below)
    daemon = present(folder)
    if daemon is not None and _is_open(daemon, child):
        _Open(daemon, folder, name, child, below).merge(server, tls)
    elif images.backing(folder, child) != below:
        images.absorb(folder, child, below)
    (folder / images.file_name(name)).unlink(missing_ok=True)
    sync_folder(folder)


def _check(folder: Path, name: str, child: str, below: str | None) -> None:
    there = images.layers(folder)
    what = f"The layer {name} cannot be merged into {child}"
    if absent := {child, below or child} - set(there):
        raise EngineError(what, f"{', '.join(sorted(absent))} is not in {folder}", permanent=True)
    if (found := images.backing(folder, child)) not in (name, below):
        raise EngineError(what, f"{child} stands on {found}", permanent=True)
    others = [other for other in there if other not in (name, child) and images.backing(folder, other) == name]
    if others:
        raise EngineError(what, f"{others[0]} stands on {name} too", permanent=True)


def _is_open(daemon: Daemon, child: str) -> bool:
    with daemon.monitor() as monitor:
        return layer_node(child) in graph(monitor).names


class _Open:
    """A merge in a running replica, which goes on serving."""

    def __init__(self, daemon: Daemon, folder: Path, name: str, child: str, below: str | None) -> None:
        self._daemon = daemon
        self._folder = folder
        self._name = name
        self._child = child
        self._below = below

    def merge(self, server: Address, tls: Path | None) -> None:
        """Do what is missing. Raises EngineError."""
        temporary = Address(export=f"m-{self._child}", host=server.host, port=server.port, path=server.path)
        if images.backing(self._folder, self._child) != self._below:
            with self._daemon.monitor() as monitor:
                self._lay(monitor, self._name, frozen=False)
                export(monitor, temporary.export, layer_node(self._child), writable=True)
            self._copy(temporary, tls)
        with self._daemon.monitor() as monitor:
            self._finish(monitor, temporary.export)

    def _copy(self, temporary: Address, tls: Path | None) -> None:
        with prefetcher(temporary, tls) as daemon:
            for offset, length in images.clusters(self._folder, self._name):
                for at in range(offset, offset + length, STEP):
                    daemon.fetch(at, min(STEP, offset + length - at))
            daemon.flush()
            daemon.close()

    def _finish(self, monitor: Monitor, temporary: str) -> None:
        nodes, now = graph(monitor), head(monitor, self._folder)
        if images.backing(self._folder, self._child) != self._below:
            names = {"device": layer_node(now), "image-node-name": layer_node(self._child)}
            below = images.file_name(self._below) if self._below else ""
            monitor.execute("change-backing-file", names | {"backing-file": below})
        cut(monitor, {export_id(temporary)})
        self._lay(monitor, self._below, frozen=self._child != now)
        if layer_node(self._name) in nodes.names:
            monitor.execute("blockdev-del", {"node-name": layer_node(self._name)})

    def _lay(self, monitor: Monitor, below: str | None, *, frozen: bool) -> None:
        under = layer_node(below) if below else None
        monitor.execute("blockdev-reopen", {"options": [relaid(self._child, under, frozen=frozen)]})
