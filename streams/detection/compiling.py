"""Parts of conditions whose fields hang on one level, made into Python functions of the fields' values.

The function is written out as an expression and compiled once: a chain of closures takes several times as long.
Only names made here go into the text of the expression; what rules say goes in as constants.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.detection.fields import FIELDS
from streams.detection.fields.field import AnyField
from streams.detection.levels import Reader
from streams.detection.operators import known_test, test_of
from streams.detection.predicates import (
    AllOf,
    AnyOf,
    Comparison,
    Constant,
    Expression,
    FieldOperand,
    Index,
    Negation,
    Predicate,
    Value,
)
from streams.detection.transforming import test_of_comparison

JOINED: Final = ("=", "in", "startswith", "endswith")


class Compiled(NamedTuple):
    """A function of values, and what reads the values from what the level gives."""

    readers: Sequence[Reader]
    test: Callable[..., bool]
    fields: tuple[tuple[str, Index | None], ...]
    """The fields that the readers are of, with their indices or keys."""


def compiled(expression: Expression, table: Mapping[str, AnyField] = FIELDS) -> Compiled:
    """Return the expression as a function of its fields' values; `table` has the fields of its source."""
    writer = _Writer(table)
    body = writer.written(expression)
    parameters = ", ".join(f"v{index}" for index in range(len(writer.fields)))
    test = eval(compile(f"lambda {parameters}: {body}", "<condition>", "eval"), writer.constants)
    fields = tuple(writer.fields)
    return Compiled([table[name].reader(argument) for name, argument in fields], test, fields)


class _Writer:
    def __init__(self, table: Mapping[str, AnyField]) -> None:
        self.table = table
        self.fields: dict[tuple[str, Index | None], int] = {}
        self.constants: dict[str, Any] = {"__builtins__": {}}

    def written(self, expression: Expression) -> str:
        match expression:
            case Predicate():
                return self.predicate(expression)
            case Comparison():
                return self.comparison(expression)
            case AllOf(parts):
                return f"({' and '.join(self.written(part) for part in parts)})"
            case AnyOf(parts):
                return f"({' or '.join(self.written(part) for part in merged(parts, self.table))})"
            case Negation(part):
                return f"not {self.written(part)}"
            case Constant(value):
                return str(value)

    def predicate(self, predicate: Predicate) -> str:
        """Comparisons with None, which is absent, are false by themselves only where values are equal to it."""
        field = self.table[predicate.field]
        value = self.value(predicate)
        if field.compare is not None:
            return f"{self.constant(field.compare(predicate, known_test(predicate)))}({value})"
        if field.listed or (field.many and predicate.argument is None):
            return f"{self.constant(test_of(predicate, field))}({value})"
        match predicate.operator, predicate.values:
            case "exists", _:
                return f"({value} is not None)"
            case "=", (wanted,):
                return f"({value} == {self.constant(wanted)})"
            case "!=", (wanted,):
                return f"({value} is not None and {value} != {self.constant(wanted)})"
            case (("in" | "intersects"), wanted):
                return f"({value} in {self.constant(frozenset(wanted))})"
            case ("startswith" | "endswith") as operator, wanted:
                return f"({value} is not None and {value}.{operator}({self.constant(wanted)}))"
            case "contains", (wanted,):
                return f"({value} is not None and {self.constant(wanted)} in {value})"
            case _:
                return f"{self.constant(test_of(predicate, field))}({value})"

    def comparison(self, comparison: Comparison) -> str:
        fields, test = test_of_comparison(comparison, self.table)
        return f"{self.constant(test)}({', '.join(map(self.value, fields))})"

    def value(self, field: Predicate | FieldOperand) -> str:
        return f"v{self.fields.setdefault((field.field, field.argument), len(self.fields))}"

    def constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name


def _is_plain(field: AnyField) -> bool:
    return not field.many and not field.listed and field.compare is None


def merged(parts: Iterable[Expression], table: Mapping[str, AnyField] = FIELDS) -> list[Expression]:
    """Return alternatives with comparisons of one field joined: one set, one list of beginnings, one of ends."""
    joined: dict[tuple[str, Index | None, str], dict[Value, None]] = {}
    others: list[Expression] = []
    for part in parts:
        if isinstance(part, Predicate) and part.operator in JOINED and _is_plain(table[part.field]):
            operator = "in" if part.operator == "=" else part.operator
            joined.setdefault((part.field, part.argument, operator), {}).update(dict.fromkeys(part.values))
        else:
            others.append(part)
    return [*(Predicate(*key, tuple(values)) for key, values in joined.items()), *others]
