"""Transformers: what they take and give, and comparisons with them (libsinsp/sinsp_filter_transformers).

An absent argument makes the result absent, and a comparison with what is absent is false. Of a field with many
values each is transformed, but `len` counts them and `join` makes them one.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.detection.fields import FIELDS
from streams.detection.fields.field import AnyField
from streams.detection.getopt import options_of, value_of
from streams.detection.operators import known_test, list_test
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

Table = Mapping[str, AnyField]
Getter = Callable[[Sequence[Any]], Any]
"""Gives an operand's value from the values of the fields."""


class Shape(NamedTuple):
    """What kind of value an operand has."""

    type: str
    many: bool = False
    """A comparison is true where it is true of one of its values."""
    listed: bool = False
    """It is a list, which is compared as a whole."""

    @property
    def plural(self) -> bool:
        """Return whether it is several values."""
        return self.many or self.listed


class ShapeError(ValueError):
    """A transformer cannot take what it is given."""


def shape_of(operand: Operand, table: Table = FIELDS) -> Shape:
    """Return what kind of value an operand has; raise ShapeError if its transformers do not fit."""
    match operand:
        case FieldOperand(name, argument):
            field = table[name]
            return Shape(field.type, field.many and argument is None, field.listed)
        case Fixed(_, many):
            return Shape("string", many)
        case Listed(parts):
            if any(shape_of(part, table) != Shape("string") for part in parts):
                raise ShapeError("a list is made of strings")
            return Shape("string", listed=True)
        case Transformed("getopt", parts, argument):
            return _options([shape_of(part, table) for part in parts], argument)
        case Transformed(name, _, str()):
            raise ShapeError(f"{name} takes nothing in brackets")
        case Transformed(name, parts):
            return _result(name, [shape_of(part, table) for part in parts])


def _options(given: list[Shape], option: str | None) -> Shape:
    match given:
        case [words, Shape("string", False, False)] if words.plural and words.type == "string":
            pass
        case _:
            raise ShapeError('getopt takes a list and a string: getopt(("-n", proc.name), "n:")')
    if option is not None and len(_bytes(option)) != 1:
        raise ShapeError(f"the option of getopt is one letter, not {option!r}")
    return Shape("string", listed=option is None)


def _result(name: str, given: list[Shape]) -> Shape:
    match name, given:
        case "join", [Shape("string", False, False), Shape("string") as words] if words.plural:
            return Shape("string")
        case "join", _:
            raise ShapeError('join takes a string and a list: join(",", (proc.name, proc.pname))')
        case "concat", [_, _, *_] if all(shape == Shape("string") for shape in given):
            return Shape("string")
        case "concat", _:
            raise ShapeError("concat takes two strings or more")
        case "len", [shape] if shape.plural or shape.type == "string":
            return Shape("number")
        case "len", [_]:
            raise ShapeError("len takes a string or a list")
        case _, [Shape("string") as shape]:
            return shape
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


def test_of_comparison(comparison: Comparison, table: Table = FIELDS) -> tuple[list[FieldOperand], Callable[..., bool]]:
    """Return the fields of a comparison, and what tells from their values whether it is true."""
    fields = list(dict.fromkeys((*operands_in(comparison.left), *operands_in(comparison.right))))
    left = _getter(comparison.left, fields, table)
    right = None if comparison.right is None else _getter(comparison.right, fields, table)
    fits = _fixed(comparison) if right is None else _with_other(comparison, right)
    if shape_of(comparison.left, table).listed:
        whole = list_test(comparison.operator)
        return fields, lambda *values: whole(left(values), lambda one: fits(one, values))
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


def _getter(operand: Operand, fields: list[FieldOperand], table: Table) -> Getter:
    match operand:
        case FieldOperand():
            place = fields.index(operand)
            return lambda values: values[place]
        case Fixed(value):
            return lambda _: value
        case Listed(parts):
            return _all_of([_getter(part, fields, table) for part in parts])
        case Transformed(name, parts, argument):
            getters = [_getter(part, fields, table) for part in parts]
            return _transformed(name, getters, argument, counts=shape_of(parts[0], table).plural)


def _transformed(name: str, getters: list[Getter], argument: str | None, *, counts: bool) -> Getter:
    match name:
        case "len":
            return _length(getters[0], counts=counts)
        case "join":
            return _joined(*getters)
        case "concat":
            return _joined(lambda _: "", _all_of(getters))
        case "getopt":
            return _opted(getters[0], getters[1], argument)
        case _:
            return _each(EACH[name], getters[0])


def _opted(words: Getter, letters: Getter, option: str | None) -> Getter:
    def get(values: Sequence[Any]) -> Any:
        given, known = words(values), letters(values)
        if given is None or known is None:
            return None
        there = [word for word in given if word is not None]
        return options_of(there, known) if option is None else value_of(there, known, option)

    return get


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
