"""Exceptions of rules as conditions: each row of values is a conjunction, and a rule applies where none is true.

As in Falco, an exception of one field compares it with all values at once, and an exception of several has one
operator a field; values may name lists (rule_loader_compiler.cpp).
"""

from typing import Final

from streams.detection.definitions import ExceptionItem
from streams.detection.problems import RuleErrors, did_you_mean
from streams.detection.quoting import BARE, quoted
from streams.detection.sources import Joined, Piece, Text, Values
from streams.detection.syntax import LIST_OPERATORS, OPERATORS

COMPARING: Final = tuple(operator for operator in OPERATORS if operator != "exists")


def condition_of(exception: ExceptionItem) -> Joined:
    """Return the condition of an exception, true where the rule does not apply; raise RuleErrors.

    Without values it asks whether the fields exist, so that they can be checked; `is_empty` tells.
    """
    match exception.fields:
        case None:
            raise RuleErrors(exception.name.problem("fields is missing"))
        case Text() as field:
            return _of_one(exception, field)
        case Values() as fields:
            return _of_several(exception, fields)


def is_empty(exception: ExceptionItem) -> bool:
    """Say whether an exception has no values, so that it excepts nothing."""
    return not exception.rows


def _of_one(exception: ExceptionItem, field: Text) -> Joined:
    operator = exception.comps or "in"
    if isinstance(operator, Values):
        raise RuleErrors(operator.problem("fields is one field, so comps must be one operator"))
    word = operator if isinstance(operator, str) else operator.value.strip()
    if isinstance(operator, Text) and word not in LIST_OPERATORS:
        hint = did_you_mean(word, LIST_OPERATORS) or "give fields as a list for other operators"
        raise RuleErrors(operator.problem(f"one field takes in, pmatch or intersects, not {word}", hint=hint))
    if is_empty(exception):
        return Joined((Piece(field.value, field), Piece(" exists", field)))
    values: list[Piece] = []
    for row in exception.rows:
        if isinstance(row, Values):
            raise RuleErrors(row.problem("fields is one field, so each of values must be one text"))
        values += [Piece(", ", row)] * bool(values) + [_value(row)]
    return Joined((Piece(field.value, field), Piece(f" {word} (", field), *values, Piece(")", exception.name)))


def _of_several(exception: ExceptionItem, fields: Values) -> Joined:
    names = [_only_text(part, "fields must be one text or a list of texts") for part in fields.parts]
    if not names:
        raise RuleErrors(fields.problem("fields is empty"))
    comps = _operators(exception, fields)
    pieces: list[Piece] = []
    if is_empty(exception):
        for name in names:
            pieces += [Piece(" and ", name)] * bool(pieces) + [Piece(name.value, name), Piece(" exists", name)]
    for row in exception.rows:
        if isinstance(row, Text) or len(row.parts) != len(names):
            count = 1 if isinstance(row, Text) else len(row.parts)
            message = f"there are {len(names)} fields, so each of values must be a list of as many"
            raise RuleErrors(row.problem(f"{message}, not {count}" if count != len(names) else message))
        pieces += [Piece(" or ", exception.name)] * bool(pieces) + _row(names, comps, row)
    return Joined(tuple(pieces))


def _operators(exception: ExceptionItem, fields: Values) -> list[str]:
    match exception.comps:
        case None:
            return ["="] * len(fields.parts)
        case Text() as text:
            raise RuleErrors(text.problem("fields is a list, so comps must be a list of as many operators"))
        case Values(parts) as comps:
            if len(parts) != len(fields.parts):
                message = f"there are {len(fields.parts)} fields, but {len(parts)} comps"
                raise RuleErrors(comps.problem(message))
            return [_operator(_only_text(part, "comps must be a list of operators")) for part in parts]


def _operator(text: Text) -> str:
    word = text.value.strip()
    if word not in COMPARING:
        raise RuleErrors(text.problem(f"there is no operator {word}", hint=did_you_mean(word, COMPARING)))
    return word


def _row(names: list[Text], comps: list[str], row: Values) -> list[Piece]:
    pieces: list[Piece] = []
    for name, operator, value in zip(names, comps, row.parts, strict=True):
        before = " and " if pieces else "("
        pieces += [Piece(before, name), Piece(name.value, name), Piece(f" {operator} ", name)]
        pieces += _right_side(name, operator, value)
    return [*pieces, Piece(")", names[-1])]


def _right_side(name: Text, operator: str, value: Text | Values) -> list[Piece]:
    if isinstance(value, Values):
        if operator not in LIST_OPERATORS:
            raise RuleErrors(value.problem(f"{operator} takes one value, not a list", hint="write in in comps"))
        values: list[Piece] = []
        for part in value.parts:
            text = _only_text(part, "a list in a row of values holds texts")
            values += [Piece(", ", text)] * bool(values) + [_value(text)]
        return [Piece("(", name), *values, Piece(")", name)]
    if operator not in LIST_OPERATORS:
        return [_value(value)]
    if value.value.startswith("(") and value.value.endswith(")"):
        return [Piece(value.value, value)]
    return [Piece("(", value), _value(value), Piece(")", value)]


def _value(text: Text) -> Piece:
    """Return a value as conditions have it: quoted where it is not already and cannot be bare."""
    value = text.value
    quotes = len(value) > 1 and value[0] in "\"'" and value[0] == value[-1]
    return Piece(value if quotes or BARE.fullmatch(value) else quoted(value), text)


def _only_text(part: Text | Values, message: str) -> Text:
    if isinstance(part, Values):
        raise RuleErrors(part.problem(message))
    return part
