"""Tables for people: columns aligned, no frames, so that they can be cut and grepped."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the rows below the head; lines of a cell with several are continued below each other."""
    cells = [tuple(head), *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(line for row in cells for line in _lines(row, widths))


def _width(cell: str) -> int:
    return max(map(len, cell.split("\n")))


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    for parts in zip_longest(*(cell.split("\n") for cell in row), fillvalue=""):
        yield "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
