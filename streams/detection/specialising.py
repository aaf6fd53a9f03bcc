"""Conditions for events of one type: what the type alone decides is decided, the rest is left."""

from typing import Final

from streams.detection.fields import FIELDS
from streams.detection.levels import TYPE
from streams.detection.operators import ORDER, test_of
from streams.detection.predicates import (
    FALSE,
    TRUE,
    AllOf,
    AnyOf,
    Comparison,
    Constant,
    Expression,
    FieldOperand,
    Fixed,
    Listed,
    Negation,
    Operand,
    Predicate,
    Transformed,
    all_of,
    any_of,
    negation,
)
from streams.detection.transforming import test_of_comparison

NUMBERED_FROM: Final = 1


def specialised(expression: Expression, event_type: str) -> Expression:
    """Return what the expression comes to for events of the type; FALSE: they need not be looked at."""
    match expression:
        case Predicate():
            return _decided(expression, event_type)
        case Comparison():
            return _comparison(expression, event_type)
        case AllOf(parts):
            return all_of([specialised(part, event_type) for part in parts])
        case AnyOf(parts):
            return any_of([specialised(part, event_type) for part in parts])
        case Negation(part):
            return negation(specialised(part, event_type))
        case Constant():
            return expression


def _decided(predicate: Predicate, event_type: str) -> Expression:
    field = FIELDS[predicate.field]
    if field.level is TYPE:
        return Constant(test_of(predicate, field)(field.how(event_type)))
    if field.types is not None and event_type not in field.types:
        return FALSE if field.elsewhere is None else Constant(test_of(predicate, field)(field.elsewhere))
    if field.name == "evt.num":
        return _by_first_number(predicate)
    return predicate


def _comparison(comparison: Comparison, event_type: str) -> Expression:
    left = _operand(comparison.left, event_type)
    right = None if comparison.right is None else _operand(comparison.right, event_type)
    decided = Comparison(left, comparison.operator, comparison.values, right)
    fields, test = test_of_comparison(decided)
    return decided if fields else Constant(test())


def _operand(operand: Operand, event_type: str) -> Operand:
    match operand:
        case FieldOperand(name, argument):
            field = FIELDS[name]
            if field.level is TYPE:
                return Fixed(field.how(event_type))
            if field.types is not None and event_type not in field.types:
                return Fixed(field.elsewhere, field.many and argument is None)
            return operand
        case Listed(parts):
            return Listed(tuple(_operand(part, event_type) for part in parts))
        case Transformed(name, parts, argument):
            return Transformed(name, tuple(_operand(part, event_type) for part in parts), argument)
        case Fixed():
            return operand


def _by_first_number(predicate: Predicate) -> Expression:
    """Decide comparisons with numbers below the first: `evt.num = 0` is how rules say never."""
    if predicate.operator == "exists":
        return TRUE
    test = test_of(predicate, FIELDS[predicate.field])
    if all(isinstance(value, int) and value < NUMBERED_FROM for value in predicate.values):
        return Constant(test(NUMBERED_FROM))
    if predicate.operator in ORDER and predicate.values == (NUMBERED_FROM,) and predicate.operator in ("<", ">="):
        return TRUE if predicate.operator == ">=" else FALSE
    return predicate
