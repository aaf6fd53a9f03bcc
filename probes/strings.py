"""Finds the distinct rows of a matrix of bytes, vectorised, and keeps a batch's dictionary of strings."""

import secrets
from typing import Final

import numpy as np
from numpy.typing import NDArray

MULTIPLIER: Final = np.uint64(secrets.randbits(64) | 1)
SEED: Final = np.uint64(secrets.randbits(64))
SHIFT: Final = np.uint64(29)


def distinct_rows(words: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the index of one row of each kind, and for each row the number of its kind.

    `words`: uint64 of shape (rows, words); returns arrays of shape (kinds,) and (rows,). Rows are grouped by a
    hash with a key of this process and then compared in full, so rows that were made to collide stay apart.
    """
    hashes = np.full(len(words), SEED)
    for column in range(words.shape[1]):
        hashes ^= words[:, column]
        hashes *= MULTIPLIER
        hashes ^= hashes >> SHIFT
    _, first, kind = np.unique(hashes, return_index=True, return_inverse=True)
    if (words == words[first[kind]]).all():
        return first, kind
    return _distinct_rows_slowly(words)


def _distinct_rows_slowly(words: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first: list[int] = []
    kinds: dict[bytes, int] = {}
    kind = np.empty(len(words), dtype=np.intp)
    for row, value in enumerate(words):
        number = kinds.setdefault(value.tobytes(), len(kinds))
        if number == len(first):
            first.append(row)
        kind[row] = number
    return np.array(first, dtype=np.intp), kind


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
        first, kind = distinct_rows(words)
        codes = [self.code(field[row].tobytes()[: lengths[row]]) for row in first]
        return np.array(codes, dtype=np.uint32)[kind]
