"""Knows which engines of a node are meant to run; reads a record again only if its file is another."""

import os
from collections.abc import Iterator
from pathlib import Path

from infra.volumes import controlling, processes
from infra.volumes.daemon import Daemon
from infra.volumes.errors import EngineError
from infra.volumes.folders import CONTROLLER, controller_daemon, replica_daemon
from infra.volumes.words import ControllerDied, ReplicaDied

Died = ReplicaDied | ControllerDied
Engine = tuple[Died, Daemon]
Version = tuple[int, int]
"""Inode and time of a file: a record is replaced as a whole."""


class Wanted:
    """The engines in a folder that are meant to run, each with what is reported if it does not."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, tuple[Version, Engine | None]] = {}

    def engines(self) -> dict[Died, Daemon]:
        """Return them as of now. One whose record cannot be read is left out: whoever is to use it will be told."""
        found = {path: self._engine(path, version) for path, version in _records(self._root)}
        self._read = {path: entry for path, entry in self._read.items() if path in found}
        return dict(engine for engine in found.values() if engine)

    def _engine(self, path: str, version: Version) -> Engine | None:
        known = self._read.get(path)
        if known is None or known[0] != version:
            known = self._read[path] = (version, _engine(Path(path).parent))
        return known[1]


def _records(root: Path) -> Iterator[tuple[str, Version]]:
    for volume in _folders(str(root)):
        for folder in _folders(volume):
            name = controlling.RECORD if folder.endswith(f"/{CONTROLLER}") else processes.RECORD
            path = f"{folder}/{name}"
            try:
                status = os.stat(path)  # noqa: PTH116 - a Path for each file would cost more than all the rest
            except OSError:
                continue
            yield path, (status.st_ino, status.st_mtime_ns)


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.path for entry in entries if entry.is_dir()]
    except OSError:
        return []


def _engine(folder: Path) -> Engine | None:
    try:
        return _controller(folder) if folder.name == CONTROLLER else _replica(folder)
    except EngineError:
        return None


def _replica(folder: Path) -> Engine | None:
    kept = processes.record(folder)
    if not kept.incarnation or kept.stopping:
        return None
    died = ReplicaDied(volume=folder.parent.name, replica=folder.name, incarnation=kept.incarnation)
    return died, replica_daemon(folder, kept.incarnation)


def _controller(folder: Path) -> Engine | None:
    kept = controlling.record(folder)
    if not kept.generation or kept.stopping:
        return None
    died = ControllerDied(volume=folder.parent.name, generation=kept.generation)
    return died, controller_daemon(folder, kept.generation)
