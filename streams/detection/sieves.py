"""The truths of many comparisons of one value at once: what a value costs hangs little on how many rules there are.

Truths are the bits of a number. Equality is one look into a dictionary; beginnings, ends and path prefixes are one
binary search each among sorted bounds, between which the truths are the same.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from streams.detection.fields import FIELDS, Field
from streams.detection.operators import GLOB_SIGNS, known_test
from streams.detection.predicates import Comparison, Predicate
from streams.detection.remembering import Remembered
from streams.detection.transforming import test_of_comparison

Atom = Predicate | Comparison
LAST: Final = 0x10FFFF
EQUAL: Final = ("=", "in", "intersects")


class Bound(NamedTuple):
    """Where in the order of strings a truth begins or ends to hold."""

    text: str
    bit: int
    step: int


class Intervals:
    """Truths of strings that lie between bounds."""

    def __init__(self, bounds: Iterable[Bound]) -> None:
        self._texts: list[str] = []
        self._truths: list[int] = [0]
        depth: dict[int, int] = {}
        truths = 0
        for text, bit, step in sorted(bounds):
            depth[bit] = depth.get(bit, 0) + step
            truths = truths | bit if depth[bit] else truths & ~bit
            if self._texts and self._texts[-1] == text:
                self._truths[-1] = truths
            else:
                self._texts.append(text)
                self._truths.append(truths)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def truths(self, text: str) -> int:
        """Return the truths of a string."""
        return self._truths[bisect_right(self._texts, text)]


class Sieve:
    """All comparisons of one field, each with its bit."""

    def __init__(self, field: Field, argument: int | None, atoms: Sequence[tuple[Predicate, int]]) -> None:
        self.reader = field.reader(argument)
        self._many = field.many and argument is None
        self._memory: Remembered[int] = Remembered()
        self._always = 0
        self._turned: dict[Any, int] = {}
        self._others: list[tuple[int, Callable[[Any], bool]]] = []
        self._own: list[tuple[int, Callable[[Any], bool]]] = []
        self._paths: list[tuple[int, Callable[[Any], bool]]] = []
        bounds: dict[str, list[Bound]] = {"beginnings": [], "ends": [], "paths": []}
        for predicate, bit in atoms:
            if field.compare is not None:
                self._own.append((bit, field.compare(predicate, known_test(predicate))))
            else:
                self._sort(predicate, bit, bounds)
        self._beginnings = Intervals(bounds["beginnings"])
        self._ends = Intervals(bounds["ends"])
        self._below = Intervals(bounds["paths"])

    def _sort(self, predicate: Predicate, bit: int, bounds: dict[str, list[Bound]]) -> None:
        match predicate.operator, predicate.values:
            case "exists", _:
                self._always |= bit
            case "!=", (value,):
                self._always |= bit
                self._turned[value] = self._turned.get(value, 0) | bit
            case operator, values if operator in EQUAL:
                for value in values:
                    self._turned[value] = self._turned.get(value, 0) | bit
            case "startswith", (str(text),):
                bounds["beginnings"] += _beginning(text, bit)
            case "endswith", (str(text),):
                bounds["ends"] += _beginning(text[::-1], bit)
            case "pmatch", values if all(_is_plain_path(value) for value in values):
                self._paths.append((bit, known_test(predicate)))
                for value in values:
                    path = str(value).rstrip("/")
                    bounds["paths"] += [Bound(path, bit, 1), Bound(path + "\0", bit, -1), *_beginning(path + "/", bit)]
            case _:
                self._others.append((bit, known_test(predicate)))

    def truths(self, value: Any) -> int:
        """Return the truths of a value; None is absent."""
        if self._own:
            return self._remembered(value, self._tested)
        if self._many:
            found = 0
            for one in value:
                found |= self._remembered(one, self._worked_out)
            return found
        return 0 if value is None else self._remembered(value, self._worked_out)

    def _remembered(self, value: Any, work_out: Callable[[Any], int]) -> int:
        found = self._memory.get(value)
        if found is None:
            found = work_out(value)
            self._memory.put(value, found)
        return found

    def _tested(self, value: Any) -> int:
        return _tested(self._own, value)

    def _worked_out(self, value: Any) -> int:
        found = self._always ^ self._turned.get(value, 0)
        if self._beginnings:
            found |= self._beginnings.truths(value)
        if self._ends:
            found |= self._ends.truths(value[::-1])
        if self._paths:
            plain = value.startswith("/") and "//" not in value
            found |= self._below.truths(value) if plain else _tested(self._paths, value)
        for bit, test in self._others:
            if test(value):
                found |= bit
        return found


class LevelSieve:
    """All comparisons of the fields that hang on one level."""

    def __init__(self, atoms: Sequence[tuple[Atom, int]]) -> None:
        by_field: dict[Hashable, list[tuple[Predicate, int]]] = {}
        self._mixed = [(bit, *_of_fields(atom)) for atom, bit in atoms if isinstance(atom, Comparison)]
        for atom, bit in atoms:
            if isinstance(atom, Predicate):
                by_field.setdefault((atom.field, atom.argument), []).append((atom, bit))
        self._sieves = [Sieve(FIELDS[group[0][0].field], group[0][0].argument, group) for group in by_field.values()]

    def truths(self, raw: Any) -> int:
        """Return the truths of what the level's fields are read from."""
        found = 0
        for sieve in self._sieves:
            found |= sieve.truths(sieve.reader(raw))
        for bit, readers, test in self._mixed:
            if test(*(reader(raw) for reader in readers)):
                found |= bit
        return found


def _of_fields(comparison: Comparison) -> tuple[list[Callable[[Any], Any]], Callable[..., bool]]:
    fields, test = test_of_comparison(comparison)
    return [FIELDS[one.field].reader(one.argument) for one in fields], test


def _tested(tests: Iterable[tuple[int, Callable[[Any], bool]]], value: Any) -> int:
    found = 0
    for bit, test in tests:
        if test(value):
            found |= bit
    return found


def _beginning(text: str, bit: int) -> list[Bound]:
    """Return the bounds of all strings that begin with a text."""
    shorter = text.rstrip(chr(LAST))
    if not shorter:
        return [Bound(text, bit, 1)]
    return [Bound(text, bit, 1), Bound(shorter[:-1] + chr(ord(shorter[-1]) + 1), bit, -1)]


def _is_plain_path(value: object) -> bool:
    """Say whether a path prefix is absolute and has no shell patterns and no empty names."""
    text = str(value)
    return text.startswith("/") and "//" not in text and text != "/" and not set(text) & GLOB_SIGNS
