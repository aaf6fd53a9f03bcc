"""Keeps the dictionary of strings of a batch, and encodes whole columns of them at once."""

import numpy as np
from numpy.typing import NDArray

from schemas.distinct import distinct


class Dictionary:
    """The strings of one batch; code 0 is the empty string and means absent."""

    def __init__(self) -> None:
        self._codes: dict[bytes, int] = {b"": 0}

    def code(self, text: bytes) -> int:
        """Return the code of a string, which it gets now if it is new."""
        return self._codes.setdefault(text, len(self._codes))

    def strings(self) -> tuple[bytes, ...]:
        """Return all strings by code."""
        return tuple(self._codes)

    def encode(self, field: NDArray[np.void], lengths: NDArray[np.uint16]) -> NDArray[np.uint32]:
        """Return the codes of a column of zero-padded strings of shape (n,), as uint32 of shape (n,).

        The field's size must be a multiple of 8 and all bytes after each string zero.
        """
        if not len(field):
            return np.empty(0, dtype=np.uint32)
        words: NDArray[np.uint64] = field.view(np.dtype(("<u8", field.dtype.itemsize // 8)))
        words = words[:, : int(lengths.max()) // 8 + 1]
        rows, first = distinct(list(words.T), len(words))
        present = np.flatnonzero(first >= 0)
        size, chosen = field.dtype.itemsize, first[present]
        texts, codes = field[chosen].tobytes(), self._codes
        ends = zip(range(0, size * len(chosen), size), lengths[chosen].tolist(), strict=True)
        of_row = np.zeros(len(first), dtype=np.uint32)
        of_row[present] = [codes.setdefault(texts[at : at + length], len(codes)) for at, length in ends]
        encoded: NDArray[np.uint32] = of_row[rows]
        return encoded
