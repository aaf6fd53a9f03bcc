"""Conditions back to text: it parses to the same syntax."""

from streams.detection.quoting import quoted, word
from streams.detection.syntax import (
    And,
    Call,
    Check,
    Condition,
    FieldTerm,
    Literal,
    Macro,
    Not,
    Or,
    Series,
    Term,
    TermCheck,
    Word,
    takes_list,
)


def printed(condition: Condition) -> str:
    """Return the text of a condition, on one line and with no more parentheses than it needs."""
    match condition:
        case Macro(name):
            return name
        case Check(field, argument):
            return _check(FieldTerm(field, argument), condition)
        case TermCheck(left, operator, _, None):
            return _check(left, condition)
        case TermCheck(left, operator, _, right):
            other = f"val({_term(right)})" if isinstance(right, FieldTerm) else _term(right)
            return f"{_term(left)} {operator} {other}"
        case Not(part):
            return "not " + _within(part, And, Or, Not)
        case And(parts):
            return " and ".join(_within(part, And, Or) for part in parts)
        case Or(parts):
            return " or ".join(_within(part, Or) for part in parts)


def _within(part: Condition, *weaker: type) -> str:
    return f"({printed(part)})" if isinstance(part, weaker) else printed(part)


def _check(left: Term, check: Check | TermCheck) -> str:
    field = _term(left)
    values = [_value(value) for value in check.values]
    match check.operator:
        case "exists":
            return f"{field} exists"
        case operator if takes_list(operator):
            return f"{field} {operator} ({', '.join(values)})"
        case operator:
            return f"{field} {operator} {values[0]}"


def _term(term: Term | None) -> str:
    match term:
        case FieldTerm(field, argument):
            return field if argument is None else f"{field}[{_argument(argument)}]"
        case Literal(value):
            return quoted(value)
        case Series(parts):
            return f"({', '.join(map(_term, parts))})"
        case Call(transformer, parts, argument):
            option = "" if argument is None else f"[{_argument(argument)}]"
            return f"{transformer}({', '.join(map(_term, parts))}){option}"
        case None:
            return ""


def _argument(argument: str) -> str:
    return quoted(argument) if not argument or set(argument) & set("[]\"'\\ \t\r\n") else argument


def _value(value: Word) -> str:
    return quoted(value.value) if value.quoted else word(value.value)
