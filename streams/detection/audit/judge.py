"""Judges events of audit logs: which match which rules, and the alerts that follow."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from schemas.types.alerts import Alert
from schemas.types.audit import AuditEvent
from streams.detection.audit.event import Event, opened
from streams.detection.compiling import compiled
from streams.detection.outputs import Reference
from streams.detection.predicates import AllOf, Expression, Index
from streams.detection.rules import Rule, RuleSet
from streams.detection.tables import SYSCALL, TABLES

Field = tuple[str, Index | None]
Value = Callable[[Field], Any]
"""Gives the value of a field, read once for each event."""


class Part(NamedTuple):
    """A part of a condition that must be true: its fields, and the test of their values."""

    fields: tuple[Field, ...]
    test: Callable[..., bool]


class AuditJudge:
    """Judges events by the enabled rules of their source. The same event always gives the same alerts."""

    def __init__(self, rules: RuleSet) -> None:
        self._sources = {source: _Source(source, rules) for source in TABLES if source != SYSCALL}
        self.rules = tuple(rule for source in self._sources.values() for rule in source.rules)

    def judge(self, record: AuditEvent, number: int) -> list[Alert]:
        """Return the alerts of an event in the order of the rules; `number` is its place in its source, from 1.

        Raises InvalidEventError if the text is no event of its source.
        """
        event = opened(record, number)
        source = self._sources.get(record.source)
        return [] if source is None else source.judge(event)


class _Source:
    """The rules of one source. What several of them ask first, such as the stage, is worked out once an event."""

    def __init__(self, source: str, rules: RuleSet) -> None:
        self._table: Final = TABLES[source]
        self.rules = tuple(rule for rule in rules.rules if rule.enabled and rule.source == source)
        places: dict[Expression, int] = {}
        self._needs = [
            [places.setdefault(part, len(places)) for part in _parts(rule.expression)] for rule in self.rules
        ]
        self._parts = [self._part(expression) for expression in places]

    def judge(self, event: Event) -> list[Alert]:
        value = self._values(event)
        verdicts: list[bool | None] = [None] * len(self._parts)
        return [
            _alert(event, rule, value)
            for rule, needs in zip(self.rules, self._needs, strict=True)
            if all(self._holds(place, value, verdicts) for place in needs)
        ]

    def _holds(self, place: int, value: Value, verdicts: list[bool | None]) -> bool:
        verdict = verdicts[place]
        if verdict is None:
            fields, test = self._parts[place]
            verdict = verdicts[place] = test(*map(value, fields))
        return verdict

    def _values(self, event: Event) -> Value:
        known: dict[Field, Any] = {}

        def value(field: Field) -> Any:
            if field not in known:
                name, argument = field
                known[field] = self._table[name].reader(argument)(event)
            return known[field]

        return value

    def _part(self, expression: Expression) -> Part:
        found = compiled(expression, self._table)
        return Part(found.fields, found.test)


def _parts(expression: Expression) -> tuple[Expression, ...]:
    return expression.parts if isinstance(expression, AllOf) else (expression,)


def _alert(event: Event, rule: Rule, value: Value) -> Alert:
    def value_of(reference: Reference) -> Any:
        return value((reference.field, reference.argument))

    output, fields = rule.output.filled(value_of)
    return Alert(
        id=f"{event.record.id}/{rule.name}",
        time=event.record.time,
        rule=rule.name,
        priority=rule.priority,
        output=output,
        source=rule.source,
        tags=rule.tags,
        fields=fields,
        events=(event.record.id,),
        node=event.record.node,
    )
