"""Transformers: what they take and give, and comparisons with them (libsinsp/sinsp_filter_transformers).

An absent argument makes the result absent, and a comparison with what is absent is false. Of a field with many
values each is transformed, but `len` counts them and `join` makes them one.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from streams.detection.fields import FIELDS
from streams.detection.operators import known_test
from streams.detection.predicates import (
    Comparison,
    FieldOperand,
    Fixed,
    Listed,
    Operand,
    Predicate,
    Transformed,
    operands_in,
)

Getter = Callable[[Sequence[Any]], Any]
"""Gives an operand's value from the values of the fields."""


class Shape(NamedTuple):
    """What kind of value an operand has."""

    type: str
    many: bool = False


class ShapeError(ValueError):
    """A transformer cannot take what it is given."""


def shape_of(operand: Operand) -> Shape:
    """Return what kind of value an operand has; raise ShapeError if its transformers do not fit."""
    match operand:
        case FieldOperand(field, argument):
            return Shape(FIELDS[field].type, FIELDS[field].many and argument is None)
        case Fixed(_, many):
            return Shape("string", many)
        case Listed(parts):
            if any(shape_of(part) != Shape("string") for part in parts):
                raise ShapeError("a list is made of strings")
            return Shape("string", many=True)
        case Transformed(name, parts):
            return _result(name, [shape_of(part) for part in parts])


def _result(name: str, given: list[Shape]) -> Shape:
    match name, given:
        case "join", [Shape("string", False), Shape("string", True)]:
            return Shape("string")
        case "join", _:
            raise ShapeError('join takes a string and a list: join(",", (proc.name, proc.pname))')
        case "concat", [_, _, *_] if all(shape == Shape("string") for shape in given):
            return Shape("string")
        case "concat", _:
            raise ShapeError("concat takes two strings or more")
        case "len", [Shape(_, True) | Shape("string")]:
            return Shape("number")
        case "len", [_]:
            raise ShapeError("len takes a string or a list")
        case _, [Shape("string", many)]:
            return Shape("string", many)
        case _, [_]:
            raise ShapeError(f"{name} takes a string")
        case _:
            raise ShapeError(f"{name} takes one argument, not {len(given)}")


def lowered(value: str) -> str:
    """Return the value with A to Z as small letters; others stay, as in the C locale."""
    return _text(_bytes(value).lower())


def raised(value: str) -> str:
    """Return the value with a to z as capital letters."""
    return _text(_bytes(value).upper())


def decoded(value: str) -> str | None:
    """Return what base64 stands for, padded or not; None if it is none, or has bits left over."""
    given = _bytes(value)
    data = given.removesuffix(b"=").removesuffix(b"=")
    if given and not data:
        return None
    try:
        found = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except binascii.Error:
        return None
    return _text(found) if base64.b64encode(found).rstrip(b"=") == data else None


EACH: Final[dict[str, Callable[[str], str | None]]] = {
    "tolower": lowered,
    "toupper": raised,
    "b64": decoded,
    "basename": lambda value: value.rpartition("/")[2],
}


def test_of_comparison(comparison: Comparison) -> tuple[list[FieldOperand], Callable[..., bool]]:
    """Return the fields of a comparison, and what tells from their values whether it is true."""
    fields = list(dict.fromkeys((*operands_in(comparison.left), *operands_in(comparison.right))))
    left = _getter(comparison.left, fields)
    fits = (
        _fixed(comparison) if comparison.right is None else _with_other(comparison, _getter(comparison.right, fields))
    )
    return fields, lambda *values: _any(left(values), lambda one: fits(one, values))


def _fixed(comparison: Comparison) -> Callable[[Any, Sequence[Any]], bool]:
    test = known_test(Predicate("", None, comparison.operator, comparison.values))
    return lambda one, _: test(one)


def _with_other(comparison: Comparison, right: Getter) -> Callable[[Any, Sequence[Any]], bool]:
    operator = comparison.operator

    def fits(one: Any, values: Sequence[Any]) -> bool:
        return _any(right(values), lambda other: known_test(Predicate("", None, operator, (other,)))(one))

    return fits


def _any(value: Any, test: Callable[[Any], bool]) -> bool:
    """Say whether a value, or one of many, fits; what is absent does not."""
    many = value if isinstance(value, list | tuple) else (value,)
    return any(one is not None and test(one) for one in many)


def _getter(operand: Operand, fields: list[FieldOperand]) -> Getter:
    match operand:
        case FieldOperand():
            place = fields.index(operand)
            return lambda values: values[place]
        case Fixed(value):
            return lambda _: value
        case Listed(parts):
            return _all_of([_getter(part, fields) for part in parts])
        case Transformed("len", (part,)):
            return _length(_getter(part, fields), counts=shape_of(part).many)
        case Transformed("join", (separator, part)):
            return _joined(_getter(separator, fields), _getter(part, fields))
        case Transformed("concat", parts):
            return _joined(lambda _: "", _all_of([_getter(part, fields) for part in parts]))
        case Transformed(name, parts):
            return _each(EACH[name], _getter(parts[0], fields))


def _all_of(getters: list[Getter]) -> Getter:
    """Return all values as a list, None if one is absent."""

    def get(values: Sequence[Any]) -> list[Any] | None:
        found = [getter(values) for getter in getters]
        return None if None in found else found

    return get


def _each(transform: Callable[[str], str | None], getter: Getter) -> Getter:
    def get(values: Sequence[Any]) -> Any:
        value = getter(values)
        if isinstance(value, list | tuple):
            found = [transform(one) for one in value if one is not None]
            return None if None in found else found
        return None if value is None else transform(value)

    return get


def _length(getter: Getter, *, counts: bool) -> Getter:
    """Strings are as long as their bytes; a field that has many values and none now is absent."""

    def get(values: Sequence[Any]) -> int | None:
        value = getter(values)
        if counts:
            return len(value) if value else None
        return None if value is None else len(_bytes(value))

    return get


def _joined(separator: Getter, getter: Getter) -> Getter:
    def get(values: Sequence[Any]) -> str | None:
        between, many = separator(values), getter(values)
        if between is None or not many or None in many:
            return None
        return str(between).join(many)

    return get


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
