"""What the events of a run say of themselves, as columns: numbers, and texts by code."""

from collections import Counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from probes.captures.blocks import Run
from probes.captures.calls import COLUMN_CALLS, ROW_CALLS, Call
from probes.captures.damage import Damage
from probes.captures.event_types import PARAMETERS, name_of
from probes.captures.flags import ENCODINGS
from probes.captures.parameters import Headers, Parameters, counts, headers, padded
from probes.strings import Dictionary

Column = NDArray[Any]
AT_FDCWD: Final = -100
TEXTS: Final = frozenset({"path", "path2"})
RAW: Final = frozenset({"address", "tuple"})
NUMBERS: Final = {
    **dict.fromkeys(("result", "flags", "mode", "argument", "target", "protocol"), 0),
    **{"fd": -1, "dirfd": AT_FDCWD, "dirfd2": AT_FDCWD},
}
"""Columns of numbers, and what they hold where an event tells none."""


class Columns:
    """The decoded events of a run, in order. `codes`: their types, `number`: their places among the run's events."""

    def __init__(self, run: Run) -> None:
        self.dictionary = Dictionary()
        self.found: dict[str, Column] = {}
        self.values: dict[int, dict[str, bytes]] = {}
        """Parameters of events of the life of processes, by their row."""
        self.damage: Damage | None = None
        self._data = padded(run)
        told = headers(run, self._data)
        groups = self._groups(told)
        self.events = self._cut(run, told, groups)
        self.others = self._count_others(told.type[: self.events])
        rows = np.flatnonzero(_DECODED[np.minimum(told.type[: self.events], len(_DECODED) - 1)])
        self.number = rows
        self._told = np.zeros(len(rows), dtype=np.int64)
        self.codes, self.time, self.thread = told.type[rows], told.time[rows], told.thread[rows]
        for code, places, parameters in groups:
            inside = places < self.events
            self._decode(code, np.searchsorted(rows, places[inside]), np.flatnonzero(inside), parameters)

    def _groups(self, told: Headers) -> list[tuple[int, NDArray[np.intp], Parameters]]:
        """Return the decoded events that are alike: their type, their places in the run, their parameters."""
        groups = []
        for code in np.unique(told.type):
            if code >= len(_DECODED) or not _DECODED[code]:
                continue
            places = np.flatnonzero((told.type == code) & told.good)
            count = told.told[places]
            if len(count) and count[0] < 0:
                count = counts(self._data, int(code), told.at[places], told.end[places])
                told.good[places[count < 0]] = False
            for size in np.unique(count[count >= 0]):
                alike = places[count == size]
                groups.append((int(code), alike, Parameters(self._data, told.at[alike], told.end[alike], int(size))))
        return groups

    def _cut(self, run: Run, told: Headers, groups: list[tuple[int, NDArray[np.intp], Parameters]]) -> int:
        """Return how many of the run's events come before the first that is damaged."""
        for _, places, parameters in groups:
            told.good[places[~parameters.good]] = False
        bad = np.flatnonzero(~told.good)
        if not len(bad):
            return len(run.starts)
        name = name_of(int(told.type[bad[0]]))
        self.damage = Damage(run.byte + run.starts[bad[0]], f"an event ({name}) does not fit into its block")
        return int(bad[0])

    def _count_others(self, codes: NDArray[np.uint16]) -> Counter[str]:
        values, times = np.unique(codes, return_counts=True)
        others: Counter[str] = Counter()
        for code, count in zip(values.tolist(), times.tolist(), strict=True):
            call = COLUMN_CALLS.get(code) or ROW_CALLS.get(code)
            if call is None or not call.name:
                others[name_of(code)] += count
        return others

    def column(self, name: str) -> Column:
        """Return a column of shape (events,), made when it is first asked for."""
        if name not in self.found:
            absent, dtype = (0, np.uint32) if name in TEXTS | RAW else (NUMBERS[name], np.int64)
            self.found[name] = np.full(len(self.number), absent, dtype=dtype)
        return self.found[name]

    def own(self, row: int) -> list[str]:
        """Return the columns that an event has told itself."""
        names = (name.partition(":")[0] for name in fields(int(self.codes[row]))[: self._told[row]])
        return [name for name in names if name in self.found]

    def _decode(self, code: int, rows: NDArray[np.intp], alike: NDArray[np.intp], parameters: Parameters) -> None:
        if code in ROW_CALLS:
            names = ROW_CALLS[code].ends.split()
            for row, place in zip(rows.tolist(), alike.tolist(), strict=True):
                found = zip(names, parameters.bytes_of(place), strict=False)
                self.values[row] = {name: value for name, value in found if name != "_"}
            return
        self._told[rows] = parameters.count
        for place, name in enumerate(fields(code)[: parameters.count]):
            if name != "_":
                field, _, encoding = name.partition(":")
                values = self._values(parameters, place, field)[alike]
                target = "result" if field == "variant" else field
                self.column(target)[rows] = ENCODINGS[encoding](values) if encoding else values

    def _values(self, parameters: Parameters, place: int, field: str) -> Column:
        if field in TEXTS:
            return parameters.texts(place, self.dictionary)
        if field in RAW:
            return parameters.raw(place, self.dictionary)
        return parameters.variants(place) if field == "variant" else parameters.numbers(place, NUMBERS[field])


def fields(code: int) -> list[str]:
    """Return what the parameters of an event mean, of a call's beginning or end."""
    call: Call | None = COLUMN_CALLS.get(code)
    return call.ends.split() if call else COLUMN_CALLS[code + 1].begins.split()


_DECODED: Final = np.zeros(len(PARAMETERS) + 1, dtype=bool)
"""By code; the last place stands for all codes newer than the table."""
_DECODED[[*COLUMN_CALLS, *ROW_CALLS]] = True
_DECODED[[code - 1 for code, call in COLUMN_CALLS.items() if call.begins]] = True
