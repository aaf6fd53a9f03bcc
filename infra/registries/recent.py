"""The manifests that were seen last: who pushes and tags one, or asks for one and reads it, need not ask twice."""

import threading
from typing import Final

from infra.oci.descriptors import Descriptor

MOST_BYTES: Final = 4 << 20


class Recent:
    """Keeps manifests up to a size in all; the oldest go first."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._kept: dict[str, bytes] = {}
        self._size = 0
        self._lock = threading.Lock()

    def keep(self, digest: str, data: bytes) -> None:
        """Keep a manifest that was verified."""
        with self._lock:
            self._size += len(data) - len(self._kept.pop(digest, b""))
            self._kept[digest] = data
            while self._size > self._most:
                self._size -= len(self._kept.pop(next(iter(self._kept))))

    def get(self, descriptor: Descriptor) -> bytes | None:
        """Return a manifest if it is kept."""
        with self._lock:
            data = self._kept.get(descriptor.digest)
        return data if data is not None and len(data) == descriptor.size else None

    def forget(self, digest: str) -> None:
        """Keep a manifest no longer."""
        with self._lock:
            self._size -= len(self._kept.pop(digest, b""))
