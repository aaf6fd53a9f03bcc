"""All that can be done with the replicas of this node; it obeys, and decides nothing.

Every method may be repeated after whoever called it was killed: it then does what is missing, and answers the same.
"""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from infra.volumes import heads, images, merging, showing, starting
from infra.volumes.copying import copy_layer
from infra.volumes.daemon import daemons
from infra.volumes.errors import EngineError
from infra.volumes.exports import cut, export, export_id, of_replica
from infra.volumes.folders import replica_daemon, replica_folder
from infra.volumes.graph import layer_node
from infra.volumes.inspecting import inspection
from infra.volumes.peer import Peer
from infra.volumes.processes import RECORD, alive, head, present, record
from infra.volumes.records import ReplicaRecord, held, write
from infra.volumes.words import Inspection, LayerSource, RunningReplica
from schemas.types.volumes import Address

Progress = Callable[[int, int], None]


class Replicas:
    """The replicas of this node, one storage daemon each; satisfies `Peer`."""

    def __init__(
        self, folder: Path, host: str = "127.0.0.1", tls: Path | None = None, peers: Callable[[str], Peer] | None = None
    ) -> None:
        """Keep replicas in `<folder>/<volume>/<replica>/`, listen on `host`, and find the replicas of nodes by `peers`.

        `tls` is the folder of this node's certificates; without it replicas are for controllers of this node alone.
        """
        self._root = folder.absolute()
        self._host = host
        self._tls = tls.absolute() if tls else None
        self._peers = peers

    def build(
        self,
        volume: str,
        replica: str,
        size: int,
        layers: tuple[LayerSource, ...],
        progress: Progress | None = None,
        head: str = "",
    ) -> None:
        """Fetch the frozen layers that are not here yet, from the oldest to the newest; make a head if one is named."""
        folder = self._folder(volume, replica)
        folder.mkdir(parents=True, exist_ok=True)
        for below, source in zip((None, *layers), layers, strict=False):
            target = folder / images.file_name(source.name)
            if not target.exists():
                peer = self._peer(source.node)
                copy_layer(peer, source.volume, source.replica, source.name, target, progress or _ignore)
            if (found := images.read_header(folder, source.name).size) > size:
                why = f"it has {found} bytes, and the volume {size}"
                raise EngineError(f"The layer {source.name} is no part of {volume}", why, permanent=True)
            images.set_backing(folder, source.name, below.name if below else None)
        if head and not (folder / images.file_name(head)).exists():
            images.create(folder, head, size, layers[-1].name if layers else None)

    def start(
        self,
        volume: str,
        replica: str,
        *,
        incarnation: int,
        generation: int,
        size: int,
        chain: tuple[str, ...],
        listen: starting.Listen,
        obsolete: frozenset[str] = frozenset(),
        known: frozenset[str] = frozenset(),
    ) -> Address:
        """Start a replica and return its export; files of `obsolete` layers are deleted, no others.

        `chain` names the layers from the oldest to the head: those missing on top are made; `known` are the volume's
        layers on other branches. A replica that is to join a running volume begins with the coming head alone.
        """
        folder = self._folder(volume, replica, *chain)
        wanted = starting.Start(
            incarnation=incarnation,
            generation=generation,
            size=size,
            chain=chain,
            listen=listen,
            obsolete=obsolete,
            known=known,
        )
        with held(folder):
            return starting.start(folder, self._host, self._tls, wanted)

    def fence(self, volume: str, replica: str, incarnation: int, generation: int) -> None:
        """Cut off every controller of an older generation, and let those of this one in."""
        folder = self._folder(volume, replica)
        with held(folder), alive(folder, incarnation).monitor() as monitor:
            kept = record(folder)
            if generation < kept.generation:
                why = f"it belongs to generation {kept.generation}"
                raise EngineError(f"Generation {generation} of {volume} cannot have {replica}", why, permanent=True)
            now = msgspec.structs.replace(kept, generation=generation, head=head(monitor, folder))
            if now != kept:
                write(folder / RECORD, now)
            name = starting.export_name(now)
            cut(monitor, set(of_replica(monitor)) - {export_id(name)})
            export(monitor, name, layer_node(now.head), writable=True)

    def stop(self, volume: str, replica: str, incarnation: int) -> bool:
        """End a replica's process; return whether it had written all it held."""
        folder = self._folder(volume, replica)
        if not folder.exists():
            return False
        with held(folder):
            kept = record(folder)
            if kept.incarnation != incarnation:
                replica_daemon(folder, incarnation).kill()
                return False
            return self._end(folder, kept)

    def remove(self, volume: str, replica: str) -> None:
        """End whatever runs for a replica, and delete all it has."""
        folder = self._folder(volume, replica)
        if not folder.exists():
            return
        with held(folder):
            if (folder / RECORD).exists():
                write(folder / RECORD, msgspec.structs.replace(record(folder), stopping=True))
            for daemon in daemons(folder):
                daemon.kill()
            shutil.rmtree(folder)
        with suppress(OSError):
            folder.parent.rmdir()

    def prepare(self, volume: str, replica: str, incarnation: int, layer: str) -> bool:
        """Make the coming head over the present one; return whether it already is the head."""
        folder = self._folder(volume, replica, layer)
        with held(folder):
            return heads.prepare(folder, incarnation, layer)

    def take(self, volume: str, replica: str, incarnation: int, layer: str) -> None:
        """Make the prepared layer the head, and freeze the one that was."""
        folder = self._folder(volume, replica, layer)
        with held(folder):
            heads.take(folder, incarnation, layer)

    def serve(self, volume: str, replica: str, layer: str) -> Address:
        """Export the layer with all below it, read-only, over TLS; see `Peer`."""
        folder = self._folder(volume, replica, layer)
        with held(folder):
            return showing.serve(folder, layer, self._host, self._tls)

    def unserve(self, volume: str, replica: str, layer: str) -> None:
        """End the export of the layer."""
        folder = self._folder(volume, replica, layer)
        with held(folder):
            showing.unserve(folder, layer)

    def lean(self, volume: str, replica: str, incarnation: int, backing: Address) -> None:
        """Let the head read from an export what it does not hold itself; what was below it before is forgotten."""
        folder = self._folder(volume, replica)
        with held(folder):
            heads.lean(folder, incarnation, backing)

    def settle(self, volume: str, replica: str, incarnation: int, layers: tuple[str, ...]) -> None:
        """Set the head over the layers that were copied meanwhile, from the oldest to the newest."""
        folder = self._folder(volume, replica, *layers)
        with held(folder):
            heads.settle(folder, incarnation, layers)

    def merge(
        self, volume: str, replica: str, incarnation: int | None, layer: str, child: str, below: str | None
    ) -> None:
        """Move the data of a frozen layer into the one above, which then stands on `below`, and delete the layer.

        `incarnation` is that of the process that must run, None if it does not matter whether one does.
        """
        folder = self._folder(volume, replica, layer, child)
        if incarnation is not None:
            alive(folder, incarnation)
        server = starting.address(folder, self._host, record(folder))
        merging.merge(folder, layer, child, below, server, self._tls)

    def layer_size(self, volume: str, replica: str, layer: str) -> int:
        """Return the size of a frozen layer's file in bytes."""
        return showing.size(self._folder(volume, replica), layer)

    def read_layer(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        """Return bytes of a frozen layer's file; fewer at its end."""
        return showing.content(self._folder(volume, replica), layer, offset, length)

    def layer_digest(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        """Return the SHA-256 of what `read_layer` returns."""
        return showing.digest(self._folder(volume, replica), layer, offset, length)

    def sizes(self, volume: str, replica: str) -> dict[str, int]:
        """Return how many bytes of the disk each layer takes."""
        folder = self._folder(volume, replica)
        return {name: (folder / images.file_name(name)).stat().st_blocks * 512 for name in images.layers(folder)}

    def inspect(self, volume: str, replica: str) -> Inspection:
        """Return what is there of a replica. Raises EngineError."""
        return inspection(self._folder(volume, replica))

    def put_to_rest(self, volume: str, replica: str) -> Inspection:
        """End a replica's process in good order, if it runs, and return what is there. Raises EngineError."""
        folder = self._folder(volume, replica)
        if not folder.exists():
            raise EngineError(f"There is no replica {volume}/{replica} here", str(folder))
        with held(folder):
            self._end(folder, record(folder))
            return inspection(folder)

    def ended_well(self, volume: str, replica: str, incarnation: int) -> bool:
        """Return whether a replica's process ended in good order."""
        folder = self._folder(volume, replica)
        return record(folder).incarnation == incarnation and replica_daemon(folder, incarnation).ended_well()

    def kill(self, volume: str, replica: str, incarnation: int) -> None:
        """End a process that nobody counts on."""
        folder = self._folder(volume, replica)
        with held(folder):
            if (kept := record(folder)).incarnation == incarnation:
                write(folder / RECORD, msgspec.structs.replace(kept, stopping=True))
            replica_daemon(folder, incarnation).kill()

    def running(self) -> tuple[RunningReplica, ...]:
        """Return the replicas whose processes live."""
        found = ((path.parent, record(path.parent)) for path in sorted(self._root.glob(f"*/*/{RECORD}")))
        return tuple(one for folder, kept in found if (one := _running(folder, kept)))

    def stop_all(self) -> None:
        """End all processes of replicas in good order."""
        for one in self.running():
            self.stop(one.volume, one.replica, one.incarnation)

    def _end(self, folder: Path, kept: ReplicaRecord) -> bool:
        if kept.incarnation and kept.clean is None:
            clean = _ended(folder, kept)
            kept = msgspec.structs.replace(record(folder), stopping=True, clean=clean)
            write(folder / RECORD, kept)
        return bool(kept.clean)

    def _folder(self, volume: str, replica: str, *layers: str) -> Path:
        return replica_folder(self._root, volume, replica, *layers)

    def _peer(self, node: str) -> Peer:
        if self._peers is None:
            raise EngineError(f"The node {node} cannot be asked", "this node knows no others", permanent=True)
        return self._peers(node)


def _ended(folder: Path, kept: ReplicaRecord) -> bool:
    daemon = present(folder)
    if daemon is None:
        return replica_daemon(folder, kept.incarnation).ended_well()
    with suppress(EngineError), daemon.monitor() as monitor:
        kept = msgspec.structs.replace(kept, head=head(monitor, folder))
    write(folder / RECORD, msgspec.structs.replace(kept, stopping=True))
    return daemon.quit()


def _ignore(done: int, size: int) -> None:
    """Tell nobody how far a copy is."""


def _running(folder: Path, kept: ReplicaRecord) -> RunningReplica | None:
    pid = replica_daemon(folder, kept.incarnation).pid()
    if pid is None:
        return None
    return RunningReplica(
        volume=folder.parent.name,
        replica=folder.name,
        incarnation=kept.incarnation,
        generation=kept.generation,
        pid=pid,
    )
