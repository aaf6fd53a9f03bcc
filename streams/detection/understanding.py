"""From the items of all files to rules: names put in, fields and values checked."""

from collections.abc import Iterable, Mapping

import msgspec

from streams.detection.binding import Scope, bind, parsed
from streams.detection.definitions import SOURCE, ListItem, MacroItem, RuleItem
from streams.detection.exceptions import condition_of, is_empty
from streams.detection.names import expand_lists, for_unknown_fields, reached, understand_macros
from streams.detection.outputs import parse_template
from streams.detection.predicates import Expression, all_of, any_of, negation
from streams.detection.problems import RuleError, RuleErrors
from streams.detection.rules import Rule, RuleSet
from streams.detection.sources import Written
from streams.detection.syntax import Condition, macros_in


class Understanding:
    """Understands the items that are left when all files are read."""

    def __init__(
        self, rules: Mapping[str, RuleItem], macros: Mapping[str, MacroItem], lists: Mapping[str, ListItem]
    ) -> None:
        """Take the items, with the changes of later files in them."""
        self._items = rules
        self._lists = lists
        self._macros = macros
        self._problems: list[RuleError] = []
        self._used: set[str] = set()
        self._used_elsewhere: set[str] = set()

    def understood(self) -> RuleSet:
        """Return the rules, and what is wrong with those that are missing."""
        of_macros: list[RuleError] = []
        scope = understand_macros(
            self._macros,
            expand_lists(self._lists, self._report),
            lambda subject, problems: of_macros.extend(_about(subject, problems)),
        )
        rules = [rule for item in self._items.values() if (rule := self._rule(item, scope))]
        self._report_macros(of_macros, scope)
        return RuleSet(tuple(rules), tuple(self._problems))

    def _rule(self, item: RuleItem, scope: Scope) -> Rule | None:
        """Return the rule, or None with the reason on record."""
        if item.source != SOURCE:
            message = f"events of source {item.source} are not judged yet; this rule is left out"
            place = item.source_text or item.name
            self._report(f"rule {item.name.value}", [place.problem(message, level="note")])
            self._used_elsewhere |= _macros_of(_syntax(item.condition))
            return None
        syntax = _syntax(item.condition)
        expression, problems = _expression(item, syntax, scope)
        if expression is None and item.skip_if_unknown and for_unknown_fields(problems):
            first = next(problem for problem in problems if problem.unknown_field)
            message = f"left out, as skip-if-unknown-filter says: {first.message}"
            self._report(f"rule {item.name.value}", [msgspec.structs.replace(first, level="note", message=message)])
            self._used_elsewhere |= _macros_of(syntax)
            return None
        self._used |= _macros_of(syntax)
        self._report(f"rule {item.name.value}", problems)
        return self._with_output(item, expression)

    def _with_output(self, item: RuleItem, expression: Expression | None) -> Rule | None:
        try:
            template = parse_template(item.output)
        except RuleErrors as error:
            self._report(f"rule {item.name.value}", error.problems)
            return None
        if expression is None:
            return None
        return Rule(
            name=item.name.value,
            desc=item.desc,
            priority=item.priority,
            tags=item.tags,
            enabled=item.enabled,
            condition=item.condition.value.strip(),
            expression=expression,
            output=template,
            place=item.name.place(),
        )

    def _report_macros(self, problems: Iterable[RuleError], scope: Scope) -> None:
        """Put on record what is wrong with macros.

        A field that is not there is no error in a macro that no judged rule needs: other sources have other fields.
        """
        used = reached(self._used, scope.needs)
        elsewhere = reached(self._used_elsewhere, scope.needs) - used
        for problem in problems:
            name = problem.subject.removeprefix("macro ")
            if not problem.unknown_field or name in used:
                self._problems.append(problem)
            elif name not in elsewhere:
                hint = problem.hint or "no rule needs the macro"
                self._problems.append(msgspec.structs.replace(problem, level="warning", hint=hint))

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
