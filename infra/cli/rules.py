"""`deedlog rules`: what rules there are, and whether rule files are right."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infra.cli.errors import FAILED, NOT_FOUND, USAGE, CliError
from infra.cli.formats import Output, structured, write
from infra.cli.progress import say
from infra.cli.tables import table
from infra.config import load_settings

RELOADING: Final = ("worker", "agent")
"""Processes that load rules, and load them again on SIGHUP."""

if TYPE_CHECKING:
    from streams.detection.problems import RuleError
    from streams.detection.rules import Rule


def list_(*, output: Output = "table") -> int:
    """Show the rules: the built-in ones and those of the settings.

    Parameters
    ----------
    output
        table is for people, wide has tags and descriptions; json and jsonl are one object a line, yaml one document.
    """
    from streams.detection.loading import load_rules

    found = load_rules(load_settings().rules, builtin=True)
    for problem in found.errors:
        say(str(problem))
    if output in ("table", "wide"):
        write(_table(found.rules, wide=output == "wide"))
    else:
        _write_all(map(_rule_record, found.rules), output)
    return FAILED if found.errors else 0


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
        _write_all(map(_problem_record, found.problems), output)
    own = [rule for rule in found.rules if not rule.place.file.startswith("built-in/")]
    say(f"{len(own)} rules, {len(found.errors)} errors, {len(found.warnings)} warnings and notes")
    return FAILED if found.errors else 0


def reload() -> int:
    """Make the running pipeline load its rules again, after the files in the setting `rules` have changed.

    With errors in the files nothing changes. The processes keep what they know; no event is missed.
    """
    from infra.supervisor.state import holder, read_state
    from streams.detection.loading import load_rules

    settings = load_settings()
    found = load_rules(settings.rules, builtin=True)
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


def _table(rules: Iterable["Rule"], *, wide: bool) -> str:
    head = ["RULE", "PRIORITY", "ENABLED", "FILE"] + ["TAGS", "DESCRIPTION"] * wide
    return table(head, [_row(rule, wide=wide) for rule in rules])


def _row(rule: "Rule", *, wide: bool) -> list[str]:
    row = [rule.name, rule.priority, "yes" if rule.enabled else "no", f"{rule.place.file}:{rule.place.line}"]
    return [*row, ",".join(rule.tags), " ".join(rule.desc.split())] if wide else row


def _rule_record(rule: "Rule") -> dict[str, Any]:
    return {
        "rule": rule.name,
        "priority": rule.priority,
        "enabled": rule.enabled,
        "tags": rule.tags,
        "desc": rule.desc,
        "condition": rule.condition,
        "file": rule.place.file,
        "line": rule.place.line,
    }


def _problem_record(problem: "RuleError") -> dict[str, Any]:
    place = problem.place
    return {
        "level": problem.level,
        "message": problem.message,
        "hint": problem.hint,
        "subject": problem.subject,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "width": place.width,
        "text": place.text,
    }


def _write_all(records: Iterable[Any], output: Any) -> None:
    text = structured(output)
    for record in records:
        write(text(record))
