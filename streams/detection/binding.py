"""From what a condition says to what it means: names are looked up, values are given their field's type."""

import re
from typing import Final, cast

import msgspec

from streams.detection.event_types import NAMES
from streams.detection.fields import FIELDS, Field
from streams.detection.fields.field import Type
from streams.detection.operators import ALLOWED, BUFFER, PatternError, known_test
from streams.detection.parsing import ConditionSyntaxError, parse_condition
from streams.detection.predicates import (
    FALSE,
    Comparison,
    Expression,
    FieldOperand,
    Fixed,
    Listed,
    Operand,
    Predicate,
    Transformed,
    Value,
    all_of,
    any_of,
    negation,
)
from streams.detection.problems import RuleError, RuleErrors, did_you_mean
from streams.detection.sources import Written
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
)
from streams.detection.transforming import ShapeError, shape_of

MAX_CHECKS: Final = 20_000
"""Comparisons in one condition, macros put in."""
MAX_DEPTH: Final = 150
NUMBER: Final = re.compile(r"[+-]?[0-9]+|0[xX][0-9A-Fa-f]+")
PATTERNS: Final = ("glob", "iglob", "regex", "pmatch")
FLAGS: Final = {"true": True, "false": False}


class Meaning(msgspec.Struct, frozen=True):
    """What a macro stands for, and how big that is."""

    expression: Expression
    checks: int
    depth: int


class Scope(msgspec.Struct, frozen=True):
    """The names that conditions may use; a macro that could not be understood is None."""

    lists: dict[str, tuple[str, ...]]
    macros: dict[str, Meaning | None]
    needs: dict[str, tuple[str, ...]] = {}
    """The macros that each macro names."""
    without_field: set[str] = set()
    """The macros that have a field that is not there, or a macro with one."""


def parsed(text: Written) -> Condition:
    """Return the syntax of a condition in a rule file; raise RuleErrors with its place there."""
    try:
        return parse_condition(text.value)
    except ConditionSyntaxError as error:
        raise RuleErrors(text.problem(error.message, error.at, error.end, hint=error.hint)) from None


def bind(condition: Condition, text: Written, scope: Scope) -> tuple[Meaning, list[RuleError]]:
    """Return what a condition means, and warnings; raise RuleErrors with all errors in it."""
    checks, depth = _size(condition, scope)
    if checks > MAX_CHECKS or depth > MAX_DEPTH:
        message = f"with its macros put in, the condition is too big: {checks} comparisons, {depth} deep"
        raise RuleErrors(text.problem(message))
    binder = _Binder(text, scope)
    expression = binder.expression(condition)
    if any(problem.level == "error" for problem in binder.problems):
        raise RuleErrors(*binder.problems)
    return Meaning(expression, checks, depth), binder.problems


def _size(condition: Condition, scope: Scope) -> tuple[int, int]:
    """Return comparisons and depth."""
    match condition:
        case Check() | TermCheck():
            return 1, 1
        case Macro(name):
            meaning = scope.macros.get(name)
            return (meaning.checks, meaning.depth) if meaning else (1, 1)
        case Not(part):
            checks, depth = _size(part, scope)
            return checks, depth + 1
        case And(parts) | Or(parts):
            sizes = [_size(part, scope) for part in parts]
            return sum(checks for checks, _ in sizes), 1 + max(depth for _, depth in sizes)


class _Binder:
    def __init__(self, text: Written, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.problems: list[RuleError] = []

    def expression(self, condition: Condition) -> Expression:
        match condition:
            case Check():
                return self.check(condition)
            case TermCheck():
                return self.term_check(condition)
            case Macro():
                return self.macro(condition)
            case Not(part):
                return negation(self.expression(part))
            case And(parts):
                return all_of([self.expression(part) for part in parts])
            case Or(parts):
                return any_of([self.expression(part) for part in parts])

    def macro(self, macro: Macro) -> Expression:
        if macro.name not in self.scope.macros:
            hint = did_you_mean(macro.name, self.scope.macros)
            if macro.name in self.scope.lists:
                hint = f"{macro.name} is a list; write FIELD in ({macro.name})"
            return self.error(f"there is no macro {macro.name}", macro.at, macro.end, hint)
        meaning = self.scope.macros[macro.name]
        if meaning is None:
            message = f"the macro {macro.name} has an error of its own"
            return self.error(message, macro.at, macro.end, unknown_field=macro.name in self.scope.without_field)
        return meaning.expression

    def check(self, check: Check) -> Expression:
        field = FIELDS.get(check.field)
        if field is None:
            end = check.at + len(check.field)
            hint = did_you_mean(check.field, FIELDS)
            return self.error(f"there is no field {check.field}", check.at, end, hint, unknown_field=True)
        operator = "=" if check.operator == "==" else check.operator
        if operator not in ALLOWED[field.type]:
            return self.error(_unfit(field.name, field.type, operator), check.at, check.end)
        before = len(self.problems)
        predicate = Predicate(
            field.name, self.argument(check, field), operator, self.values(check, field.name, field.type)
        )
        if len(self.problems) > before:
            return FALSE
        self.remark(check, predicate)
        try:
            known_test(predicate)
        except PatternError as error:
            return self.error(str(error), check.values_at, check.end)
        return predicate

    def term_check(self, check: TermCheck) -> Expression:
        """Return a comparison with transformers, or of two fields."""
        before = len(self.problems)
        left = self.operand(check.left)
        right = None if check.right is None else self.operand(check.right)
        if len(self.problems) > before:
            return FALSE
        try:
            shape = shape_of(left)
        except ShapeError as error:
            return self.error(str(error), check.left.at, check.left.end)
        operator = "=" if check.operator == "==" else check.operator
        if operator not in ALLOWED[cast(Type, shape.type)]:
            return self.error(_unfit(f"a {shape.type}", shape.type, operator), check.at, check.end)
        if check.right is not None and right is not None:
            return self.with_other(check, Comparison(left, operator, (), right), shape.type)
        comparison = Comparison(left, operator, self.values(check, "this", shape.type))
        if len(self.problems) > before:
            return FALSE
        try:
            known_test(Predicate("", None, operator, comparison.values))
        except PatternError as error:
            return self.error(str(error), check.values_at, check.end)
        return comparison

    def with_other(self, check: TermCheck, comparison: Comparison, type_: str) -> Expression:
        assert check.right is not None
        assert comparison.right is not None
        try:
            other = shape_of(comparison.right).type
        except ShapeError as error:
            return self.error(str(error), check.right.at, check.right.end)
        if comparison.operator in PATTERNS:
            message = f"{comparison.operator} takes fixed values, not a field"
            return self.error(message, check.right.at, check.right.end)
        if other != type_:
            message = f"a {type_} cannot be compared with a {other}"
            return self.error(message, check.right.at, check.right.end)
        return comparison

    def operand(self, term: Term) -> Operand:
        match term:
            case FieldTerm(name):
                field = FIELDS.get(name)
                if field is None:
                    hint = did_you_mean(name, FIELDS)
                    self.error(f"there is no field {name}", term.at, term.at + len(name), hint, unknown_field=True)
                    return Fixed(None)
                return FieldOperand(name, self.argument(Check(name, term.argument, "", (), term.at, term.end), field))
            case Literal(value):
                return Fixed(value)
            case Series(parts):
                return Listed(tuple(map(self.operand, parts)))
            case Call(transformer, parts):
                return Transformed(transformer, tuple(map(self.operand, parts)))

    def argument(self, check: Check, field: Field) -> int | None:
        if check.argument is None:
            return None
        if field.indexed is None:
            self.error(f"the field {field.name} takes no [{check.argument}]", check.at, check.values_at or check.end)
        elif not re.fullmatch("[0-9]{1,3}", check.argument):
            message = f"[{check.argument}] must be a number from 0 to 999"
            self.error(message, check.at, check.values_at or check.end)
        else:
            return int(check.argument)
        return None

    def values(self, check: Check | TermCheck, name: str, type_: str) -> tuple[Value, ...]:
        typed: dict[Value, None] = {}
        for word in check.values:
            for value in self.texts(word, check):
                converted = _converted(value, type_)
                if converted is None:
                    message = f"{name} is a {type_}; {value!r} is not"
                    self.error(message, word.at, word.end)
                else:
                    typed[converted] = None
        return tuple(typed)

    def texts(self, word: Word, check: Check | TermCheck) -> tuple[str, ...]:
        """Return the word, or the items of the list that it names."""
        listed = self.scope.lists.get(word.value)
        if word.quoted or listed is None:
            if check.values_at == word.at and check.operator in ("in", "intersects", "pmatch"):
                hint = did_you_mean(word.value, self.scope.lists) or f"write ({word.value}) for the word itself"
                self.error(f"there is no list {word.value}", word.at, word.end, hint)
            return (word.value,)
        if check.operator not in ("in", "intersects", "pmatch") and len(listed) != 1:
            message = f"the list {word.value} has {len(listed)} items, but {check.operator} takes one value"
            self.error(message, word.at, word.end, f"write in ({word.value})")
        return listed

    def remark(self, check: Check, predicate: Predicate) -> None:
        """Put on record what is no error, but not what somebody wants either."""
        match predicate.field, predicate.operator:
            case "evt.type", "=" | "!=" | "in" | "intersects":
                for word in check.values:
                    if word.value not in NAMES and word.value not in self.scope.lists:
                        message = f"there is no system call {word.value} that deedlog knows"
                        self.warn(message, word.at, word.end, did_you_mean(word.value, NAMES))
            case "evt.dir", _:
                never = "; this is never true" if predicate.values == (">",) and predicate.operator == "=" else ""
                message = f"evt.dir is out of use: deedlog sees calls when they return{never}"
                self.warn(message, check.at, check.end, "leave it out")
            case _:
                pass

    def error(self, message: str, at: int, end: int, hint: str = "", *, unknown_field: bool = False) -> Expression:
        problem = self.text.problem(message, at, end, hint=hint)
        self.problems.append(msgspec.structs.replace(problem, unknown_field=unknown_field))
        return FALSE

    def warn(self, message: str, at: int, end: int, hint: str) -> None:
        self.problems.append(self.text.problem(message, at, end, hint=hint, level="warning"))


def _converted(value: str, type_: str) -> Value | None:
    match type_:
        case "number":
            return int(value, 0 if "x" in value.lower() else 10) if NUMBER.fullmatch(value) else None
        case "flag":
            return FLAGS.get(value.lower())
        case _:
            return value


def _unfit(name: str, type_: str, operator: str) -> str:
    if operator in BUFFER:
        return f"{operator} compares buffers, and {name} is a {type_}"
    return f"{operator} cannot compare {name}, which is a {type_}"
