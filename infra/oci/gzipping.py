"""gzip by all cores: blocks are compressed beside each other, each knowing the end of the one before.

The bytes depend on nothing but the data: not on how many cores there are. Source: RFC 1951 (blocks that end at a
byte: section 3.2.4), RFC 1952 (the file).
"""

import hashlib
import os
import struct
import zlib
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from concurrent.futures import Future

LEVEL: Final = 6
BLOCK: Final = 64 << 10
"""Bytes; with twice as many the memory of each block would be fetched from the system anew."""
WINDOW: Final = 32 << 10
"""How far back deflate looks."""
HEADER: Final = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF))
"""Without a name and a time, by an unknown system."""
CHUNK: Final = 64 << 10
ZEROS: Final = bytes(BLOCK)


class Gzip:
    """Writes what is written to it compressed, and hashes both; the same data gives the same bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._file = file
        self._hands = os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._hands, thread_name_prefix="gzip")
        self._under_way: deque[Future[bytes]] = deque()
        self._rest, self._before = bytearray(), b""
        self._crc = self.taken = self.size = 0
        self.plain, self.packed = hashlib.sha256(), hashlib.sha256()
        self._put(HEADER)

    def __enter__(self) -> "Gzip":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def tell(self) -> int:
        """Return how much was written to it."""
        return self.taken

    def write(self, data: bytes) -> int:
        """Take data."""
        self.taken += len(data)
        self._rest += data
        while len(self._rest) > BLOCK:
            self._begin(bytes(self._rest[:BLOCK]), zlib.Z_SYNC_FLUSH)
            del self._rest[:BLOCK]
        return len(data)

    def finish(self) -> None:
        """Write what is left, and the end."""
        self._begin(bytes(self._rest), zlib.Z_FINISH)
        while self._under_way:
            self._put(self._under_way.popleft().result())
        self._put(struct.pack("<II", self._crc, self.taken & 0xFFFFFFFF))

    def _begin(self, block: bytes, how: int) -> None:
        # Holes of files are read as zeros, and all of them but the first become the same bytes.
        work = _deflated_zeros if block == ZEROS and self._before == ZEROS[:WINDOW] else _deflated
        self._under_way.append(self._pool.submit(work, block, self._before, how))
        self._before = block[-WINDOW:]
        self._crc = zlib.crc32(block, self._crc)
        self.plain.update(block)
        while len(self._under_way) > 2 * self._hands:
            self._put(self._under_way.popleft().result())

    def _put(self, data: bytes) -> None:
        self.packed.update(data)
        self.size += len(data)
        self._file.write(data)


def _deflated(block: bytes, before: bytes, how: int) -> bytes:
    engine = zlib.compressobj(
        LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY, before
    )
    return engine.compress(block) + engine.flush(how)


_deflated_zeros = lru_cache(maxsize=2)(_deflated)


class Gunzip:
    """Reads what a compressed stream holds, and hashes it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._read: Callable[[int], bytes] = stream.read
        self._engine: Any = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._left = b""
        self.hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Return up to that many bytes, none at the end. Raises zlib.error, EOFError if it ends too early."""
        while True:
            if self._engine.eof and not self._next_member():
                return b""
            came = self._left or self._read(CHUNK)
            if not came:
                raise EOFError("it ends in the middle")
            data: bytes = self._engine.decompress(came, size)
            self._left = self._engine.unconsumed_tail
            if data:
                self.hash.update(data)
                return data

    def _next_member(self) -> bool:
        # Several files one after the other are one, and zeros after them are nothing.
        rest = (self._engine.unused_data or self._read(CHUNK)).lstrip(b"\0")
        if rest:
            self._engine, self._left = zlib.decompressobj(16 + zlib.MAX_WBITS), rest
        return bool(rest)
