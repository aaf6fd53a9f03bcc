"""Judges batches: which events match which rules, and the alerts that follow."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from schemas.types.alerts import Alert
from schemas.types.syscalls import SyscallBatch
from streams.detection.columns import Columns
from streams.detection.fields import FIELDS
from streams.detection.fields.reading import value_in
from streams.detection.levels import PROCESS, Call
from streams.detection.outputs import Reference, escaped
from streams.detection.plans import Plan, Planner
from streams.detection.predicates import FALSE
from streams.detection.rules import Rule, RuleSet
from streams.detection.specialising import specialised
from streams.detection.tables import SYSCALL
from streams.detection.views import View

MAX_TYPES: Final = 2048


class Wanted(NamedTuple):
    """A rule, and how to find the events of one type that match it."""

    place: int
    rule: Rule
    plan: Plan


class Judge:
    """Judges batches of system calls by the enabled rules of a set. The same batch always gives the same alerts."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = tuple(rule for rule in rules.rules if rule.enabled and rule.source == SYSCALL)
        self._wanted = lru_cache(MAX_TYPES)(self._plans)

    def judge(self, batch: SyscallBatch) -> list[Alert]:
        """Return the alerts of a batch in the order of its events, for one event in the order of the rules.

        Raises InvalidBatchError if the batch is not as its schema says.
        """
        columns = Columns(batch)
        found: list[tuple[int, int, Rule]] = []
        types = columns.arrays["event_type"]
        for code in np.flatnonzero(np.bincount(types)).tolist():
            wanted = self._wanted(columns.types[code])
            if not wanted:
                continue
            view = View(columns, np.flatnonzero(types == code))
            everything = np.arange(len(view.events))
            for place, rule, plan in wanted:
                matches = view.events[plan.select(view, everything)]
                found += [(event, place, rule) for event in matches.tolist()]
        return [alert(columns, event, rule) for event, _, rule in sorted(found, key=lambda match: match[:2])]

    def _plans(self, event_type: str) -> tuple[Wanted, ...]:
        """Return the plans of the rules that may match events of a type."""
        planner = Planner()
        parts = [(place, rule, specialised(rule.expression, event_type)) for place, rule in enumerate(self.rules)]
        return tuple(Wanted(place, rule, planner.plan(part)) for place, rule, part in parts if part != FALSE)


def alert(columns: Columns, event: int, rule: Rule) -> Alert:
    """Return the alert of a rule about one event of a batch."""
    raws: dict[str, Any] = {}

    def value_of(reference: Reference) -> Any:
        return value_in(FIELDS[reference.field], Call(columns, event), raws, reference.argument)

    output, fields = rule.output.filled(value_of)
    event_id = columns.event_id(event)
    container = PROCESS.raw(columns, event).container
    return Alert(
        id=f"{event_id}/{rule.name}",
        time=columns.number("event_time", event) or 0,
        rule=rule.name,
        priority=rule.priority,
        output=output,
        source=rule.source,
        tags=rule.tags,
        fields=fields,
        events=(event_id,),
        node=columns.batch.node,
        container_id=container.id if container else None,
        container_name=_shown(container.name) if container else None,
        container_image=_shown(container.image) if container else None,
    )


def _shown(text: str | None) -> str | None:
    return None if text is None else escaped(text)
