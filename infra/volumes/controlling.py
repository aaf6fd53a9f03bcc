"""Starts a volume's controller: its replicas behind one quorum, a throttle over it, one export."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.volumes.daemon import Daemon, credentials, daemons
from infra.volumes.errors import EngineError
from infra.volumes.exports import export, listen_unix, volume_export
from infra.volumes.folders import ENDPOINT, controller_daemon, number
from infra.volumes.freezing import GROUPS, QUORUM, VOLUME, fill, hold_back
from infra.volumes.graph import Graph, graph, node_name, remote
from infra.volumes.monitor import Monitor
from infra.volumes.records import ControllerRecord, read, write
from infra.volumes.words import Member
from schemas.types.volumes import Address

RECORD: Final = "controller.json"
LETTER: Final = "g"


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """How a controller is to be started."""

    generation: int
    epoch: int
    size: int
    members: tuple[Member, ...]


def record(folder: Path) -> ControllerRecord:
    """Return what is kept of a volume's controller, an empty record if nothing is. Raises EngineError."""
    return read(folder / RECORD, ControllerRecord)


def alive(folder: Path, generation: int) -> Daemon:
    """Return the process of a controller. Raises EngineError if it does not run."""
    daemon = controller_daemon(folder, generation)
    if not daemon.is_alive() or record(folder).generation != generation:
        raise EngineError(
            f"The volume {folder.parent.name} has no controller of generation {generation} here",
            "that process is gone, or never was; start one of a new generation",
            permanent=True,
        )
    return daemon


def control(folder: Path, tls: Path | None, wanted: Control) -> None:
    """Start what is not started yet of a controller, and put its socket in place. Raises EngineError."""
    daemon, kept = controller_daemon(folder, wanted.generation), record(folder)
    _check_unspent(folder, daemon, kept, wanted)
    if kept.generation < wanted.generation:
        end_older(folder, kept, wanted.generation)
        daemon.spawn((*GROUPS, *(credentials(tls) if tls else ())))
    socket = f"../{ENDPOINT}.g{wanted.generation}"
    with daemon.monitor() as monitor:
        _add_members(monitor, folder, wanted)
        listen_unix(monitor, socket)
        if VOLUME not in graph(monitor).names:
            fill(monitor, folder, socket)
            hold_back(monitor)
        if kept.generation < wanted.generation:
            names = tuple(member.replica for member in wanted.members)
            write(folder / RECORD, ControllerRecord(generation=wanted.generation, epoch=wanted.epoch, replicas=names))
        export(monitor, volume_export(folder.parent.name, wanted.epoch), VOLUME, writable=True)
    if (fresh := folder / socket).exists():
        fresh.rename(folder.parent / ENDPOINT)


def member_node(replica: str) -> str:
    """Return the name of a member's node."""
    return node_name("r", replica)


def member_names(nodes: Graph, replicas: Sequence[str]) -> tuple[str, ...]:
    """Return which of the replicas are behind the quorum."""
    children = nodes.children(QUORUM)
    return tuple(replica for replica in replicas if member_node(replica) in children)


def connect(monitor: Monitor, folder: Path, member: Member) -> None:
    """Make the node of a member, not yet behind the quorum; nothing if there is one. Raises EngineError."""
    if member_node(member.replica) not in graph(monitor).names:
        monitor.execute("blockdev-add", remote(member_node(member.replica), _near(folder, member.address)))


def drop(monitor: Monitor, replica: str) -> None:
    """Take a member out of the quorum; nothing if it is not there. Raises EngineError, as for the last one."""
    nodes, node = graph(monitor), member_node(replica)
    role = next((role for (parent, role), child in nodes.edges.items() if (parent, child) == (QUORUM, node)), None)
    if role is not None:
        monitor.execute("x-blockdev-change", {"parent": QUORUM, "child": role})
    if node in nodes.names:
        monitor.execute("blockdev-del", {"node-name": node})


def note_failed(folder: Path, generation: int, replica: str) -> None:
    """Write down that a member did not do what its controller asked. Raises EngineError."""
    kept = record(folder)
    if kept.generation == generation and replica not in kept.failed:
        write(folder / RECORD, msgspec.structs.replace(kept, failed=(*kept.failed, replica)))


def _check_unspent(folder: Path, daemon: Daemon, kept: ControllerRecord, wanted: Control) -> None:
    gone = kept.generation == wanted.generation and (kept.stopping or not daemon.is_alive())
    if kept.generation > wanted.generation or gone:
        raise EngineError(
            f"Generation {wanted.generation} of volume {folder.parent.name} is spent",
            f"the last one here was {kept.generation}, and a controller that is gone never comes back",
            permanent=True,
        )


def end_older(folder: Path, kept: ControllerRecord, generation: int) -> None:
    """Kill the controllers of older generations."""
    found = ((number(daemon, LETTER), daemon) for daemon in daemons(folder))
    stale = [daemon for n, daemon in found if n is not None and n < generation]
    if any(daemon.is_alive() for daemon in stale):
        write(folder / RECORD, msgspec.structs.replace(kept, stopping=True))
    for daemon in stale:
        daemon.kill()
        daemon.forget()


def _add_members(monitor: Monitor, folder: Path, wanted: Control) -> None:
    for member in wanted.members:
        connect(monitor, folder, member)
    _check_sizes(monitor, wanted)
    if QUORUM not in graph(monitor).names:
        monitor.execute("blockdev-add", _quorum([member_node(member.replica) for member in wanted.members]))


def _check_sizes(monitor: Monitor, wanted: Control) -> None:
    found = monitor.execute("query-named-block-nodes", {"flat": True})
    sizes = {node["node-name"]: node["image"]["virtual-size"] for node in found}
    for member in wanted.members:
        if (size := sizes[member_node(member.replica)]) != wanted.size:
            why = f"its export {member.address.export} has {size} bytes, and the volume {wanted.size}"
            raise EngineError(f"The replica {member.replica} is of another size", why, permanent=True)


def _quorum(children: list[str]) -> dict[str, Any]:
    # Read from the first that can; written by all, and good if one could: the others are reported as bad.
    return {
        "driver": "quorum",
        "node-name": QUORUM,
        "children": children,
        "vote-threshold": 1,
        "read-pattern": "fifo",
        "discard": "unmap",
    }


def _near(folder: Path, address: Address) -> Address:
    if not address.path:
        return address
    return msgspec.structs.replace(address, path=os.path.relpath(address.path, folder))
