"""Looks at what the folder of a replica holds."""

from collections.abc import Sequence
from pathlib import Path

from infra.volumes import images
from infra.volumes.errors import EngineError
from infra.volumes.folders import replica_daemon
from infra.volumes.processes import newest, record
from infra.volumes.words import Inspection


def inspection(folder: Path) -> Inspection:
    """Return what is there of a replica. Raises EngineError if its record cannot be read."""
    kept, layers = record(folder), images.layers(folder)
    daemon = replica_daemon(folder, kept.incarnation)
    head = newest(folder, kept)
    path = folder / images.file_name(head)
    return Inspection(
        incarnation=kept.incarnation,
        clean=kept.incarnation > 0 and daemon.ended_well(),
        head=head,
        layers=layers,
        head_mtime_ns=path.stat().st_mtime_ns if head in layers else 0,
        lost=tuple(name for name in layers if _is_lost(folder, layers, name)),
    )


def _is_lost(folder: Path, layers: Sequence[str], name: str) -> bool:
    try:
        below = images.backing(folder, name)
    except EngineError:
        return True
    return below is not None and below not in layers
