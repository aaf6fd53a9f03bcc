"""Starts a replica's process: files first, then the numbers on the disk, then the export that bears them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from infra.volumes import images
from infra.volumes.daemon import Daemon, credentials
from infra.volumes.errors import EngineError
from infra.volumes.exports import export, listen_unix, of_replica, replica_export, tls_listener
from infra.volumes.folders import replica_daemon
from infra.volumes.graph import graph, layer, layer_node
from infra.volumes.monitor import Monitor
from infra.volumes.processes import RECORD, newest, older, record
from infra.volumes.records import ReplicaRecord, write
from schemas.types.volumes import Address

SOCKET: Final = "nbd.sock"
Listen = Literal["unix", "tcp"]


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How a replica is to be started."""

    incarnation: int
    generation: int
    size: int
    chain: tuple[str, ...]
    listen: Listen
    obsolete: frozenset[str]
    known: frozenset[str]


def start(folder: Path, host: str, tls: Path | None, wanted: Start) -> Address:
    """Start what is not started yet of a replica, and return where its export is. Raises EngineError."""
    daemon = replica_daemon(folder, wanted.incarnation)
    kept = record(folder)
    if kept.incarnation > wanted.incarnation or (
        kept.incarnation == wanted.incarnation and not (daemon.is_alive() and not kept.stopping)
    ):
        raise EngineError(
            f"Incarnation {wanted.incarnation} of replica {folder.parent.name}/{folder.name} is spent",
            f"its process is gone, and what it had not flushed with it; the last was {kept.incarnation}",
            permanent=True,
        )
    if kept.incarnation < wanted.incarnation:
        _end_older(folder, kept, wanted.incarnation)
        # One that was started but not kept has no export: nobody knows it.
        daemon.kill()
        kept = _spawn(daemon, host, tls, wanted, lay_files(folder, wanted))
    with daemon.monitor() as monitor:
        if kept.listen == "unix":
            listen_unix(monitor, SOCKET)
        if not of_replica(monitor):
            export(monitor, export_name(kept), layer_node(kept.head), writable=True)
    return address(folder, host, kept)


def lay_files(folder: Path, wanted: Start) -> tuple[str, ...]:
    """Delete obsolete layers, make those missing on top, and return the chain as the headers tell it.

    A layer of the wanted chain that no header names was merged already. Raises EngineError if a header names another,
    or the newest layer is none of the volume's: what it holds must not be passed over.
    """
    kept = record(folder)
    head = newest(folder, kept)
    unused = {kept.coming} - {head, *wanted.chain}
    if head in images.layers(folder) and head not in wanted.obsolete | wanted.known | set(wanted.chain):
        what = f"The replica {folder.parent.name}/{folder.name} cannot start"
        why = f"its newest layer is {head}, which is none of {', '.join(wanted.chain)}"
        raise EngineError(what, why, permanent=True)
    for name in (wanted.obsolete | unused) - set(wanted.chain) - {""}:
        (folder / images.file_name(name)).unlink(missing_ok=True)
    present = set(images.layers(folder))
    top = max((at for at, name in enumerate(wanted.chain) if name in present), default=-1)
    for at in range(top + 1, len(wanted.chain)):
        images.create(folder, wanted.chain[at], wanted.size, wanted.chain[at - 1] if at else None)
    chain = images.chain(folder, wanted.chain[-1])
    if list(chain) != [name for name in wanted.chain if name in chain]:
        what = f"The replica {folder.parent.name}/{folder.name} cannot start"
        why = f"its layers are {', '.join(chain)}, not {', '.join(wanted.chain)}; rebuild it"
        raise EngineError(what, why, permanent=True)
    return chain


def open_chain(monitor: Monitor, chain: Sequence[str], *, frozen: bool = False) -> None:
    """Open layers, from the oldest to the newest, each over the one before; the last one is frozen only if told so."""
    there = graph(monitor).names
    below: str | None = None
    for name in chain:
        node = layer_node(name)
        if node not in there:
            monitor.execute("blockdev-add", layer(name, below, frozen=frozen or name != chain[-1]))
        below = node


def export_name(kept: ReplicaRecord) -> str:
    """Return the name of a replica's export: another for each process, and for each controller."""
    return replica_export(kept.incarnation, kept.generation)


def address(folder: Path, host: str, kept: ReplicaRecord) -> Address:
    """Return where a replica's export is."""
    if kept.listen == "unix":
        return Address(export=export_name(kept), path=str(folder / SOCKET))
    return Address(export=export_name(kept), host=host, port=kept.port)


def _end_older(folder: Path, kept: ReplicaRecord, incarnation: int) -> None:
    stale = older(folder, incarnation)
    if stale:
        write(folder / RECORD, msgspec.structs.replace(kept, stopping=True))
    for daemon in stale:
        daemon.kill()


def _spawn(daemon: Daemon, host: str, tls: Path | None, wanted: Start, chain: tuple[str, ...]) -> ReplicaRecord:
    port = 0
    if wanted.listen == "tcp":
        port = spawn_on_free_port(daemon, host, tls)
    else:
        daemon.spawn(credentials(tls) if tls else ())
    with daemon.monitor() as monitor:
        open_chain(monitor, chain)
    kept = ReplicaRecord(
        incarnation=wanted.incarnation,
        generation=wanted.generation,
        size=wanted.size,
        listen=wanted.listen,
        port=port,
        head=chain[-1],
    )
    write(daemon.folder / RECORD, kept)
    return kept


def spawn_on_free_port(daemon: Daemon, host: str, tls: Path | None) -> int:
    """Start a daemon that serves clients with a certificate, and return its port. Raises EngineError."""
    if tls is None:
        raise EngineError(f"Nothing can be served on {host}", "this node has no certificates", permanent=True)
    with tls_listener(host) as (listener, server):
        daemon.spawn((*credentials(tls), *server), (listener.fileno(),))
        return int(listener.getsockname()[1])
