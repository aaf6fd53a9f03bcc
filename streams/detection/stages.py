"""The stages of judgement: at each, events learn the class of one level's value, and with it their next state.

Two values are of one class if all comparisons of the level come to the same for them. There are few classes where
there are many values, so what follows from a class is worked out once and looked up ever after.
"""

from collections.abc import Hashable, Sequence
from typing import Final, Protocol

import numpy as np

from schemas.distinct import distinct
from streams.detection.columns import Array, Columns
from streams.detection.fields import FIELDS
from streams.detection.levels import PROCESS, Level
from streams.detection.plans import vector_test
from streams.detection.predicates import Predicate
from streams.detection.remembering import Remembered
from streams.detection.sieves import Atom, LevelSieve
from streams.detection.views import Groups

UNKNOWN: Final = -1
SMALLEST: Final = 16
MAX_CELLS: Final = 1 << 20
MAX_NUMBERS: Final = 60
"""Comparisons of numbers whose truths fit into a number of numpy's."""


class FullError(Exception):
    """There are more states or classes than are worth a table."""


class Table:
    """What follows from a state and a class: int32 of shape (states, classes), -1 where it is not known yet."""

    def __init__(self) -> None:
        self._cells = np.full((SMALLEST, SMALLEST), UNKNOWN, np.int32)

    def reach(self, states: int, classes: int) -> None:
        """Make room for so many states and classes; raises FullError."""
        height, width = self._cells.shape
        while height < states:
            height *= 2
        while width < classes:
            width *= 2
        if height * width > MAX_CELLS:
            raise FullError
        if (height, width) != self._cells.shape:
            grown = np.full((height, width), UNKNOWN, np.int32)
            grown[: self._cells.shape[0], : self._cells.shape[1]] = self._cells
            self._cells = grown

    def look_up(self, states: Array | int, classes: Array | int) -> Array:
        """Return the next states."""
        found: Array = self._cells[states, classes]
        return found

    def put(self, state: int, class_: int, follower: int) -> None:
        """Write down what follows."""
        self._cells[state, class_] = follower


class Classes:
    """Numbers for truths, in the order in which they are met."""

    def __init__(self) -> None:
        self.truths: list[int] = []
        self._numbers: dict[int, int] = {}

    def number(self, truths: int) -> int:
        """Return the class of values with these truths."""
        found = self._numbers.get(truths)
        if found is None:
            found = self._numbers[truths] = len(self.truths)
            self.truths.append(truths)
        return found


class Stage(Protocol):
    """One step of judgement."""

    bit: int
    table: Table
    classes: Classes

    def classify(self, columns: Columns, events: Array) -> Array:
        """Return the classes of events, given as rows of one type: whole numbers of shape (events,)."""


class LevelStage:
    """Learns the class of one level's value, which is worked out once for each distinct value."""

    def __init__(self, level: Level, bit: int, atoms: Sequence[tuple[Atom, int]]) -> None:
        self.bit = bit
        self.table = Table()
        self.classes = Classes()
        self._level = level
        self._sieve = LevelSieve(atoms, remember=level is PROCESS)
        self._memory: Remembered[int] = Remembered()

    def classify(self, columns: Columns, events: Array) -> Array:
        """Return the classes of events."""
        groups = Groups(columns, events, self._level)
        keys = groups.keys()
        known = self._memory.get_all(keys)
        missing = [place for place, class_ in enumerate(known) if class_ is None]
        new = iter(self._sieve.truths(groups.raws(groups.present[missing])))
        by_code = np.zeros(groups.size, np.int64)
        by_code[groups.present] = [
            self._class_of(key, next(new)) if class_ is None else class_
            for key, class_ in zip(keys, known, strict=True)
        ]
        classes: Array = by_code[groups.codes]
        return classes

    def _class_of(self, key: Hashable | None, truths: int) -> int:
        class_ = self.classes.number(truths)
        if key is not None:
            self._memory.put(key, class_)
        return class_


class NumberStage:
    """Compares numbers of the events themselves, as vectors."""

    def __init__(self, bit: int, atoms: Sequence[tuple[Atom, int]]) -> None:
        self.bit = bit
        self.table = Table()
        self.classes = Classes()
        self._tests = [
            (FIELDS[atom.field].how, vector_test(atom), np.int64(own))
            for atom, own in atoms
            if isinstance(atom, Predicate)
        ]

    def classify(self, columns: Columns, events: Array) -> Array:
        """Return the classes of events."""
        truths = np.zeros(len(events), np.int64)
        for how, test, own in self._tests:
            values, known = how(columns, events)
            fits = test(values)
            truths[fits if known is None else fits & known] |= own
        codes, first = distinct([truths], len(events))
        by_code = np.zeros(len(first), np.int64)
        present = np.flatnonzero(first >= 0)
        by_code[present] = [self.classes.number(one) for one in truths[first[present]].tolist()]
        classes: Array = by_code[codes]
        return classes
