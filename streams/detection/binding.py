"""From what a condition says to what it means: names are looked up, values are given their field's type."""

import re
from collections.abc import Sequence
from typing import Final, cast

import msgspec

from streams.detection.event_types import NAMES
from streams.detection.fields.field import AnyField, IndexRefusedError, Type
from streams.detection.operators import ALLOWED, BUFFER, OF_LISTS, ORDER, known_test
from streams.detection.parsing import ConditionSyntaxError, parse_condition
from streams.detection.predicates import (
    FALSE,
    Comparison,
    Expression,
    FieldOperand,
    Fixed,
    Index,
    Listed,
    Operand,
    PatternError,
    Predicate,
    Transformed,
    Value,
    all_of,
    any_of,
    negation,
    one_of,
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
    takes_list,
)
from streams.detection.tables import SYSCALL, TABLES, Table, sources_of
from streams.detection.transforming import Shape, ShapeError, shape_of

MAX_CHECKS: Final = 20_000
"""Comparisons in one condition, macros put in."""
MAX_DEPTH: Final = 150
NUMBER: Final = re.compile(r"[+-]?[0-9]+|0[xX][0-9A-Fa-f]+")
PATTERNS: Final = ("glob", "iglob", "regex", "pmatch")
MAX_ONE_OF: Final = 64
"""Values of `oneof`: each is compared with each."""
FLAGS: Final = {"true": True, "false": False}


class Meaning(msgspec.Struct, frozen=True):
    """What a macro stands for, and how big that is."""

    expression: Expression
    checks: int
    depth: int


class Scope(msgspec.Struct, frozen=True):
    """The names that conditions of a source may use; a macro that could not be understood is None."""

    lists: dict[str, tuple[str, ...]]
    macros: dict[str, Meaning | None]
    without_field: set[str] = set()
    """The macros that have a field that is not there, or a macro with one."""
    source: str = SYSCALL

    @property
    def table(self) -> Table:
        """Return the fields that there are."""
        return TABLES[self.source]


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
        field = self.field(check.field, check.at)
        if field is None:
            return FALSE
        operator, modifier = _parted(check.operator)
        if why := _unfit(field.name, Shape(field.type, listed=field.listed), operator, modifier):
            return self.error(why, check.at, check.end)
        before = len(self.problems)
        argument, values = self.argument(check, field), self.values(check, field.name, field.type)
        if len(self.problems) > before:
            return FALSE
        self.remark(check, Predicate(field.name, argument, operator, values))
        rows = [(value,) for value in values] if modifier else [values]
        predicates = [Predicate(field.name, argument, operator, row) for row in rows]
        try:
            for predicate in predicates:
                test = known_test(predicate)
                if field.compare is not None:
                    field.compare(predicate, test)
        except PatternError as error:
            return self.error(str(error), check.values_at, check.end)
        return self.quantified(modifier, predicates, check)

    def field(self, name: str, at: int) -> AnyField | None:
        """Return a field of the source by its name; None, with the reason on record, if there is none."""
        field = self.scope.table.get(name)
        if field is None:
            if others := sources_of(name):
                message = f"{name} is a field of {' and '.join(others)}, not of {self.scope.source}"
                hint = f"give the rule its source: {others[0]}"
            else:
                message, hint = f"there is no field {name}", did_you_mean(name, self.scope.table)
            self.error(message, at, at + len(name), hint, unknown_field=True)
        return field

    def quantified(self, modifier: str, parts: Sequence[Expression], check: Check | TermCheck) -> Expression:
        """Return what comparisons with each value come to."""
        match modifier:
            case "":
                return parts[0]
            case "anyof":
                return any_of(parts)
            case "oneof" if len(parts) <= MAX_ONE_OF:
                return one_of(parts)
            case "oneof":
                message = f"oneof takes at most {MAX_ONE_OF} values, not {len(parts)}"
                return self.error(message, check.values_at, check.end)
            case _:
                return all_of(parts) if parts else FALSE

    def term_check(self, check: TermCheck) -> Expression:
        """Return a comparison with transformers, or of two fields."""
        before = len(self.problems)
        left = self.operand(check.left)
        right = None if check.right is None else self.operand(check.right)
        if len(self.problems) > before:
            return FALSE
        try:
            shape = shape_of(left, self.scope.table)
        except ShapeError as error:
            return self.error(str(error), check.left.at, check.left.end)
        operator, modifier = _parted(check.operator)
        if why := _unfit("this", shape, operator, modifier):
            return self.error(why, check.at, check.end)
        if check.right is not None and right is not None:
            return self.with_other(check, Comparison(left, operator, (), right), shape.type)
        values = self.values(check, "this", shape.type)
        if len(self.problems) > before:
            return FALSE
        rows = [(value,) for value in values] if modifier else [values]
        try:
            for row in rows:
                known_test(Predicate("", None, operator, row))
        except PatternError as error:
            return self.error(str(error), check.values_at, check.end)
        return self.quantified(modifier, [Comparison(left, operator, row) for row in rows], check)

    def with_other(self, check: TermCheck, comparison: Comparison, type_: str) -> Expression:
        assert check.right is not None
        assert comparison.right is not None
        try:
            other = shape_of(comparison.right, self.scope.table).type
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
                field = self.field(name, term.at)
                if field is None:
                    return Fixed(None)
                return FieldOperand(name, self.argument(Check(name, term.argument, "", (), term.at, term.end), field))
            case Literal(value):
                return Fixed(value)
            case Series(parts):
                return Listed(tuple(map(self.operand, parts)))
            case Call(transformer, parts, argument):
                return Transformed(transformer, tuple(map(self.operand, parts)), argument)

    def argument(self, check: Check, field: AnyField) -> Index | None:
        try:
            return field.index(check.argument)
        except IndexRefusedError as error:
            self.error(str(error), check.at, check.values_at or check.end)
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
            if check.values_at == word.at and takes_list(check.operator):
                hint = did_you_mean(word.value, self.scope.lists) or f"write ({word.value}) for the word itself"
                self.error(f"there is no list {word.value}", word.at, word.end, hint)
            return (word.value,)
        if not takes_list(check.operator) and len(listed) != 1:
            message = f"the list {word.value} has {len(listed)} items, but {check.operator} takes one value"
            self.error(message, word.at, word.end, f"write in ({word.value})")
        return listed

    def remark(self, check: Check, predicate: Predicate) -> None:
        """Put on record what is no error, but not what somebody wants either."""
        match predicate.field, predicate.operator:
            case "evt.type", "=" | "!=" | "in" | "intersects" if self.scope.source == SYSCALL:
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


def _parted(operator: str) -> tuple[str, str]:
    """Return an operator and what stands after it."""
    word, _, modifier = operator.partition(" ")
    return ("=" if word == "==" else word), modifier


def _unfit(name: str, shape: Shape, operator: str, modifier: str) -> str:
    """Return why an operator cannot compare a kind of value; nothing if it can."""
    if operator in BUFFER and shape.type != "buffer":
        return f"{operator} compares buffers, and {name} is a {shape.type}"
    if shape.listed and (operator not in OF_LISTS or modifier):
        return f"{operator} cannot compare {name}, which is a list: only {', '.join(OF_LISTS)} can"
    if operator not in ALLOWED[cast(Type, shape.type)]:
        return f"{operator} cannot compare {name}, which is a {shape.type}"
    return f"{operator} takes one number, and no {modifier}" if modifier and operator in ORDER else ""
