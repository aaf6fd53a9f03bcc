"""Files that are not whole yet, and what is left of them by a pull that was cut off."""

import os
from io import FileIO

from infra.oci.descriptors import Descriptor
from infra.oci.errors import MismatchError
from infra.oci.streaming import BUFFER, pour, whole
from infra.oci.sums import Sum
from infra.oci.target import ReadOnlyTarget
from infra.oci.watching import Watcher


def part_name(last: str, one: Descriptor) -> str:
    """Return the name of the file in which content waits until it is whole."""
    # The longest name that file systems take is 255 bytes.
    return f".{last[:50]}.{one.hex[:12]}.part"


def open_part(handle: int, part: str) -> FileIO:
    """Open a part in a folder, and make it if it is not there; a link in its place is refused."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return FileIO(os.open(part, flags, 0o666, dir_fd=handle), "r+")


def fetch_part(source: ReadOnlyTarget, one: Descriptor, handle: int, part: str, watcher: Watcher) -> None:
    """Fetch content into a part in a folder, going on where an earlier pull was cut off.

    What is whole but not what it should be is removed. Raises MismatchError, and what the source raises.
    """
    with open_part(handle, part) as file:
        sum = _so_far(file.fileno(), one)
        try:
            _fill(source, one, file, sum, watcher)
        except MismatchError as error:
            if sum.size < one.size:
                # It ended too early: the next pull goes on from here.
                raise
            os.unlink(part, dir_fd=handle)
            raise MismatchError(f"{error}; nothing of it is kept") from None


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
