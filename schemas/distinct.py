"""Finds the rows of several columns that are the same, in time linear in the rows."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MULTIPLIER: Final = np.uint64(secrets.randbits(64) | 1)
"""A key of this process: nobody outside can choose values whose hashes collide, which would cost time."""
SHIFT: Final = np.uint64(29)
FEWEST: Final = 64
ROUNDS: Final = 8
FEW: Final = 8
SAMPLE: Final = 32
NOBODY: Final = -1


def distinct(parts: Sequence[Array], rows: int) -> tuple[Array, Array]:
    """Return a code for each row, equal where all parts are, and for each code the place of one such row.

    `parts`: columns of whole numbers, each of shape (rows,). Returns int64 of shape (rows,) and of shape (codes,), in
    which codes that no row has are -1. Rows share a code only if they were compared and found the same: hashes
    decide where to look, and rows whose hashes collide cost time alone.
    """
    ranges = [(part.min(), part.max()) if rows else (0, 0) for part in parts]
    varying = [part for part, (least, most) in zip(parts, ranges, strict=True) if least != most]
    if not varying:
        return np.zeros(rows, np.int64), np.zeros(min(rows, 1), np.int64)
    limit = 4 * rows + FEWEST
    small = [least >= 0 and most < limit for least, most in ranges if least != most]
    codes = _small(varying, small, limit)
    return _by_hash(varying, rows) if codes is None else (codes, _first(codes))


def _small(parts: Sequence[Array], small: Sequence[bool], limit: int) -> Array | None:
    """Return codes below the limit if the parts are small numbers or have few values; None if not."""
    codes, span = None, 1
    for part, is_small in zip(parts, small, strict=True):
        found = part.astype(np.int64) if is_small else _few(part)
        if found is None:
            return None
        size = int(found.max()) + 1
        codes = found if codes is None else codes * size + found
        span *= size
        if span > limit:
            return None
    return codes


def _few(part: Array) -> Array | None:
    """Return codes of a column that has few values, one comparison each; None if it has more."""
    if len(set(part[:SAMPLE].tolist())) > FEW // 2:
        return None
    codes = np.zeros(len(part), np.int64)
    left = part != part[0]
    for code in range(1, FEW):
        value = part[left.argmax()]
        same = part == value
        codes[same] = code
        left &= ~same
        if not left.any():
            return codes
    return None


def _first(codes: Array) -> Array:
    first = np.full(int(codes.max()) + 1, NOBODY)
    first[codes] = np.arange(len(codes))
    return first


def _by_hash(parts: Sequence[Array], rows: int) -> tuple[Array, Array]:
    hashes = _mixed(parts)
    codes = np.empty(rows, np.int64)
    firsts: list[Array] = []
    left, offset = np.arange(rows), 0
    for _ in range(ROUNDS):
        bits = max(len(left) * 2, FEWEST).bit_length()
        slots = (hashes >> np.uint64(64 - bits)).astype(np.int64)
        first = np.full(1 << bits, NOBODY)
        first[slots] = left
        chosen = first[slots]
        same = np.ones(len(left), bool)
        for part in parts:
            same &= part[left] == part[chosen]
        codes[left] = slots + offset
        firsts.append(first)
        if same.all():
            return codes, np.concatenate(firsts) if offset else first
        offset += len(first)
        left, hashes = left[~same], hashes[~same] * MULTIPLIER
    return _by_sorting(parts, rows)


def _mixed(parts: Sequence[Array]) -> Array:
    hashes = np.zeros(len(parts[0]), np.uint64)
    for part in parts:
        hashes ^= part.astype(np.uint64)
        hashes *= MULTIPLIER
        hashes ^= hashes >> SHIFT
    return hashes * MULTIPLIER


def _by_sorting(parts: Sequence[Array], rows: int) -> tuple[Array, Array]:
    """Return the codes of rows whose hashes collide again and again."""
    codes = np.zeros(rows, np.int64)
    first = np.zeros(1, np.int64)
    for part in parts:
        ranks = np.unique(part, return_inverse=True)[1]
        _, first, codes = np.unique(codes * rows + ranks, return_index=True, return_inverse=True)
    return codes, first
