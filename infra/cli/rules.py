"""`deedlog rules`: what rules there are, and whether rule files are right."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from infra.cli.errors import FAILED, NOT_FOUND, USAGE, CliError
from infra.cli.formats import Output, structured, write
from infra.cli.progress import say
from infra.cli.rule_views import problem_record, rule_page, rule_record, rule_table
from infra.config import load_settings

NAMED: Final = 5
RELOADING: Final = ("worker", "agent")
"""Processes that load rules, and load them again on SIGHUP."""

if TYPE_CHECKING:
    from streams.detection.rules import Rule


def list_(*, output: Output = "table") -> int:
    """Show the rules: the built-in ones and those of the settings.

    Parameters
    ----------
    output
        table is for people, wide has tags and descriptions; json and jsonl are one object a line, yaml one document.
    """
    from infra.rules.configured import configured_rules

    found = configured_rules(load_settings())
    for problem in found.errors:
        say(str(problem))
    if output in ("table", "wide"):
        write(rule_table(found.rules, wide=output == "wide"))
    else:
        _write_all(map(rule_record, found.rules), output)
    return FAILED if found.errors else 0


def show(name: str, /, *, output: Output = "table") -> int:
    """Show one rule: the built-in ones and those of the settings are looked through.

    Parameters
    ----------
    name
        Name of the rule, or a part of it that no other rule has; capital letters do not matter.
    output
        table is for people; json and jsonl are one object, yaml one document.
    """
    from infra.rules.configured import configured_rules

    rule = _named(name, configured_rules(load_settings()).rules)
    if output in ("table", "wide"):
        write(rule_page(rule, _events(rule)))
    else:
        _write_all([rule_record(rule)], output)
    return 0


def check(*files: Path, output: Output = "table") -> int:
    """Check rule files, which may use names of the built-in ones; exit code 1 if there are errors.

    Parameters
    ----------
    files
        Rule files and folders.
    output
        table shows each problem with its place; json and jsonl are one object a line, yaml one document.
    """
    from streams.detection.loading import load_rules

    if not files:
        raise CliError(
            "There is nothing to check", "It takes rule files and folders", "deedlog rules check FILE", USAGE
        )
    for file in files:
        if not file.exists():
            raise CliError(f"There is no {file}", "It takes rule files and folders", f"ls {file.parent}", NOT_FOUND)
    found = load_rules(files, builtin=True)
    if output in ("table", "wide"):
        for problem in found.problems:
            write(str(problem))
    else:
        _write_all(map(problem_record, found.problems), output)
    own = [rule for rule in found.rules if not rule.place.file.startswith("built-in/")]
    say(f"{len(own)} rules, {len(found.errors)} errors, {len(found.warnings)} warnings and notes")
    return FAILED if found.errors else 0


def reload() -> int:
    """Make the running pipeline load its rules again, after the files in the setting `rules` have changed.

    With errors in the files nothing changes. The processes keep what they know; no event is missed.
    """
    from infra.rules.configured import configured_rules
    from infra.supervisor.state import holder, read_state

    settings = load_settings()
    found = configured_rules(settings)
    if found.errors:
        why = "\n".join(map(str, found.errors))
        raise CliError("The rules have errors, and are not loaded", why, "deedlog rules check FILE", FAILED)
    state = read_state(settings)
    if holder(settings) is None or state is None:
        raise CliError("No pipeline runs", f"There is none in {settings.home}", "deedlog up", NOT_FOUND)
    for child in state.children:
        if child.name in RELOADING and child.pid:
            os.kill(child.pid, signal.SIGHUP)
    say(f"{len(found.rules)} rules are loaded again")
    return 0


def _named(name: str, rules: Iterable["Rule"]) -> "Rule":
    """Return the rule that is meant by a name, or a part of one. Raises CliError."""
    from streams.detection.problems import did_you_mean

    known = {rule.name: rule for rule in rules}
    if name in known:
        return known[name]
    found = [rule for own, rule in known.items() if name.lower() in own.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        why = f"It may be {', '.join(rule.name for rule in found[:NAMED])}" + ", or another" * (len(found) > NAMED)
        raise CliError(
            f"{len(found)} rules are called like {name!r}", why, f"deedlog rules show {found[0].name!r}", USAGE
        )
    meant = did_you_mean(name, known).removeprefix("did you mean ").removesuffix("?")
    why = f"Perhaps it is {meant}" if meant else ""
    raise CliError(f"There is no rule {name!r}", why, "deedlog rules list", NOT_FOUND)


def _events(rule: "Rule") -> frozenset[str]:
    """Return the system calls that a rule looks at; none if it looks at all, or at other events."""
    from streams.detection.event_types import NAMES
    from streams.detection.filtering import call_filters

    found = frozenset(call_filters([msgspec.structs.replace(rule, enabled=True)], NAMES))
    return found if len(found) < len(NAMES) else frozenset()


def _write_all(records: Iterable[Any], output: Any) -> None:
    text = structured(output)
    for record in records:
        write(text(record))
