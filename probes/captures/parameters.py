"""The events of a run as arrays: their headers, and the parameters of those that are alike."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from probes.captures import layout
from probes.captures.blocks import Run
from probes.captures.event_types import PARAMETERS
from probes.strings import Dictionary

WORD: Final = 8
MOST_PARAMETERS: Final = 64
END_OF_TIME: Final = np.uint64(1 << 63)
PADDING: Final = 256
SHORT: Final = 120
"""Texts up to this size are told apart many at a time."""
UNKNOWN: Final = frozenset({b"<NA>", b"(NULL)"})
"""What Falco's older probes wrote for a text that they could not read."""


class Headers(NamedTuple):
    """Headers of events, each array of shape (events,); `at` and `end`: where their parameters stand in the data."""

    time: NDArray[np.uint64]
    thread: NDArray[np.uint32]
    type: NDArray[np.uint16]
    at: NDArray[np.int64]
    end: NDArray[np.int64]
    told: NDArray[np.int64]
    """Count of parameters; -1 where the event does not tell it (older captures)."""
    good: NDArray[np.bool_]
    """The event fits into its block."""


def padded(run: Run) -> NDArray[np.uint8]:
    """Return a run's bytes with zeros after them: what is read at once may go past their end."""
    return np.frombuffer(run.data + bytes(PADDING), dtype=np.uint8)


def headers(run: Run, data: NDArray[np.uint8]) -> Headers:
    """Return the headers of a run's events; `data` is the run's, padded."""
    before, counted = layout.EVENT_HEADS[run.type]
    starts = np.array(run.starts, dtype=np.int64)
    first = starts + layout.BLOCK_HEAD.size + before
    found = gather(data, first, layout.HEADER_BYTES).view(layout.HEADER)[:, 0]
    at = first + layout.HEADER_BYTES
    count = np.full(len(starts), -1, dtype=np.int64)
    if counted:
        count = gather(data, at, layout.COUNT_BYTES).view("<u4")[:, 0].astype(np.int64)
        at = at + layout.COUNT_BYTES
    end = first + found["length"]
    limit = np.append(starts[1:], len(run.data)) - 4
    good = (end <= limit) & (end >= at) & (count < MOST_PARAMETERS) & (found["time"] < END_OF_TIME)
    return Headers(found["time"], found["tid"].astype(np.uint32), found["type"], at, end, count, good)


def gather(data: NDArray[np.uint8], at: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return `size` bytes from each place, as uint8 of shape (places, size); places outside give any bytes.

    `data` is padded, and `size` no more than PADDING.
    """
    places = len(data) - size + 1
    # every place of the data as an element of its own: they overlap, and only those asked for are copied
    windows = np.ndarray((places,), dtype=np.dtype((np.void, size)), buffer=data, strides=(1,))
    return windows[np.clip(at, 0, places - 1)].view(np.uint8).reshape(len(at), size)


class Parameters:
    """Parameters of events of one type with as many parameters each; `rows`: which of the run's events they are."""

    def __init__(self, data: NDArray[np.uint8], at: NDArray[np.int64], end: NDArray[np.int64], count: int) -> None:
        self._data = data
        self.sizes = gather(data, at, 2 * count).view("<u2").astype(np.int64) if count else np.zeros((len(at), 0), int)
        ends = np.cumsum(self.sizes, axis=1) + (at + 2 * count)[:, None]
        self.at = ends - self.sizes
        self.count = count
        self.good = (ends[:, -1] if count else at) <= end

    def numbers(self, place: int, absent: int) -> NDArray[np.int64]:
        """Return a parameter as int64 of shape (events,), whatever its size, unsigned if less than 8 bytes."""
        sizes = self.sizes[:, place]
        found = gather(self._data, self.at[:, place], WORD)
        found[np.arange(WORD) >= sizes[:, None]] = 0
        return np.where((sizes > 0) & (sizes <= WORD), found.view("<i8")[:, 0], absent)

    def variants(self, place: int) -> NDArray[np.int64]:
        """Return a parameter that says what it is in a byte before it."""
        found: NDArray[np.int64] = gather(self._data, self.at[:, place] + 1, WORD).view("<i8")[:, 0]
        return np.where(self.sizes[:, place] == WORD + 1, found, 0)

    def texts(self, place: int, dictionary: Dictionary) -> NDArray[np.uint32]:
        """Return a text's codes in the dictionary, as uint32 of shape (events,); a text ends at its NUL."""
        return self._codes(place, dictionary, nul=True)

    def raw(self, place: int, dictionary: Dictionary) -> NDArray[np.uint32]:
        """Return a parameter's bytes by their codes in the dictionary, as uint32 of shape (events,)."""
        return self._codes(place, dictionary, nul=False)

    def _codes(self, place: int, dictionary: Dictionary, *, nul: bool) -> NDArray[np.uint32]:
        sizes, at = self.sizes[:, place], self.at[:, place]
        codes = np.zeros(len(sizes), dtype=np.uint32)
        short = np.flatnonzero((sizes > 0) & (sizes <= SHORT))
        if len(short):
            distinct = Dictionary()
            found = distinct.encode(self._padded(at[short], sizes[short]), sizes[short].astype(np.uint16))
            known = [dictionary.code(text_of(value) if nul else value) for value in distinct.strings()]
            codes[short] = np.array(known, dtype=np.uint32)[found]
        for row in np.flatnonzero(sizes > SHORT):
            value = self._data[at[row] : at[row] + sizes[row]].tobytes()
            codes[row] = dictionary.code(text_of(value) if nul else value)
        return codes

    def _padded(self, at: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.void]:
        width = (int(sizes.max()) // WORD + 1) * WORD
        found = gather(self._data, at, width)
        found[np.arange(width) >= sizes[:, None]] = 0
        return found.view(np.dtype((np.void, width)))[:, 0]

    def bytes_of(self, row: int) -> list[bytes]:
        """Return all parameters of one event."""
        places = zip(self.at[row].tolist(), self.sizes[row].tolist(), strict=True)
        return [self._data[at : at + size].tobytes() for at, size in places]


def text_of(value: bytes) -> bytes:
    """Return a text as it was before it was written: without its NUL, and empty where it says it is not known."""
    text = value.partition(b"\0")[0]
    return b"" if text in UNKNOWN else text


def counts(data: NDArray[np.uint8], code: int, at: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many parameters events of a type have whose headers do not tell: the most that fill them exactly.

    -1 for an event that no count of parameters fills.
    """
    found = np.full(len(at), -1, dtype=np.int64)
    for count in range(PARAMETERS[code], -1, -1):
        sizes = gather(data, at, 2 * count).view("<u2").sum(axis=1, dtype=np.int64) if count else 0
        found = np.where((found < 0) & (at + 2 * count + sizes == end), count, found)
    return found
