"""Changes what a running replica writes to, and what is below it."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from infra.volumes import images
from infra.volumes.errors import EngineError
from infra.volumes.exports import of_replica
from infra.volumes.graph import Graph, file_node, graph, layer, layer_node, layer_of, relaid, remote
from infra.volumes.monitor import Monitor
from infra.volumes.processes import RECORD, alive, head, record
from infra.volumes.records import write
from infra.volumes.starting import open_chain
from schemas.types.volumes import Address

LEAN: Final = "lean"
SERVED: Final = "s-"
"""Before a layer's name, in the name of the export that shows it to others."""
NEVER: Final = 1 << 62
LEAN_RETRY_SECONDS: Final = 10
"""What is leant on is frozen: when it comes back, it is the same."""


def prepare(folder: Path, incarnation: int, name: str) -> bool:
    """Make the coming head over the present one; return whether it is the head already."""
    with alive(folder, incarnation).monitor() as monitor:
        now = head(monitor, folder)
        if now == name:
            return True
        nodes = graph(monitor)
        if name in _layers(nodes.chain(layer_node(now)), folder):
            raise EngineError(f"The layer {name} cannot be prepared", f"it is frozen below {now}", permanent=True)
        if layer_node(name) in nodes.names and images.backing(folder, name) == now:
            return False
        _forget(monitor, folder, nodes, name)
        kept = msgspec.structs.replace(record(folder), head=now, coming=name, coming_bytes=NEVER)
        write(folder / RECORD, kept)
        images.create(folder, name, kept.size, now)
        size = (folder / images.file_name(name)).stat().st_size
        write(folder / RECORD, msgspec.structs.replace(kept, coming_bytes=size))
        monitor.execute("blockdev-add", layer(name, None, frozen=False))
        return False


def take(folder: Path, incarnation: int, name: str) -> None:
    """Make the prepared layer the head. Nothing else is done here: writes wait meanwhile."""
    with alive(folder, incarnation).monitor() as monitor:
        shown = set(of_replica(monitor).values())
        if layer_node(name) in shown:
            return
        if len(shown) != 1:
            why = "it has no export now; fence it"
            raise EngineError(f"The replica {folder.parent.name}/{folder.name} cannot take {name}", why)
        monitor.execute("blockdev-snapshot", {"node": shown.pop(), "overlay": layer_node(name)})


def lean(folder: Path, incarnation: int, backing: Address) -> None:
    """Set the head over an export elsewhere, and forget what was below it before."""
    with alive(folder, incarnation).monitor() as monitor:
        now, nodes = head(monitor, folder), graph(monitor)
        before = nodes.chain(nodes.backing(layer_node(now)))
        if LEAN in before:
            return
        _check_unwritten(monitor, folder, now)
        if LEAN not in nodes.names:
            monitor.execute("blockdev-add", remote(LEAN, backing, read_only=True, retry_seconds=LEAN_RETRY_SECONDS))
        monitor.execute("blockdev-reopen", {"options": [relaid(now, LEAN)]})
        # Without its backing it is not whole, and must not look so after a crash.
        _name_backing(monitor, now, backing.export.removeprefix(SERVED))
        for node in before:
            if name := layer_of(node, images.layers(folder)):
                _forget(monitor, folder, graph(monitor), name)


def settle(folder: Path, incarnation: int, layers: tuple[str, ...]) -> None:
    """Set the head over the copied layers, from the oldest to the newest, instead of what it leans on."""
    with alive(folder, incarnation).monitor() as monitor:
        now, nodes = head(monitor, folder), graph(monitor)
        if nodes.backing(layer_node(now)) != layer_node(layers[-1]):
            open_chain(monitor, layers, frozen=True)
            monitor.execute("blockdev-reopen", {"options": [relaid(now, layer_node(layers[-1]))]})
        if images.backing(folder, now) != layers[-1]:
            _name_backing(monitor, now, layers[-1])
        if LEAN in nodes.names:
            monitor.execute("blockdev-del", {"node-name": LEAN})


def _check_unwritten(monitor: Monitor, folder: Path, name: str) -> None:
    """Raise EngineError if the head holds anything: parts of a cluster would hide what is below it then."""
    found = monitor.execute("query-blockstats", {"query-nodes": True})
    ends = {one["node-name"]: one["stats"]["wr_highest_offset"] for one in found if "node-name" in one}
    if ends[file_node(name)]:
        what = f"The replica {folder.parent.name}/{folder.name} cannot join"
        raise EngineError(what, f"its head {name} was written already; remove and rebuild it", permanent=True)


def _name_backing(monitor: Monitor, name: str, below: str) -> None:
    node = layer_node(name)
    file = {"backing-file": images.file_name(below)}
    monitor.execute("change-backing-file", {"device": node, "image-node-name": node} | file)


def _forget(monitor: Monitor, folder: Path, nodes: Graph, name: str) -> None:
    """Close a layer that nothing stands on, and delete its file."""
    if layer_node(name) in nodes.names:
        monitor.execute("blockdev-del", {"node-name": layer_node(name)})
    with suppress(FileNotFoundError):
        (folder / images.file_name(name)).unlink()


def _layers(nodes: tuple[str, ...], folder: Path) -> frozenset[str | None]:
    return frozenset(layer_of(node, images.layers(folder)) for node in nodes)
