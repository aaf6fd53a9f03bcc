"""Writes files without the zeros in them: a new file has those already, and they cost nothing there."""

import os
from collections.abc import Iterator
from typing import Final

BLOCK: Final = 128 << 10
"""Least size of a hole: a cluster of the layers."""


def write_sparse(file: int, content: bytes, offset: int) -> None:
    """Write the content at the offset, where the file must have nothing yet."""
    view = memoryview(content)
    for begin, end in filled(content):
        while begin < end:
            begin += os.pwrite(file, view[begin:end], offset + begin)


def filled(content: bytes, block: int = BLOCK) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each run of blocks that are not all zeros."""
    begin, zeros = None, bytes(block)
    for at in range(0, len(content), block):
        # In place: a slice of the content would be a copy.
        if content.startswith(zeros[: len(content) - at], at):
            if begin is not None:
                yield begin, at
            begin = None
        elif begin is None:
            begin = at
    if begin is not None:
        yield begin, len(content)
