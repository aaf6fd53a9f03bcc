"""The truths of many comparisons of one value at once: what a value costs hangs little on how many rules there are.

Truths are the bits of a number. Equality is one look into a dictionary; beginnings, ends and path prefixes are one
binary search each among sorted bounds, between which the truths are the same.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final, NamedTuple

import msgspec

from streams.detection.fields import FIELDS, Field
from streams.detection.operators import GLOB_SIGNS, known_test
from streams.detection.predicates import Comparison, Index, Predicate
from streams.detection.remembering import MAX_LENGTH, Remembered
from streams.detection.transforming import test_of_comparison

Atom = Predicate | Comparison
LAST: Final = 0x10FFFF
WILD: Final = frozenset("*?[\\")
OTHER_SIGNS: Final = WILD - {"*"}
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

    def added(self, found: list[int], texts: Sequence[str]) -> list[int]:
        """Return what was found of each string with these truths added."""
        bounds, truths = self._texts, self._truths
        return [one | truths[bisect_right(bounds, text)] for one, text in zip(found, texts, strict=True)]


class Sieve:
    """All comparisons of one field, each with its bit."""

    def __init__(
        self, field: Field, argument: Index | None, atoms: Sequence[tuple[Predicate, int]], *, remember: bool
    ) -> None:
        self.reader = field.reader(argument)
        self._many = field.many and argument is None
        self._memory: Remembered[int] | None = Remembered() if remember else None
        self._always = 0
        self._turned: dict[Any, int] = {}
        self._others: list[tuple[int, Callable[[Any], bool]]] = []
        self._within: list[tuple[int, str]] = []
        self._starred: list[tuple[int, str, Callable[[Any], bool]]] = []
        self._own: list[tuple[int, Callable[[Any], bool]]] = []
        self._paths: list[tuple[int, Callable[[Any], bool]]] = []
        bounds: dict[str, list[Bound]] = {"beginnings": [], "ends": [], "paths": []}
        for predicate, bit in atoms:
            if field.compare is not None:
                self._own.append((bit, field.compare(predicate, known_test(predicate))))
            else:
                self._sort(plainer(predicate), bit, bounds)
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
            case "contains", (str(text),):
                self._within.append((bit, text))
            case "startswith", (str(text),):
                bounds["beginnings"] += _beginning(text, bit)
            case "endswith", (str(text),):
                bounds["ends"] += _beginning(text[::-1], bit)
            case "pmatch", values if all(_is_plain_path(value) for value in values):
                self._paths.append((bit, known_test(predicate)))
                for value in values:
                    path = str(value).rstrip("/")
                    bounds["paths"] += [Bound(path, bit, 1), Bound(path + "\0", bit, -1), *_beginning(path + "/", bit)]
            case "glob", (str(pattern),) if "*" in pattern and not set(pattern) & OTHER_SIGNS:
                self._starred.append((bit, max(pattern.split("*"), key=len), known_test(predicate)))
            case _:
                self._others.append((bit, known_test(predicate)))

    def truths(self, raws: Sequence[Any]) -> list[int]:
        """Return the truths of what the field says of each of some values."""
        values = list(map(self.reader, raws))
        if self._own:
            return self._remembered(values, self._tested)
        if self._many:
            return [_united(self._remembered(value, self._worked_out)) for value in values]
        return self._remembered(values, self._worked_out)

    def _remembered(self, values: Sequence[Any], work_out: Callable[[Sequence[Any]], list[int]]) -> list[int]:
        if self._memory is None:
            return work_out(values)
        known = self._memory.get_all(values)
        new = [value for value, one in zip(values, known, strict=True) if one is None]
        found = iter(work_out(new) if new else ())
        return [self._put(value, next(found)) if one is None else one for value, one in zip(values, known, strict=True)]

    def _put(self, value: Any, truths: int) -> int:
        if self._memory is not None and (not isinstance(value, str) or len(value) <= MAX_LENGTH):
            self._memory.put(value, truths)
        return truths

    def _tested(self, values: Sequence[Any]) -> list[int]:
        return [_tested(self._own, value) for value in values]

    def _worked_out(self, values: Sequence[Any]) -> list[int]:
        """Return the truths of values by operators that are false of what is absent."""
        if None in values:
            there = iter(self._worked_out([value for value in values if value is not None]))
            return [0 if value is None else next(there) for value in values]
        turned, always = self._turned, self._always
        found = [always ^ turned.get(value, 0) for value in values]
        if self._beginnings:
            found = self._beginnings.added(found, values)
        if self._ends:
            found = self._ends.added(found, [value[::-1] for value in values])
        if self._paths:
            plain = ["//" not in value and value.startswith("/") for value in values]
            if all(plain):
                found = self._below.added(found, values)
            else:
                found = [one | _tested(self._paths, value) for one, value in zip(found, values, strict=True)]
        joined = "\0".join(values) if self._within or self._starred else ""
        for bit, text in self._within:
            if text in joined:  # most texts are in none of the values
                found = [one | bit if text in value else one for one, value in zip(found, values, strict=True)]
        tests = [(bit, test) for bit, text, test in self._starred if text in joined]
        for bit, test in (*tests, *self._others):
            found = [one | bit if test(value) else one for one, value in zip(found, values, strict=True)]
        return found


class LevelSieve:
    """All comparisons of the fields that hang on one level."""

    def __init__(self, atoms: Sequence[tuple[Atom, int]], *, remember: bool) -> None:
        """Take comparisons and their bits; `remember` what comes of each field's values, where they repeat."""
        by_field: dict[Hashable, list[tuple[Predicate, int]]] = {}
        self._mixed = [(bit, *_of_fields(atom)) for atom, bit in atoms if isinstance(atom, Comparison)]
        for atom, bit in atoms:
            if isinstance(atom, Predicate):
                by_field.setdefault((atom.field, atom.argument), []).append((atom, bit))
        self._sieves = [
            Sieve(FIELDS[group[0][0].field], group[0][0].argument, group, remember=remember)
            for group in by_field.values()
        ]

    def truths(self, raws: Sequence[Any]) -> list[int]:
        """Return the truths of each of what the level's fields are read from."""
        found = [0] * len(raws)
        if not raws:
            return found
        for sieve in self._sieves:
            found = list(map(or_, found, sieve.truths(raws)))
        for bit, readers, test in self._mixed:
            for place, raw in enumerate(raws):
                if test(*(reader(raw) for reader in readers)):
                    found[place] |= bit
        return found


def _united(truths: Iterable[int]) -> int:
    return reduce(or_, truths, 0)


def plainer(predicate: Predicate) -> Predicate:
    """Return a comparison by an operator that is faster and means the same: `glob *x*` is `contains x`."""
    if predicate.operator != "glob":
        return predicate
    pattern = str(predicate.values[0])
    text = pattern.strip("*")
    if set(text) & WILD:
        return predicate
    open_ends = (pattern != pattern.lstrip("*"), pattern != pattern.rstrip("*"))
    operator = {(False, False): "=", (False, True): "startswith", (True, False): "endswith"}.get(open_ends, "contains")
    return msgspec.structs.replace(predicate, operator=operator, values=(text,))


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
