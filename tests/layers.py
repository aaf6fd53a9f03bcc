"""A `Peer` whose layers are plain files, `<folder>/<volume>/<replica>/<layer>.qcow2`: bytes for servers and copies."""

import hashlib
import threading
from pathlib import Path

from infra.volumes.errors import EngineError
from schemas.types.volumes import Address


class FolderPeer:
    """Gives bytes of files, and remembers what it was asked to do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[tuple[object, ...]] = []
        self.read = 0
        self._lock = threading.Lock()

    def put(self, volume: str, replica: str, layer: str, content: bytes) -> Path:
        path = self.path(volume, replica, layer)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def path(self, volume: str, replica: str, layer: str) -> Path:
        return self.folder / volume / replica / f"{layer}.qcow2"

    def prepare(self, volume: str, replica: str, incarnation: int, layer: str) -> bool:
        self.calls.append(("prepare", volume, replica, incarnation, layer))
        return layer == "head"

    def fence(self, volume: str, replica: str, incarnation: int, generation: int) -> None:
        self.calls.append(("fence", volume, replica, incarnation, generation))

    def take(self, volume: str, replica: str, incarnation: int, layer: str) -> None:
        self.calls.append(("take", volume, replica, incarnation, layer))

    def serve(self, volume: str, replica: str, layer: str) -> Address:
        self.calls.append(("serve", volume, replica, layer))
        return Address(host="10.0.0.7", port=10809, path="", export=f"s-{layer}")

    def unserve(self, volume: str, replica: str, layer: str) -> None:
        self.calls.append(("unserve", volume, replica, layer))

    def lean(self, volume: str, replica: str, incarnation: int, backing: Address) -> None:
        self.calls.append(("lean", volume, replica, incarnation, backing))

    def layer_size(self, volume: str, replica: str, layer: str) -> int:
        return self._existing(volume, replica, layer).stat().st_size

    def read_layer(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        content = self._bytes(volume, replica, layer, offset, length)
        with self._lock:
            self.read += len(content)
        return content

    def layer_digest(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        content = self._bytes(volume, replica, layer, offset, length)
        return hashlib.sha256(content).digest()

    def _bytes(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        with self._existing(volume, replica, layer).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def _existing(self, volume: str, replica: str, layer: str) -> Path:
        path = self.path(volume, replica, layer)
        if not path.exists():
            raise EngineError(
                f"layer {layer} of replica {replica} cannot be read", "there is no such layer", permanent=True
            )
        return path
