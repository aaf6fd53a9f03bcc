"""Looks at what the folder of a replica holds."""

from collections.abc import Sequence
from pathlib import Path

from infra.volumes import images
from infra.volumes.errors import EngineError
from infra.volumes.folders import replica_daemon
from infra.volumes.processes import record
from infra.volumes.words import Inspection


def inspection(folder: Path) -> Inspection:
    """Return what is there of a replica. Raises EngineError if its record cannot be read."""
    kept, layers = record(folder), images.layers(folder)
    daemon = replica_daemon(folder, kept.incarnation)
    heads = (folder / images.file_name(name) for name in (kept.head, kept.coming) if name in layers)
    return Inspection(
        incarnation=kept.incarnation,
        clean=kept.incarnation > 0 and daemon.ended_well(),
        layers=layers,
        head_mtime_ns=max((path.stat().st_mtime_ns for path in heads), default=0),
        lost=tuple(name for name in layers if _is_lost(folder, layers, name)),
    )


def _is_lost(folder: Path, layers: Sequence[str], name: str) -> bool:
    try:
        below = images.backing(folder, name)
    except EngineError:
        return True
    return below is not None and below not in layers
