"""Reads a large blob ahead over several connections, for links on which one connection does not use all there is.

What is read comes in its order, so who hashes it, writes it and goes on with it later does nothing else than with one
connection. It costs memory: a part for each connection.
"""

import threading
import time
from types import TracebackType
from typing import Final

from infra.oci.descriptors import Descriptor
from infra.registries.blobs import Blobs, BlobStream
from infra.registries.errors import BrokenConnectionError

CONNECTIONS: Final = 4
PART_BYTES: Final = 4 << 20
SLOW_BYTES_PER_SECOND: Final = 16 << 20
"""A link that gives less is tried with several connections; one that gives more is not helped by them."""
CLOSING_SECONDS: Final = 1.0
"""How long is waited for connections to end; on one that stalls nothing comes that would end it."""
TRIAL_SECONDS: Final = 1.0
"""How long one connection is waited for before it is judged."""


class AdaptiveStream:
    """A blob from a byte on: over one connection, and over several as soon as that one is seen to be slow."""

    def __init__(self, blobs: Blobs, descriptor: Descriptor, start: int) -> None:
        self._blobs = blobs
        self._descriptor = descriptor
        self._position = self._start = start
        self._waited = 0.0
        self._stream: BlobStream | Ahead = BlobStream(blobs, descriptor, start)

    def __enter__(self) -> "AdaptiveStream":
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.close()

    def read(self, size: int = -1, /) -> bytes:
        """Return up to that many bytes, or all; none at the end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(PART_BYTES), b""))
        buffer = bytearray(max(1, min(size, PART_BYTES, self._descriptor.size - self._position + 1)))
        count = self.readinto(memoryview(buffer)[:size])
        return bytes(memoryview(buffer)[:count])

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer as far as there is something; return how many bytes, 0 at the end. Raises what streams do."""
        before = time.monotonic()
        count = self._stream.readinto(buffer)
        self._waited += time.monotonic() - before
        self._position += count
        if self._waited > TRIAL_SECONDS and isinstance(self._stream, BlobStream):
            self._judge(self._stream)
        return count

    def _judge(self, stream: BlobStream) -> None:
        rate = (self._position - self._start) / self._waited
        left = self._descriptor.size - self._position
        self._waited, self._start = 0.0, self._position
        if rate < SLOW_BYTES_PER_SECOND and left > 2 * PART_BYTES and stream.gives_parts:
            stream.close()
            self._stream = Ahead(self._blobs, self._descriptor, self._position)


class Ahead:
    """The rest of a blob over several connections, in its order."""

    def __init__(
        self,
        blobs: Blobs,
        descriptor: Descriptor,
        start: int,
        connections: int = CONNECTIONS,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._blobs = blobs
        self._descriptor = descriptor
        self._bytes = part_bytes
        self._begin = start
        self._count = -(-(descriptor.size - start) // part_bytes)
        self._window = connections
        self._asked = self._read = 0
        self._parts: dict[int, memoryview] = {}
        self._now = memoryview(b"")
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        hands = range(min(connections, self._count))
        self._threads = [threading.Thread(target=self._work, name="ahead", daemon=True) for _ in hands]
        for thread in self._threads:
            thread.start()

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer; return how many bytes, 0 at the end. Raises what broke a part."""
        if not self._now and not self._take_next():
            return 0
        count = min(len(buffer), len(self._now))
        buffer[:count] = self._now[:count]
        self._now = self._now[count:]
        return count

    def close(self) -> None:
        """End the connections, and wait for them a little."""
        with self._changed:
            self._window = 0
            self._asked = self._count
            self._changed.notify_all()
        until = time.monotonic() + CLOSING_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _take_next(self) -> bool:
        with self._changed:
            while self._read < self._count and self._read not in self._parts and self._error is None:
                self._changed.wait()
            if self._read == self._count:
                return False
            if self._read not in self._parts and self._error:
                raise self._error
            self._now = self._parts.pop(self._read)
            self._read += 1
            self._changed.notify_all()
        return True

    def _work(self) -> None:
        while (number := self._next()) is not None:
            try:
                part = self._fetch(number)
            except BaseException as error:
                with self._changed:
                    self._error = self._error or error
                    self._changed.notify_all()
                return
            with self._changed:
                self._parts[number] = part
                self._changed.notify_all()

    def _next(self) -> int | None:
        with self._changed:
            while self._asked < self._count and self._asked >= self._read + self._window and self._error is None:
                self._changed.wait()
            if self._asked >= self._count or self._error:
                return None
            self._asked += 1
            return self._asked - 1

    def _fetch(self, number: int) -> memoryview:
        start = self._begin + number * self._bytes
        end = min(start + self._bytes, self._descriptor.size)
        part = memoryview(bytearray(end - start))
        filled = 0
        with BlobStream(self._blobs, self._descriptor, start, end) as stream:
            while self._window and (count := stream.readinto(part[filled:])):
                filled += count
        if filled < len(part):
            raise BrokenConnectionError(f"a part of {self._descriptor.digest} ended too early")
        return part
