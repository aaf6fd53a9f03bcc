"""Conditions as they are meant: macros and lists put in, fields and values checked, the rest simplified."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

Value = str | int | bool
"""What a field may be; absent is None."""
Index = int | str
"""What stands in brackets after a field: which of its values is meant, by number or by key."""


class PatternError(ValueError):
    """A value of a comparison cannot be read as what it stands for: a pattern, a network."""


class Predicate(msgspec.Struct, frozen=True):
    """One comparison of one field."""

    field: str
    argument: Index | None
    operator: str
    values: tuple[Value, ...] = ()


class FieldOperand(msgspec.Struct, frozen=True):
    """A field that is compared after it is transformed, or with another."""

    field: str
    argument: Index | None


class Fixed(msgspec.Struct, frozen=True):
    """A value that is known; None is absent. `many`: it stands for a field that has many values."""

    value: Any
    many: bool = False


class Listed(msgspec.Struct, frozen=True):
    """Several values as one list."""

    parts: tuple["Operand", ...]


class Transformed(msgspec.Struct, frozen=True):
    """What a transformer makes of its arguments."""

    transformer: str
    parts: tuple["Operand", ...]
    argument: str | None = None
    """What stands in brackets after it: the option of `getopt(...)[t]`."""


Operand = FieldOperand | Fixed | Listed | Transformed


class Comparison(msgspec.Struct, frozen=True):
    """A comparison of what transformers make, or with another field."""

    left: Operand
    operator: str
    values: tuple[Value, ...] = ()
    right: Operand | None = None
    """What it is compared with instead of values."""


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


Expression = Predicate | Comparison | AllOf | AnyOf | Negation | Constant

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


def one_of(parts: Sequence[Expression]) -> Expression:
    """Return what is true where exactly one part is."""
    return any_of(
        all_of([part, *(negation(other) for place, other in enumerate(parts) if place != own)])
        for own, part in enumerate(parts)
    )


def negation(part: Expression) -> Expression:
    """Return what is true where the part is false, simplified."""
    match part:
        case Constant(value):
            return Constant(not value)
        case Negation(inner):
            return inner
        case _:
            return Negation(part)


def operands_in(operand: Operand | None) -> Iterable[FieldOperand]:
    """Yield the fields of an operand, in order, as often as they stand there."""
    match operand:
        case FieldOperand():
            yield operand
        case Listed(parts) | Transformed(_, parts, _):
            for part in parts:
                yield from operands_in(part)
        case Fixed() | None:
            pass


def fields_in(expression: Expression) -> Iterable[str]:
    """Yield the names of the fields of an expression, in order, as often as they stand there."""
    match expression:
        case Predicate(field):
            yield field
        case Comparison(left, _, _, right):
            for operand in (*operands_in(left), *operands_in(right)):
                yield operand.field
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from fields_in(part)
        case Negation(part):
            yield from fields_in(part)
        case Constant():
            pass


def _flat(parts: Iterable[Expression], kind: type[AllOf] | type[AnyOf]) -> dict[Expression, None]:
    kept: dict[Expression, None] = {}
    for part in parts:
        kept.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    return kept
