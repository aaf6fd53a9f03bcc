"""What rules ask of calls that send or receive: whether of all, and whether for what is in them."""

from typing import Final

from streams.detection.event_types import RECEIVES, SENDS
from streams.detection.fields import FIELDS
from streams.detection.operators import test_of
from streams.detection.predicates import (
    AllOf,
    AnyOf,
    Constant,
    Expression,
    Negation,
    Predicate,
    all_of,
    any_of,
    fields_in,
    negation,
)
from streams.detection.rules import Rule

TRANSFERS: Final = SENDS | RECEIVES
CHANGE: Final = "fd.name_changed"
DATA: Final = frozenset({"evt.buffer", "evt.arg.data"})


def without_change(expression: Expression, changed: bool | None) -> Expression:
    """Return what the expression comes to where the name of a socket did not change, or nobody knows (None)."""
    match expression:
        case Predicate(field) if field == CHANGE:
            return Constant(test_of(expression, FIELDS[CHANGE])(changed))
        case AllOf(parts):
            return all_of([without_change(part, changed) for part in parts])
        case AnyOf(parts):
            return any_of([without_change(part, changed) for part in parts])
        case Negation(part):
            return negation(without_change(part, changed))
        case _:
            return expression


def asks_for_data(rule: Rule) -> bool:
    """Tell whether a rule names a field of what is sent or received, in its condition or its output."""
    named = {*fields_in(rule.expression), *(reference.field for reference in rule.output.references)}
    return not named.isdisjoint(DATA)
