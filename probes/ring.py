"""Reads a BPF ring buffer in bulk: the kernel's memory is mapped and seen as one array of records.

The consumer position lives in memory shared with the kernel. It is moved by `commit` alone, so what was read but
not committed is read again by the next process that maps the ring: the ring is the log before the log.

Layout: kernel/bpf/ringbuf.c (page 0 consumer position, page 1 producer position, then the data mapped twice).
"""

import mmap
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

PAGE: Final = mmap.PAGESIZE
BUSY: Final = np.uint32(1 << 31)
DISCARDED: Final = np.uint32(1 << 30)
RECORD_HEADER: Final = 8


class Chunk(NamedTuple):
    """Records that were read together.

    `records`: structured array of shape (n,), mostly a view of kernel memory that holds until `commit`;
    `positions`: uint64 array of shape (n,), each record's place in the ring's endless sequence of bytes.
    """

    records: NDArray[np.void]
    positions: NDArray[np.uint64]


class Ring:
    """One ring buffer whose records all have the same size."""

    def __init__(self, fd: int, size: int, dtype: np.dtype[np.void]) -> None:
        """Map the ring of `size` bytes (a power of two of pages) behind the map descriptor `fd`."""
        self._size = size
        self._stride = RECORD_HEADER + -(-dtype.itemsize // 8) * 8
        self._consumer_map = mmap.mmap(fd, PAGE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=0)
        # of the second mapping only what the last record may need: pages count as memory as often as they are mapped
        tail = -(-self._stride // PAGE) * PAGE
        self._data_map = mmap.mmap(fd, PAGE + size + tail, mmap.MAP_SHARED, mmap.PROT_READ, offset=PAGE)
        self._consumer = np.frombuffer(self._consumer_map, dtype=np.uint64, count=1)
        self._producer = np.frombuffer(self._data_map, dtype=np.uint64, count=1)
        self._dtype = np.dtype(
            {
                "names": ["header", "record"],
                "formats": ["<u4", dtype],
                "offsets": [0, RECORD_HEADER],
                "itemsize": self._stride,
            }
        )
        self.cursor = int(self._consumer[0])

    def waiting(self) -> int:
        """Return how many records were written and not yet read, including any still being written."""
        return (int(self._producer[0]) - self.cursor) // self._stride

    def used(self) -> float:
        """Return the share of the ring, 0 to 1, that was not committed."""
        return (int(self._producer[0]) - int(self._consumer[0])) / self._size

    def read(self, limit: int) -> Chunk:
        """Return the next records, at most `limit` of them; none if the next is still being written."""
        count = min(self.waiting(), limit)
        start = self.cursor
        slots = self._slots(start, count)
        headers = slots["header"]
        busy = np.flatnonzero(headers & BUSY)
        if len(busy):
            slots, headers = slots[: busy[0]], headers[: busy[0]]
        positions = np.arange(len(slots), dtype=np.uint64) * np.uint64(self._stride) + np.uint64(start)
        self.cursor += len(slots) * self._stride
        records = slots["record"]
        discarded = (headers & DISCARDED) != 0
        if discarded.any():
            records, positions = records[~discarded], positions[~discarded]
        return Chunk(records, positions)

    def _slots(self, start: int, count: int) -> NDArray[np.void]:
        """Return slots in the order in which they were written: a copy if the ring ends between them."""
        before_end = -(-(self._size - start % self._size) // self._stride)
        parts = [(start, min(count, before_end))]
        if count > before_end:
            parts.append((start + before_end * self._stride, count - before_end))
        views = [
            np.frombuffer(self._data_map, np.uint8, number * self._stride, PAGE + at % self._size)
            for at, number in parts
        ]
        data = views[0] if len(views) == 1 else np.concatenate(views)
        return data.view(self._dtype)

    def commit(self, position: int) -> None:
        """Give everything before `position` back to the kernel; it will not be read again."""
        self._consumer[0] = position

    def close(self) -> None:
        """Let go of the kernel's memory; no view of it may be used after this."""
        del self._consumer, self._producer
        self._consumer_map.close()
        self._data_map.close()
