"""Conditions back to text: it parses to the same syntax."""

from streams.detection.quoting import quoted, word
from streams.detection.syntax import LIST_OPERATORS, And, Check, Condition, Macro, Not, Or, Word


def printed(condition: Condition) -> str:
    """Return the text of a condition, on one line and with no more parentheses than it needs."""
    match condition:
        case Macro(name):
            return name
        case Check():
            return _check(condition)
        case Not(part):
            return "not " + _within(part, And, Or, Not)
        case And(parts):
            return " and ".join(_within(part, And, Or) for part in parts)
        case Or(parts):
            return " or ".join(_within(part, Or) for part in parts)


def _within(part: Condition, *weaker: type) -> str:
    return f"({printed(part)})" if isinstance(part, weaker) else printed(part)


def _check(check: Check) -> str:
    field = check.field if check.argument is None else f"{check.field}[{_argument(check.argument)}]"
    values = [_value(value) for value in check.values]
    match check.operator:
        case "exists":
            return f"{field} exists"
        case operator if operator in LIST_OPERATORS:
            return f"{field} {operator} ({', '.join(values)})"
        case operator:
            return f"{field} {operator} {values[0]}"


def _argument(argument: str) -> str:
    return quoted(argument) if not argument or set(argument) & set("[]\"'\\ \t\r\n") else argument


def _value(value: Word) -> str:
    return quoted(value.value) if value.quoted else word(value.value)
