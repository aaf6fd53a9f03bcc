"""Moves large content through little memory, and hashes it while it moves.

hashlib lets other threads run while it hashes, so reading and writing go on beside it: for content that is large
enough, a second thread hashes one buffer while the next is read.
"""

import threading
from collections.abc import Callable
from io import FileIO
from queue import SimpleQueue
from typing import Any, Final

from infra.oci.sums import Sum
from infra.oci.target import Progress, Readable

BUFFER: Final = 512 << 10
BUFFERS: Final = 4
LARGE: Final = 8 << 20
"""Bytes above which a thread more pays."""

Write = Callable[[memoryview], Any]


def pour(stream: Readable, write: Write, sum: Sum, size: int, progress: Progress | None = None) -> None:
    """Read a stream to its end, write it, and add it to a sum; `size` is how much is expected.

    Raises MismatchError as soon as there is more than the sum allows, and what the stream and `write` raise.
    """
    if size < LARGE:
        _pour_plainly(stream, write, sum, size, progress)
    else:
        _pour_with_second_thread(stream, write, sum, progress)


def _pour_plainly(stream: Readable, write: Write, sum: Sum, size: int, progress: Progress | None) -> None:
    # One byte more than is expected, so that the end is seen by the same read that sees too much.
    buffer = memoryview(bytearray(min(BUFFER, size + 1)))
    while count := stream.readinto(buffer):
        sum.take(buffer[:count])
        write(buffer[:count])
        if progress:
            progress(count)


def _pour_with_second_thread(stream: Readable, write: Write, sum: Sum, progress: Progress | None) -> None:
    free: SimpleQueue[memoryview] = SimpleQueue()
    full: SimpleQueue[tuple[memoryview, int] | None] = SimpleQueue()
    failed: list[Exception] = []
    for _ in range(BUFFERS):
        free.put(memoryview(bytearray(BUFFER)))

    def hash_along() -> None:
        while (item := full.get()) is not None:
            buffer, count = item
            if not failed:
                try:
                    sum.take(buffer[:count])
                except Exception as error:
                    failed.append(error)
            free.put(buffer)

    thread = threading.Thread(target=hash_along, daemon=True)
    thread.start()
    try:
        while not failed and (count := _filled(stream, buffer := free.get())):
            # It is free again when it is hashed, so it must be written by then.
            write(buffer[:count])
            full.put((buffer, count))
            if progress:
                progress(count)
    finally:
        full.put(None)
        thread.join()
    if failed:
        raise failed[0]


def whole(file: FileIO) -> Write:
    """Return what writes all of each buffer to an unbuffered file: the file itself may take less, on a full disk."""

    def write(data: memoryview) -> None:
        while data:
            data = data[file.write(data) :]

    return write


def _filled(stream: Readable, buffer: memoryview) -> int:
    """Fill a buffer as far as the stream reaches; few large pieces cost less than many small ones."""
    seen = 0
    while seen < len(buffer) and (count := stream.readinto(buffer[seen:])):
        seen += count
    return seen
