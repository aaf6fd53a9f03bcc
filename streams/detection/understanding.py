"""From the items of all files to rules: names put in, fields and values checked."""

from collections.abc import Iterable, Mapping

import msgspec

from streams.detection.binding import Scope, bind, parsed
from streams.detection.definitions import ListItem, MacroItem, RuleItem
from streams.detection.exceptions import condition_of, is_empty
from streams.detection.names import Macros, expand_lists, for_unknown_fields, reached
from streams.detection.outputs import parse_template
from streams.detection.predicates import Expression, all_of, any_of, negation
from streams.detection.problems import RuleError, RuleErrors
from streams.detection.rules import Rule, RuleSet
from streams.detection.sources import Written
from streams.detection.syntax import Condition, macros_in
from streams.detection.tables import SYSCALL, TABLES


class Understanding:
    """Understands the items that are left when all files are read."""

    def __init__(
        self, rules: Mapping[str, RuleItem], macros: Mapping[str, MacroItem], lists: Mapping[str, ListItem]
    ) -> None:
        """Take the items, with the changes of later files in them."""
        self._items = rules
        self._problems: list[RuleError] = []
        self._lists = expand_lists(lists, self._report)
        self._macros = Macros(macros, self._report)
        self._scopes: dict[str, Scope] = {}
        self._of_macros: dict[str, list[RuleError]] = {}
        """By source: what is wrong with macros, perhaps with those of other sources only."""
        self._used: dict[str, set[str]] = {}
        """By source: the macros that rules name; under "" those of rules that are left out."""

    def understood(self) -> RuleSet:
        """Return the rules, and what is wrong with those that are missing."""
        rules = [rule for item in self._items.values() if (rule := self._rule(item))]
        self._report_macros()
        return RuleSet(tuple(rules), tuple(self._problems))

    def _scope(self, source: str) -> Scope:
        """Return the names that rules of a source may use, understood when the first one is met."""
        if source not in self._scopes:
            found = self._of_macros[source] = []
            self._scopes[source] = self._macros.scope(
                source, self._lists, lambda subject, problems: found.extend(_about(subject, problems))
            )
        return self._scopes[source]

    def _rule(self, item: RuleItem) -> Rule | None:
        """Return the rule, or None with the reason on record."""
        syntax = _syntax(item.condition)
        if item.source not in TABLES:
            message = f"events of source {item.source} are not judged; this rule is left out"
            place = item.source_text or item.name
            hint = f"deedlog judges those of {', '.join(TABLES)}"
            self._report(f"rule {item.name.value}", [place.problem(message, level="note", hint=hint)])
            self._use("", syntax)
            return None
        expression, problems = _expression(item, syntax, self._scope(item.source))
        if expression is None and item.skip_if_unknown and for_unknown_fields(problems):
            first = next(problem for problem in problems if problem.unknown_field)
            message = f"left out, as skip-if-unknown-filter says: {first.message}"
            self._report(f"rule {item.name.value}", [msgspec.structs.replace(first, level="note", message=message)])
            self._use("", syntax)
            return None
        self._use(item.source, syntax)
        self._report(f"rule {item.name.value}", problems)
        return self._with_output(item, expression)

    def _with_output(self, item: RuleItem, expression: Expression | None) -> Rule | None:
        try:
            template = parse_template(item.output, TABLES[item.source], item.source)
        except RuleErrors as error:
            self._report(f"rule {item.name.value}", error.problems)
            return None
        if expression is None:
            return None
        return Rule(
            name=item.name.value,
            source=item.source,
            desc=item.desc,
            priority=item.priority,
            tags=item.tags,
            enabled=item.enabled,
            condition=item.condition.value.strip(),
            expression=expression,
            output=template,
            place=item.name.place(),
        )

    def _use(self, source: str, syntax: Condition | RuleErrors) -> None:
        self._used.setdefault(source, set()).update(_macros_of(syntax))

    def _report_macros(self) -> None:
        """Put on record what is wrong with macros, once.

        A macro counts for the sources whose rules need it: others have other fields. One that no rule needs is
        understood as of the first source that has all its fields.
        """
        used = {source: reached(names, self._macros.needs) for source, names in self._used.items()}
        anywhere = set().union(*used.values())
        self._scope(SYSCALL)
        found: dict[RuleError, None] = {}
        for source, problems in list(self._of_macros.items()):
            for problem in problems:
                name = problem.subject.removeprefix("macro ")
                if name in used.get(source, ()) or (name not in anywhere and not problem.unknown_field):
                    found[problem] = None
                elif name not in anywhere and source == SYSCALL and not self._has_fields(name):
                    hint = problem.hint or "no rule needs the macro"
                    found[msgspec.structs.replace(problem, level="warning", hint=hint)] = None
        self._problems += found

    def _has_fields(self, name: str) -> bool:
        """Say whether some source has all fields of a macro."""
        return any(self._scope(source).macros[name] is not None for source in TABLES)

    def _report(self, subject: str, problems: Iterable[RuleError]) -> None:
        self._problems += _about(subject, problems)


def _expression(
    item: RuleItem, syntax: Condition | RuleErrors, scope: Scope
) -> tuple[Expression | None, list[RuleError]]:
    """Return when a rule applies, None if that cannot be told, and all problems of that."""
    problems: list[RuleError] = []
    condition = _meaning(syntax, item.condition, scope, problems)
    excepted: list[Expression] = []
    for one in item.exceptions:
        try:
            text = condition_of(one)
        except RuleErrors as error:
            problems += error.problems
            continue
        part = _meaning(_syntax(text), text, scope, problems)
        if part is not None and not is_empty(one):
            excepted.append(part)
    failed = any(problem.level == "error" for problem in problems)
    if condition is None or failed:
        return None, problems
    return all_of([condition, negation(any_of(excepted))]), problems


def _syntax(text: Written) -> Condition | RuleErrors:
    try:
        return parsed(text)
    except RuleErrors as error:
        return error


def _meaning(
    syntax: Condition | RuleErrors, text: Written, scope: Scope, problems: list[RuleError]
) -> Expression | None:
    """Return what a condition means, or None; its problems are added to those known."""
    if isinstance(syntax, RuleErrors):
        problems += syntax.problems
        return None
    try:
        meaning, warnings = bind(syntax, text, scope)
    except RuleErrors as error:
        problems += error.problems
        return None
    problems += warnings
    return meaning.expression


def _macros_of(syntax: Condition | RuleErrors) -> set[str]:
    return set() if isinstance(syntax, RuleErrors) else {macro.name for macro in macros_in(syntax)}


def _about(subject: str, problems: Iterable[RuleError]) -> list[RuleError]:
    return [msgspec.structs.replace(problem, subject=problem.subject or subject) for problem in problems]
