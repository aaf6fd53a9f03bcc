"""Rules and what is wrong with them, as records for programs and as text for people."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from infra.cli.tables import table

if TYPE_CHECKING:
    from streams.detection.problems import RuleError
    from streams.detection.rules import Rule

INDENT = "  "


def rule_table(rules: Iterable["Rule"], *, wide: bool) -> str:
    """Return rules as a table."""
    head = ["RULE", "SOURCE", "PRIORITY", "ENABLED", "FILE"] + ["TAGS", "DESCRIPTION"] * wide
    return table(head, [_row(rule, wide=wide) for rule in rules])


def rule_record(rule: "Rule") -> dict[str, Any]:
    """Return a rule as a record."""
    return {
        "rule": rule.name,
        "source": rule.source,
        "priority": rule.priority,
        "enabled": rule.enabled,
        "tags": rule.tags,
        "desc": rule.desc,
        "condition": rule.condition,
        "output": str(rule.output),
        "file": rule.place.file,
        "line": rule.place.line,
    }


def rule_page(rule: "Rule", events: Iterable[str]) -> str:
    """Return all about one rule; `events` are the types of events that it looks at, none where that is not said."""
    short = {
        "rule": rule.name,
        "source": rule.source,
        "priority": rule.priority,
        "enabled": "yes" if rule.enabled else "no",
        "tags": ", ".join(rule.tags),
        "file": f"{rule.place.file}:{rule.place.line}",
        "events": " ".join(sorted(events)),
    }
    long = {"desc": rule.desc, "condition": rule.condition, "output": str(rule.output)}
    lines = [f"{name + ':':<10} {value}" for name, value in short.items() if value]
    for name, text in long.items():
        lines += [f"{name}:", *(INDENT + line.rstrip() for line in text.splitlines())]
    return "\n".join(lines)


def problem_record(problem: "RuleError") -> dict[str, Any]:
    """Return a problem as a record, with its place, and the line that it is in."""
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


def _row(rule: "Rule", *, wide: bool) -> list[str]:
    where = f"{rule.place.file}:{rule.place.line}"
    row = [rule.name, rule.source, rule.priority, "yes" if rule.enabled else "no", where]
    return [*row, ",".join(rule.tags), " ".join(rule.desc.split())] if wide else row
