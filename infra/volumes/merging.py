"""Takes a frozen layer out of a replica's tree: its data goes up into the one layer that stands on it."""

import time
from pathlib import Path
from typing import Any, Final

from infra.volumes import images
from infra.volumes.daemon import Daemon
from infra.volumes.durable import sync_folder
from infra.volumes.errors import EngineError
from infra.volumes.graph import graph, layer_node, node_name
from infra.volumes.monitor import Monitor
from infra.volumes.processes import present

SECONDS: Final = 3600.0
POLL_SECONDS: Final = 0.02


def merge(folder: Path, name: str, child: str, below: str | None) -> None:
    """Move the data of layer `name` into `child`, set `child` over `below`, and delete `name`. Raises EngineError.

    What a reader sees through `child` and `below` stays the same. A running replica refuses to take a snapshot
    meanwhile.
    """
    _check(folder, name, child, below)
    daemon = present(folder)
    if daemon is not None and _is_open(daemon, name, child):
        _merge_open(daemon, folder, name, child, below)
    elif images.backing(folder, child) != below:
        images.absorb(folder, child, below)
    (folder / images.file_name(name)).unlink(missing_ok=True)
    sync_folder(folder)


def _check(folder: Path, name: str, child: str, below: str | None) -> None:
    there = images.layers(folder)
    if absent := {child, below or child} - set(there):
        why = f"{', '.join(sorted(absent))} is not in {folder}"
        raise EngineError(f"The layer {name} cannot be merged into {child}", why, permanent=True)
    others = [other for other in there if other not in (name, child) and images.backing(folder, other) == name]
    if others:
        raise EngineError(f"The layer {name} cannot be merged", f"{others[0]} stands on it too", permanent=True)
    if images.backing(folder, child) not in (name, below):
        why = f"{child} stands on {images.backing(folder, child)}"
        raise EngineError(f"The layer {name} cannot be merged into {child}", why, permanent=True)


def _is_open(daemon: Daemon, *layers: str) -> bool:
    with daemon.monitor() as monitor:
        return {layer_node(layer) for layer in layers} <= graph(monitor).names


def _merge_open(daemon: Daemon, folder: Path, name: str, child: str, below: str | None) -> None:
    job = node_name("m", name)
    with daemon.monitor() as monitor:
        if _job(monitor, job) is None and images.backing(folder, child) != below:
            monitor.execute("block-stream", _stream(job, child, below))
    # Each look is a conversation of its own: others have something to say to the replica meanwhile.
    end = time.monotonic() + SECONDS
    while not _concluded(daemon, job):
        if time.monotonic() > end:
            raise EngineError(f"The layer {name} is not merged", f"not done after {SECONDS} s")
        time.sleep(POLL_SECONDS)
    with daemon.monitor() as monitor:
        if layer_node(name) in graph(monitor).names:
            monitor.execute("blockdev-del", {"node-name": layer_node(name)})


def _stream(job: str, child: str, below: str | None) -> dict[str, Any]:
    arguments = {"job-id": job, "device": layer_node(child), "auto-dismiss": False}
    if below is None:
        return arguments
    return arguments | {"base-node": layer_node(below), "backing-file": images.file_name(below)}


def _concluded(daemon: Daemon, job: str) -> bool:
    """Return whether the job is over, and dismiss it. Raises EngineError if it failed."""
    with daemon.monitor() as monitor:
        found = _job(monitor, job)
        if found is None:
            return True
        if found["status"] != "concluded":
            return False
        monitor.execute("job-dismiss", {"id": job})
    if error := found.get("error"):
        raise EngineError(f"The engine {daemon} could not merge a layer", error)
    return True


def _job(monitor: Monitor, job: str) -> dict[str, Any] | None:
    return next((found for found in monitor.execute("query-jobs") if found["id"] == job), None)
