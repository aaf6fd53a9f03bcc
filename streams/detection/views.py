"""The events of one type in a batch, grouped by what fields hang on."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from schemas.distinct import distinct
from streams.detection.columns import Array, Columns
from streams.detection.levels import Level


class Groups:
    """Events that share a level's values: a code for each event, and what each code stands for."""

    def __init__(self, columns: Columns, events: Array, level: Level) -> None:
        self._parts = level.parts(columns, events)
        self.codes, self._first = distinct(list(self._parts.values()), len(events))
        self.present = np.flatnonzero(self._first >= 0)
        """The codes that occur."""
        self._columns = columns
        self._events = events
        self._level = level
        self._raws: dict[int, Any] = {}

    @property
    def size(self) -> int:
        """Return a number above all codes."""
        return len(self._first)

    def keys(self) -> Sequence[Hashable | None]:
        """Return what stands in any batch for each code that occurs; None for what is not to be remembered."""
        return self._level.keys(self._columns, self._parts, self._first[self.present])

    def raws(self, codes: Array) -> Sequence[Any]:
        """Return what the level's fields are read from, for the events of each code."""
        return self._level.raws(self._columns, self._events[self._first[codes]])

    def raw(self, code: int) -> Any:
        """Return what the level's fields are read from, for the events of a code."""
        raw = self._raws.get(code)
        if raw is None:
            event = int(self._events[self._first[code]])
            raw = self._raws[code] = self._level.raw(self._columns, event)
        return raw


class View:
    """The events of one type in a batch, by their rows in its columns."""

    def __init__(self, columns: Columns, events: Array) -> None:
        self.columns = columns
        self.events = events
        self.verdicts: dict[object, Array] = {}
        self._groups: dict[str, Groups] = {}

    def groups(self, level: Level) -> Groups:
        """Return the events grouped by a level, worked out once."""
        groups = self._groups.get(level.name)
        if groups is None:
            groups = self._groups[level.name] = Groups(self.columns, self.events, level)
        return groups
