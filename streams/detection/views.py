"""The events of one type in a batch, grouped by what fields hang on."""

from typing import Any

import numpy as np

from streams.detection.columns import Array, Columns
from streams.detection.levels import Level


class Groups:
    """Events that share a level's values: a code for each event, and what each code stands for."""

    def __init__(self, view: "View", level: Level) -> None:
        self.codes, self._first = _distinct(level.keys(view.columns, view.events))
        self._view = view
        self._level = level
        self._raws: dict[int, Any] = {}

    @property
    def size(self) -> int:
        """Return a number above all codes."""
        return len(self._first)

    def raw(self, code: int) -> Any:
        """Return what the level's fields are read from, for the events of a code."""
        raw = self._raws.get(code)
        if raw is None:
            event = int(self._view.events[self._first[code]])
            raw = self._raws[code] = self._level.raw(self._view.columns, event)
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
            groups = self._groups[level.name] = Groups(self, level)
        return groups


def _distinct(keys: Array) -> tuple[Array, Array]:
    """Return a code for each key, and for each code a place of it among the keys.

    Small keys are their own codes, which needs no sorting; codes that do not occur then have any place.
    """
    top = int(keys.max(initial=0))
    if 0 <= top <= 4 * len(keys) + 256 and (not len(keys) or int(keys.min()) >= 0):
        first = np.zeros(top + 1, np.int64)
        first[keys] = np.arange(len(keys))
        return keys, first
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    return codes, first
