"""Shows frozen layers of a replica to other nodes: as exports of a daemon of their own, and as bytes of their files."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from infra.volumes import images
from infra.volumes.errors import EngineError
from infra.volumes.exports import export
from infra.volumes.folders import allowed, serving_daemon
from infra.volumes.graph import layer_node
from infra.volumes.heads import SERVED
from infra.volumes.processes import is_frozen
from infra.volumes.records import ServerRecord, note, read
from infra.volumes.starting import open_chain, spawn_on_free_port
from schemas.types.volumes import Address

LONGEST_READ: Final = 16 << 20


def serve(folder: Path, name: str, host: str, tls: Path | None) -> Address:
    """Let a daemon of its own show a layer; see `Peer.serve`."""
    path = layer_file(folder, name)
    daemon, record = serving_daemon(folder, name), path.with_name(f"s-{name}.json")
    port = read(record, ServerRecord).port
    if not (port and daemon.is_alive()):
        daemon.kill()
        record.unlink(missing_ok=True)
        port = spawn_on_free_port(daemon, host, tls)
        note(record, ServerRecord(port=port))
    with daemon.monitor() as monitor:
        # While it is written no other process may read it.
        if is_frozen(folder, name):
            open_chain(monitor, images.chain(folder, name), frozen=True)
            export(monitor, SERVED + name, layer_node(name), writable=False)
    return Address(export=SERVED + name, host=host, port=port)


def unserve(folder: Path, name: str) -> None:
    """End the daemon that shows a layer."""
    allowed(name)
    daemon = serving_daemon(folder, name)
    daemon.kill()
    daemon.forget()
    (folder / f"s-{name}.json").unlink(missing_ok=True)


def layer_file(folder: Path, name: str) -> Path:
    """Return the file of a layer. Raises EngineError if there is none."""
    allowed(name)
    path = folder / images.file_name(name)
    if not path.is_file():
        raise EngineError(f"There is no layer {name}", f"nothing is at {path}", permanent=True)
    return path


def frozen_file(folder: Path, name: str) -> Path:
    """Return the file of a frozen layer. Raises EngineError for another."""
    path = layer_file(folder, name)
    if not is_frozen(folder, name):
        raise EngineError(f"The layer {name} cannot be copied", "it is not frozen", permanent=True)
    return path


def size(folder: Path, name: str) -> int:
    """Return the size of a frozen layer's file in bytes. Raises EngineError."""
    return frozen_file(folder, name).stat().st_size


def content(folder: Path, name: str, offset: int, length: int) -> bytes:
    """Return bytes of a frozen layer's file, fewer at its end. Raises EngineError."""
    if offset < 0 or not 0 <= length <= LONGEST_READ:
        why = f"{length} bytes from {offset}; at most {LONGEST_READ} can be asked for"
        raise EngineError(f"No such part of layer {name} can be read", why, permanent=True)
    with frozen_file(folder, name).open("rb") as file:
        file.seek(offset)
        return file.read(length)


def digest(folder: Path, name: str, offset: int, length: int) -> bytes:
    """Return the SHA-256 of what `content` returns. Raises EngineError."""
    return sha256(content(folder, name, offset, length)).digest()
