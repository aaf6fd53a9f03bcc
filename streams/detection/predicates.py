"""Conditions as they are meant: macros and lists put in, fields and values checked, the rest simplified."""

from collections.abc import Iterable
from typing import Final

import msgspec

Value = str | int | bool
"""What a field may be; absent is None."""


class Predicate(msgspec.Struct, frozen=True):
    """One comparison of one field."""

    field: str
    argument: int | None
    operator: str
    values: tuple[Value, ...] = ()


class AllOf(msgspec.Struct, frozen=True):
    """True where all parts are."""

    parts: tuple["Expression", ...]


class AnyOf(msgspec.Struct, frozen=True):
    """True where one part is."""

    parts: tuple["Expression", ...]


class Negation(msgspec.Struct, frozen=True):
    """True where its part is false."""

    part: "Expression"


class Constant(msgspec.Struct, frozen=True):
    """The same for every event."""

    value: bool


Expression = Predicate | AllOf | AnyOf | Negation | Constant

TRUE: Final = Constant(True)
FALSE: Final = Constant(False)


def all_of(parts: Iterable[Expression]) -> Expression:
    """Return what is true where all parts are, simplified: flat, without repetitions and constants."""
    kept = _flat(parts, AllOf)
    if FALSE in kept:
        return FALSE
    kept.pop(TRUE, None)
    return next(iter(kept), TRUE) if len(kept) < 2 else AllOf(tuple(kept))


def any_of(parts: Iterable[Expression]) -> Expression:
    """Return what is true where one part is, simplified: flat, without repetitions and constants."""
    kept = _flat(parts, AnyOf)
    if TRUE in kept:
        return TRUE
    kept.pop(FALSE, None)
    return next(iter(kept), FALSE) if len(kept) < 2 else AnyOf(tuple(kept))


def negation(part: Expression) -> Expression:
    """Return what is true where the part is false, simplified."""
    match part:
        case Constant(value):
            return Constant(not value)
        case Negation(inner):
            return inner
        case _:
            return Negation(part)


def predicates_in(expression: Expression) -> Iterable[Predicate]:
    """Yield the comparisons of an expression, in order, as often as they stand there."""
    match expression:
        case Predicate():
            yield expression
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from predicates_in(part)
        case Negation(part):
            yield from predicates_in(part)
        case Constant():
            pass


def _flat(parts: Iterable[Expression], kind: type[AllOf] | type[AnyOf]) -> dict[Expression, None]:
    kept: dict[Expression, None] = {}
    for part in parts:
        kept.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    return kept
