"""Files that are not whole yet, and what is left of them by a pull that was cut off."""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from typing import Final

from infra.oci.descriptors import Descriptor
from infra.oci.errors import MismatchError, UnsafePathError, writing
from infra.oci.streaming import BUFFER, pour, whole
from infra.oci.sums import Sum
from infra.oci.target import ReadOnlyTarget
from infra.oci.watching import Watcher

PART: Final = re.compile(r"\..{1,50}\.[0-9a-f]{12}\.part", re.DOTALL)
"""What no file of an artifact may be called, because another one may be on its way under that name."""


def part_name(last: str, one: Descriptor) -> str:
    """Return the name of the file in which content waits until it is whole."""
    # The longest name that file systems take is 255 bytes.
    return f".{last[:50]}.{one.hex[:12]}.part"


@contextmanager
def held_part(handle: int, part: str) -> Iterator[FileIO]:
    """Open a part in a folder, make it if it is not there, and be the only one who writes to it.

    An empty one is not left behind. Raises UnsafePathError for what is no file.
    """
    with _alone(handle, part) as file:
        try:
            with writing(part):
                yield file
        except BaseException:
            if not os.fstat(file.fileno()).st_size:
                remove_part(handle, part)
            raise


def _alone(handle: int, part: str) -> FileIO:
    while True:
        file = _opened(handle, part)
        # Not every file system knows locks.
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        if _is_named(handle, part, file):
            return file
        # Whoever held it gave it its name; what is there by now is another one.
        file.close()


def _opened(handle: int, part: str) -> FileIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    file = FileIO(os.open(part, flags, 0o666, dir_fd=handle), "r+")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnsafePathError(f"{part!r} is in the way: it is no file")
    return file


def _is_named(handle: int, part: str, file: FileIO) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.stat(part, dir_fd=handle, follow_symlinks=False), os.fstat(file.fileno()))
    return False


def remove_part(handle: int, part: str) -> None:
    """Remove a part, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(part, dir_fd=handle)


def fetch_part(source: ReadOnlyTarget, one: Descriptor, handle: int, part: str, file: FileIO, watcher: Watcher) -> None:
    """Fetch content into a part in a folder, going on where an earlier pull was cut off.

    What is whole but not what it should be is removed; if an earlier pull has begun it, it is fetched anew first.
    Raises MismatchError, and what the source raises.
    """
    sum = _so_far(file.fileno(), one)
    begun = sum.size
    try:
        _fill(source, one, file, sum, watcher)
    except MismatchError:
        if not begun or begun < sum.size < one.size:
            _drop_if_whole(one, sum, handle, part)
            raise
        # What was there may be what is wrong, or the source gives no parts: once more, all of it.
        watcher.moved(one, -sum.size)
        _fetch_anew(source, one, handle, part, file, watcher)


def _fetch_anew(
    source: ReadOnlyTarget, one: Descriptor, handle: int, part: str, file: FileIO, watcher: Watcher
) -> None:
    sum = Sum(one)
    file.truncate(0)
    try:
        _fill(source, one, file, sum, watcher)
    except MismatchError:
        _drop_if_whole(one, sum, handle, part)
        raise


def _drop_if_whole(one: Descriptor, sum: Sum, handle: int, part: str) -> None:
    # What ended too early is gone on with by the next pull.
    if sum.size >= one.size:
        remove_part(handle, part)


def _fill(source: ReadOnlyTarget, one: Descriptor, file: FileIO, sum: Sum, watcher: Watcher) -> None:
    watcher.moved(one, sum.size)
    file.seek(sum.size)
    if sum.size < one.size:
        with source.fetch(one, sum.size) as stream:
            pour(stream, whole(file), sum, one.size - sum.size, lambda count: watcher.moved(one, count))
    file.truncate(sum.size)
    sum.verify()


def _so_far(descriptor: int, one: Descriptor) -> Sum:
    """Return the sum of what an earlier pull has left in the part; of nothing, if that is too much."""
    size = os.fstat(descriptor).st_size
    if not 0 < size <= one.size:
        return Sum(one)
    sum, position = Sum(one), 0
    while data := os.pread(descriptor, BUFFER, position):
        sum.take(data)
        position += len(data)
    return sum
