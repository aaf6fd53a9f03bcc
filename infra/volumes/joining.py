"""Lets a replica join a running volume, in the moment in which all others take a snapshot.

Its head is empty, and stands on nothing. Frozen requests are let through whenever the quorum changes, so it is added
before anybody takes the snapshot: then what passes belongs to the layer that is frozen, which it reads from another
replica afterwards. Until it does so, it must hold nothing of its own.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

from infra.volumes.controlling import RECORD, connect, member_node, record
from infra.volumes.errors import EngineError
from infra.volumes.freezing import QUORUM
from infra.volumes.graph import graph
from infra.volumes.monitor import Monitor
from infra.volumes.peer import Part, Peer
from infra.volumes.records import write
from infra.volumes.words import Member


class Joining(NamedTuple):
    """A replica that is to join, and another on whose frozen layer it leans until it has all layers itself."""

    member: Member
    peer: Peer
    incarnation: int
    source: Part
    frozen: str
    """The head of the volume before the snapshot."""

    @property
    def part(self) -> Part:
        """Return the replica as it takes part in the snapshot."""
        return Part(self.member.replica, self.peer, self.incarnation)


def make_ready(monitor: Monitor, folder: Path, layer: str, joining: Joining) -> None:
    """Do what can be done before the freeze: connections, processes, files. Raises EngineError."""
    kept, replica = record(folder), joining.member.replica
    if replica not in kept.replicas:
        write(folder / RECORD, msgspec.structs.replace(kept, replicas=(*kept.replicas, replica)))
    joining.peer.prepare(folder.parent.name, replica, joining.incarnation, layer)
    joining.source.peer.serve(folder.parent.name, joining.source.replica, joining.frozen)
    connect(monitor, folder, joining.member)


def add(monitor: Monitor, joining: Joining) -> None:
    """Put the replica behind the quorum, last, so that nothing is read from it as long as another can be read."""
    node = member_node(joining.member.replica)
    if node not in graph(monitor).children(QUORUM):
        monitor.execute("x-blockdev-change", {"parent": QUORUM, "node": node})


def complete(volume: str, layer: str, joining: Joining) -> None:
    """Let the replica lean on the layer that is frozen now. Raises EngineError."""
    if joining.frozen == layer:
        raise EngineError(f"Nothing is frozen when {layer} is taken", "it is the head already", permanent=True)
    joining.peer.take(volume, joining.member.replica, joining.incarnation, layer)
    backing = joining.source.peer.serve(volume, joining.source.replica, joining.frozen)
    joining.peer.lean(volume, joining.member.replica, joining.incarnation, backing)
