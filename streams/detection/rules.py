"""Rules as the judge takes them."""

import msgspec

from streams.detection.outputs import Template
from streams.detection.predicates import Expression
from streams.detection.problems import Place, RuleError


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was understood."""

    name: str
    source: str
    """The source of the events that it judges."""
    desc: str
    priority: str
    """emergency, alert, critical, error, warning, notice, informational or debug."""
    tags: tuple[str, ...]
    enabled: bool
    condition: str
    """As it is written."""
    expression: Expression
    output: Template
    place: Place
    """Where it begins."""


class RuleSet(msgspec.Struct, frozen=True):
    """What rule files hold: the rules that were understood, and what is wrong with the others."""

    rules: tuple[Rule, ...] = ()
    problems: tuple[RuleError, ...] = ()

    @property
    def errors(self) -> tuple[RuleError, ...]:
        """Return what cost a rule, a macro, a list or a file."""
        return tuple(problem for problem in self.problems if problem.level == "error")

    @property
    def warnings(self) -> tuple[RuleError, ...]:
        """Return what is worth knowing but cost nothing."""
        return tuple(problem for problem in self.problems if problem.level != "error")
