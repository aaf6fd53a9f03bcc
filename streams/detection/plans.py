"""Conditions as plans over columns: each narrows down a set of events.

A part of a condition whose fields hang on one level is a leaf. A leaf is worked out once per distinct value of
its level; verdicts are remembered between batches. Cheap leaves go first, and nothing is done for no events.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

import numpy as np

from streams.detection.columns import Array
from streams.detection.compiling import compiled
from streams.detection.fields import FIELDS
from streams.detection.levels import Level, Numbers
from streams.detection.predicates import (
    AllOf,
    AnyOf,
    Comparison,
    Constant,
    Expression,
    FieldOperand,
    Negation,
    Predicate,
    all_of,
    any_of,
    fields_in,
)
from streams.detection.remembering import MAX_LENGTH, Remembered
from streams.detection.transforming import test_of_comparison
from streams.detection.views import View

UNKNOWN: Final = -1


class Plan(Protocol):
    """Something that picks events."""

    cost: float

    def select(self, view: View, places: Array) -> Array:
        """Return those of the places in the view, in order, whose events fit."""


class Everything:
    """Picks every event."""

    cost = 0.0

    def select(self, view: View, places: Array) -> Array:  # noqa: ARG002
        """Return all places."""
        return places


class Leaf:
    """A part of a condition whose fields hang on one level."""

    def __init__(self, expression: Expression, level: Level) -> None:
        self.cost = float(level.cost)
        self._level = level
        self._readers, self._test, _ = compiled(expression)
        self._remembered: Remembered[bool] = Remembered()

    def select(self, view: View, places: Array) -> Array:
        """Return the places whose level's value fits."""
        groups = view.groups(self._level)
        verdicts = view.verdicts.get(self)
        if verdicts is None:
            verdicts = view.verdicts[self] = np.full(groups.size, UNKNOWN, np.int8)
        codes = groups.codes[places]
        found = verdicts[codes]
        missing = found == UNKNOWN
        if missing.any():
            for code in set(codes[missing].tolist()):
                verdicts[code] = self._verdict(groups.raw(code))
            found = verdicts[codes]
        fitting: Array = places[found == 1]
        return fitting

    def _verdict(self, raw: Any) -> bool:
        """Return the verdict on what the fields say of a value."""
        values = tuple(reader(raw) for reader in self._readers)
        verdict = self._remembered.get(values)
        if verdict is None:
            verdict = self._test(*values)
            if _length(values) <= MAX_LENGTH:
                self._remembered.put(values, verdict)
        return verdict


class NumberLeaf:
    """A comparison of numbers of the event itself."""

    def __init__(self, predicate: Predicate) -> None:
        self.cost = float(FIELDS[predicate.field].level.cost)
        self._how = FIELDS[predicate.field].how
        self._fits = vector_test(predicate)

    def select(self, view: View, places: Array) -> Array:
        """Return the places whose number is known and fits."""
        values, known = self._how(view.columns, view.events[places])
        fits = self._fits(values)
        fitting: Array = places[fits if known is None else fits & known]
        return fitting


class MixedLeaf:
    """A comparison of fields that hang on several levels, or of numbers transformed: event by event."""

    cost = 100.0

    def __init__(self, comparison: Comparison) -> None:
        self._fields, self._test = test_of_comparison(comparison)

    def select(self, view: View, places: Array) -> Array:
        """Return the places whose values fit."""
        columns = [self._values(view, places, field) for field in self._fields]
        fits = np.fromiter((self._test(*values) for values in zip(*columns, strict=True)), bool, len(places))
        fitting: Array = places[fits]
        return fitting

    def _values(self, view: View, places: Array, operand: FieldOperand) -> list[Any]:
        field = FIELDS[operand.field]
        if isinstance(field.level, Numbers):
            values, known = field.how(view.columns, view.events[places])
            mask = np.ones(len(places), bool) if known is None else known
            return [value if there else None for value, there in zip(values.tolist(), mask.tolist(), strict=True)]
        groups, reader = view.groups(field.level), field.reader(operand.argument)
        codes = groups.codes[places].tolist()
        by_code = {code: reader(groups.raw(code)) for code in set(codes)}
        return [by_code[code] for code in codes]


class Every:
    """Picks what all parts pick: each looks only at what the ones before it left."""

    def __init__(self, parts: Sequence[Plan]) -> None:
        self._parts = sorted(parts, key=lambda part: part.cost)
        self.cost = self._parts[-1].cost + 0.5

    def select(self, view: View, places: Array) -> Array:
        """Return the places that all parts leave."""
        for part in self._parts:
            if not len(places):
                break
            places = part.select(view, places)
        return places


class Either:
    """Picks what one of the parts picks: each looks only at what the ones before it did not pick."""

    def __init__(self, parts: Sequence[Plan]) -> None:
        self._parts = sorted(parts, key=lambda part: part.cost)
        self.cost = self._parts[-1].cost + 0.5

    def select(self, view: View, places: Array) -> Array:
        """Return the places that one of the parts picks."""
        picked = np.zeros(len(view.events), bool)
        rest = places
        for part in self._parts:
            if not len(rest):
                break
            picked[part.select(view, rest)] = True
            rest = rest[~picked[rest]]
        fitting: Array = places[picked[places]]
        return fitting


class Except:
    """Picks what its part does not pick."""

    def __init__(self, part: Plan) -> None:
        self._part = part
        self.cost = part.cost

    def select(self, view: View, places: Array) -> Array:
        """Return the places that the part leaves out."""
        picked = np.zeros(len(view.events), bool)
        picked[self._part.select(view, places)] = True
        fitting: Array = places[~picked[places]]
        return fitting


class Planner:
    """Makes plans; parts that several conditions share become one leaf."""

    def __init__(self) -> None:
        self._leaves: dict[Expression, Leaf] = {}

    def plan(self, expression: Expression) -> Plan:
        """Return the plan of an expression that is not false for all."""
        level = level_of(expression)
        if level is not None:
            return self._leaf(expression, level)
        match expression:
            case Predicate():
                return NumberLeaf(expression)
            case Comparison():
                return MixedLeaf(expression)
            case AllOf(parts):
                return Every([self.plan(part) for part in _merged(parts, all_of)])
            case AnyOf(parts):
                return Either([self.plan(part) for part in _merged(parts, any_of)])
            case Negation(part):
                return Except(self.plan(part))
            case Constant(value):
                return Everything() if value else Except(Everything())

    def _leaf(self, expression: Expression, level: Level) -> Leaf:
        leaf = self._leaves.get(expression)
        if leaf is None:
            leaf = self._leaves[expression] = Leaf(expression, level)
        return leaf


def level_of(expression: Expression) -> Level | None:
    """Return the one level that all fields of the expression hang on; None for several, or for numbers."""
    levels = {id(level): level for level in (FIELDS[name].level for name in fields_in(expression))}
    only = next(iter(levels.values()), None)
    return None if len(levels) != 1 or isinstance(only, Numbers) else only


def _merged(parts: Iterable[Expression], join: Callable[[Iterable[Expression]], Expression]) -> list[Expression]:
    """Return the parts with those of one level joined into one."""
    by_level: dict[int, list[Expression]] = {}
    others = []
    for part in parts:
        level = level_of(part)
        if level is None:
            others.append(part)
        else:
            by_level.setdefault(id(level), []).append(part)
    return [join(same) for same in by_level.values()] + others


def _length(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(map(_length, value)) if isinstance(value, tuple) else 1


def vector_test(predicate: Predicate) -> Callable[[Array], Array]:
    """Return the comparison over vectors."""
    wanted: Any = predicate.values[0] if predicate.values else None
    match predicate.operator:
        case "exists":
            return lambda values: np.ones(len(values), bool)
        case "=":
            return lambda values: values == wanted
        case "!=":
            return lambda values: values != wanted
        case "<":
            return lambda values: values < wanted
        case "<=":
            return lambda values: values <= wanted
        case ">":
            return lambda values: values > wanted
        case ">=":
            return lambda values: values >= wanted
        case _:
            return lambda values: _is_in(values, predicate.values)


def _is_in(values: Array, wanted: Iterable[Any]) -> Array:
    found = np.zeros(len(values), bool)
    for one in wanted:
        found |= values == one
    return found
