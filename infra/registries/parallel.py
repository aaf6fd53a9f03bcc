"""Fetches one large blob over several connections at once, for links on which one connection does not use all there is.

Parts go to their places in a file as they come, and are hashed in their order as they are complete; so what is read
back for hashing is still in memory.
"""

import os
import threading
from typing import Final

from infra.oci.descriptors import Descriptor
from infra.oci.digests import hasher
from infra.oci.errors import MismatchError
from infra.oci.target import Progress
from infra.registries.blobs import Blobs, BlobStream
from infra.registries.errors import BrokenConnectionError
from infra.registries.repository import Repository

CONNECTIONS: Final = 4
PART_BYTES: Final = 8 << 20
BUFFER_BYTES: Final = 256 << 10


def fetch_parallel(
    repository: Repository,
    descriptor: Descriptor,
    file: int,
    progress: Progress | None = None,
    connections: int = CONNECTIONS,
    part_bytes: int = PART_BYTES,
) -> None:
    """Write a blob into an open file, verified. What is in the file after an error is not whole.

    Raises UnsupportedError, before much is read, if the registry does not give parts; MismatchError, NotFoundError,
    BrokenConnectionError, OSError.
    """
    _Fetching(repository.blobs, descriptor, file, progress, part_bytes).run(connections)


class _Fetching:
    def __init__(
        self, blobs: Blobs, descriptor: Descriptor, file: int, progress: Progress | None, part_bytes: int
    ) -> None:
        self._blobs = blobs
        self._descriptor = descriptor
        self._file = file
        self._progress = progress
        self._bytes = part_bytes
        self._count = -(-descriptor.size // part_bytes)
        self._next = 0
        self._done: set[int] = set()
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def run(self, connections: int) -> None:
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(min(connections, self._count))]
        for thread in threads:
            thread.start()
        try:
            self._hash()
        except BaseException as error:
            self._fail(error)
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (number := self._take()) is not None:
            try:
                self._fetch(number)
            except BaseException as error:
                self._fail(error)
                return
            with self._changed:
                self._done.add(number)
                self._changed.notify_all()

    def _take(self) -> int | None:
        with self._changed:
            if self._error is not None or self._next == self._count:
                return None
            self._next += 1
            return self._next - 1

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def _fetch(self, number: int) -> None:
        position = number * self._bytes
        end = min(position + self._bytes, self._descriptor.size)
        buffer = memoryview(bytearray(BUFFER_BYTES))
        with BlobStream(self._blobs, self._descriptor, position, end) as stream:
            while self._error is None and (count := stream.readinto(buffer)):
                self._write(buffer[:count], position)
                position += count
        if position < end and self._error is None:
            raise BrokenConnectionError(f"a part of {self._descriptor.digest} ended too early")

    def _write(self, data: memoryview, position: int) -> None:
        count = len(data)
        while data:
            written = os.pwrite(self._file, data, position)
            data, position = data[written:], position + written
        if self._progress is not None:
            self._progress(count)

    def _hash(self) -> None:
        digest = hasher(self._descriptor.digest)
        for number in range(self._count):
            with self._changed:
                while number not in self._done and self._error is None:
                    self._changed.wait()
                if self._error is not None:
                    return
            self._hash_part(digest, number * self._bytes)
        if digest.hexdigest() != self._descriptor.hex:
            raise MismatchError(f"content of {self._descriptor.digest} has another digest")

    def _hash_part(self, digest: object, start: int) -> None:
        end = min(start + self._bytes, self._descriptor.size)
        while start < end:
            data = os.pread(self._file, min(BUFFER_BYTES, end - start), start)
            if not data:
                raise MismatchError(f"the file of {self._descriptor.digest} was cut while it was written")
            digest.update(data)  # type: ignore[attr-defined]
            start += len(data)
