"""Lists and macros that refer to each other, put into an order in which each comes after those it needs."""

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

from streams.detection.binding import Scope, bind, parsed
from streams.detection.definitions import ListItem, MacroItem
from streams.detection.problems import RuleError, RuleErrors
from streams.detection.quoting import EscapeError, item
from streams.detection.sources import Text, Written
from streams.detection.syntax import Condition, macros_in

MAX_ITEMS: Final = 1_000_000

Report = Callable[[str, Iterable[RuleError]], None]
"""Takes the item that problems belong to, and the problems."""


def ordered(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """Return the names, each after those that it needs, and the cycles, whose names are left out.

    Names that need one of a cycle stay in: the cycle counts as a name that could not be understood.
    """
    graph = {name: {other for other in others if other in needs} for name, others in needs.items()}
    cycles: list[list[str]] = []
    while True:
        try:
            return list(TopologicalSorter(graph).static_order()), cycles
        except CycleError as error:
            cycle = list(error.args[1][1:])
            cycles.append(cycle)
            graph = {name: others - set(cycle) for name, others in graph.items() if name not in cycle}


def expand_lists(items: Mapping[str, ListItem], report: Report) -> dict[str, tuple[str, ...]]:
    """Return the values of each list, those of the lists that it names among them."""
    texts = {name: [text.value for text in one.items] for name, one in items.items()}
    order, cycles = ordered(texts)
    for cycle in cycles:
        report(f"list {cycle[0]}", [_cycle(items[cycle[0]].name, cycle, "list")])
    expanded: dict[str, tuple[str, ...]] = dict.fromkeys((name for cycle in cycles for name in cycle), ())
    for name in order:
        try:
            expanded[name] = _expanded(items[name], expanded)
        except RuleErrors as error:
            report(f"list {name}", error.problems)
            expanded[name] = ()
    return expanded


class Macros:
    """Macros put into order, whose conditions are understood for one source after another."""

    def __init__(self, items: Mapping[str, MacroItem], report: Report) -> None:
        """Take the macros; what is wrong with them whatever the source is reported at once."""
        self._items = items
        self._conditions: dict[str, Condition] = {}
        for name, one in items.items():
            try:
                self._conditions[name] = parsed(one.condition)
            except RuleErrors as error:
                report(f"macro {name}", error.problems)
        self.needs = {name: tuple(m.name for m in macros_in(c)) for name, c in self._conditions.items()}
        self._order, cycles = ordered(self.needs)
        for cycle in cycles:
            text = items[cycle[0]].condition
            report(f"macro {cycle[0]}", [_cycle(text, cycle, "macro", self._conditions[cycle[0]])])

    def scope(self, source: str, lists: dict[str, tuple[str, ...]], report: Report) -> Scope:
        """Return the scope in which the rules of a source are understood: all lists, and what each macro means."""
        scope = Scope(lists, dict.fromkeys(self._items), set(), source)
        for name in self._order:
            try:
                meaning, warnings = bind(self._conditions[name], self._items[name].condition, scope)
                scope.macros[name] = meaning
                report(f"macro {name}", warnings)
            except RuleErrors as error:
                report(f"macro {name}", error.problems)
                if for_unknown_fields(error.problems):
                    scope.without_field.add(name)
        return scope


def for_unknown_fields(problems: Iterable[RuleError]) -> bool:
    """Say whether all errors among problems are about fields that are not there."""
    return all(problem.unknown_field for problem in problems if problem.level == "error")


def reached(names: Iterable[str], needs: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the names, and all that they need."""
    found: set[str] = set()
    rest = list(names)
    while rest:
        name = rest.pop()
        if name not in found:
            found.add(name)
            rest += needs.get(name, ())
    return found


def _expanded(one: ListItem, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    values: dict[str, None] = {}
    for text in one.items:
        try:
            values.update(dict.fromkeys(known.get(text.value) or _own(text, known)))
        except EscapeError as error:
            raise RuleErrors(text.problem(str(error), error.at, error.at + 2)) from None
        if len(values) > MAX_ITEMS:
            raise RuleErrors(text.problem(f"the list has more than {MAX_ITEMS} values"))
    return tuple(values)


def _own(text: Text, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return () if text.value in known else (item(text.value),)


def _cycle(text: Written, cycle: list[str], kind: str, condition: Condition | None = None) -> RuleError:
    chain = " -> ".join([*cycle, cycle[0]])
    used = next((m for m in macros_in(condition) if m.name in cycle), None) if condition else None
    at, end = (used.at, used.end) if used else (0, None)
    return text.problem(f"the {kind} needs itself: {chain}", at, end)
