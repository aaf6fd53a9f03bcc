"""Which calls of one type are recorded: what no rule can match is left out by the kernel.

Calls fall into cells by their result and by how they open a file; a cell is recorded for all paths, or for those that
begin in some way. What the kernel cannot decide by letters alone is recorded: relative and long paths, and those with
one of UNDECIDED in them, which are not what they are when normalised.
"""

from typing import Final

import msgspec

RESULTS: Final = ((-(1 << 63), -1), (0, 0), (1, 1), (2, 2), (3, (1 << 63) - 1))
"""Classes of results, each from and to: failed, the three standard descriptors, the rest."""
ACCESSES: Final = 4
"""Values of `flags & O_ACCMODE`."""
CELLS: Final = len(RESULTS) * ACCESSES
ALL_CELLS: Final = (1 << CELLS) - 1
UNDECIDED: Final = ("//", "/.", "./")
LONGEST_PREFIX: Final = 159
"""Bytes of a path that the kernel compares."""


class CallFilter(msgspec.Struct, frozen=True):
    """Sets of cells as bit masks: those that are recorded for every path, and for paths that begin with some bytes.

    The longest beginning that fits a path decides.
    """

    anywhere: int = ALL_CELLS
    below: tuple[tuple[bytes, int], ...] = ()
    only_changes: bool = False
    """Of calls that send or receive: only those that change the name of their socket."""
    with_data: bool = False
    """Of those: with the beginning of what is sent or received."""

    @property
    def somewhere(self) -> int:
        """Return the cells that are recorded for any path at all."""
        cells = self.anywhere
        for _, more in self.below:
            cells |= more
        return cells


EVERYTHING: Final = CallFilter()


def cell_of(result: int, flags: int) -> int:
    """Return the number of the cell that a call falls into; creat(2) counts as having no flags."""
    place = next(place for place, (low, high) in enumerate(RESULTS) if low <= result <= high)
    return place * ACCESSES + flags % ACCESSES
