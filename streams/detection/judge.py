"""Judges batches: which events match which rules, and the alerts that follow."""

from functools import lru_cache
from typing import Any, Final

import numpy as np

from schemas.types.alerts import Alert
from schemas.types.syscalls import SyscallBatch
from streams.detection.automaton import MAX_STATES, Automaton
from streams.detection.columns import Columns
from streams.detection.fields import FIELDS
from streams.detection.fields.reading import value_in
from streams.detection.levels import PROCESS, Call
from streams.detection.outputs import Reference, escaped
from streams.detection.predicates import FALSE
from streams.detection.rules import Rule, RuleSet
from streams.detection.specialising import specialised
from streams.detection.tables import SYSCALL

MAX_TYPES: Final = 2048


class Judge:
    """Judges batches of system calls by the enabled rules of a set. The same batch always gives the same alerts."""

    def __init__(self, rules: RuleSet, max_states: int = MAX_STATES) -> None:
        """Take rules; `max_states` bounds the automaton of each type of event."""
        self._max_states = max_states
        self.rules = tuple(rule for rule in rules.rules if rule.enabled and rule.source == SYSCALL)
        self._of_type = lru_cache(MAX_TYPES)(self._automaton)

    def judge(self, batch: SyscallBatch) -> list[Alert]:
        """Return the alerts of a batch in the order of its events, for one event in the order of the rules.

        Raises InvalidBatchError if the batch is not as its schema says.
        """
        columns = Columns(batch)
        types = columns.arrays["event_type"]
        found: list[tuple[int, int]] = []
        for code in np.flatnonzero(np.bincount(types)).tolist():
            found += self._of_type(columns.types[code]).matches(columns, np.flatnonzero(types == code))
        return [alert(columns, event, self.rules[place]) for event, place in sorted(found)]

    def _automaton(self, event_type: str) -> Automaton:
        """Return what judges events of a type by the rules that may match them."""
        parts = ((place, specialised(rule.expression, event_type)) for place, rule in enumerate(self.rules))
        return Automaton([(place, part) for place, part in parts if part != FALSE], self._max_states)


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
        count=columns.number("event_count", event) or 1,
    )


def _shown(text: str | None) -> str | None:
    return None if text is None else escaped(text)
