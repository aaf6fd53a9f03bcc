"""A replica's process and record: which incarnation lives, and which layer it writes."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from infra.volumes import images
from infra.volumes.daemon import Daemon, daemons
from infra.volumes.errors import EngineError
from infra.volumes.exports import of_replica
from infra.volumes.folders import number, replica_daemon
from infra.volumes.graph import layer_of
from infra.volumes.monitor import Monitor
from infra.volumes.records import ReplicaRecord, read

RECORD: Final = "replica.json"
LETTER: Final = "i"


def record(folder: Path) -> ReplicaRecord:
    """Return what is kept of a replica, an empty record if nothing is. Raises EngineError."""
    return read(folder / RECORD, ReplicaRecord)


def alive(folder: Path, incarnation: int) -> Daemon:
    """Return the process of a replica's incarnation. Raises EngineError if it does not run."""
    daemon = replica_daemon(folder, incarnation)
    if not daemon.is_alive() or record(folder).incarnation != incarnation:
        raise EngineError(
            f"The replica {folder.parent.name}/{folder.name} does not run as incarnation {incarnation}",
            "that process is gone, or never was; start it as a new incarnation",
            permanent=True,
        )
    return daemon


def present(folder: Path) -> Daemon | None:
    """Return the process of the replica, None if none runs."""
    daemon = replica_daemon(folder, record(folder).incarnation)
    return daemon if daemon.is_alive() else None


def head(monitor: Monitor, folder: Path) -> str:
    """Return the layer that a running replica writes. Raises EngineError."""
    for node in of_replica(monitor).values():
        if found := layer_of(node, images.layers(folder)):
            return found
    return record(folder).head


def newest(folder: Path, kept: ReplicaRecord) -> str:
    """Return the layer that a replica without a process wrote last."""
    with suppress(FileNotFoundError):
        if kept.coming and (folder / images.file_name(kept.coming)).stat().st_size > kept.coming_bytes:
            return kept.coming
    return kept.head


def is_frozen(folder: Path, name: str) -> bool:
    """Return whether a layer will never be written again. Raises EngineError."""
    kept = record(folder)
    if name not in (kept.head, kept.coming):
        return True
    if (daemon := present(folder)) is None:
        # Nothing writes it now, and a replica that failed is never started again.
        return name != newest(folder, kept) or bool(kept.coming and kept.coming != name)
    with daemon.monitor() as monitor:
        now = head(monitor, folder)
    # A layer that is prepared but not taken is written next.
    return name != now and (name != kept.coming or kept.coming == now)


def older(folder: Path, incarnation: int) -> tuple[Daemon, ...]:
    """Return the processes of older incarnations that still live."""
    found = ((number(daemon, LETTER), daemon) for daemon in daemons(folder))
    return tuple(daemon for n, daemon in found if n is not None and n < incarnation and daemon.is_alive())
