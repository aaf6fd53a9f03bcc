"""`deedlog doctor`: all checks of this machine in one table."""

import sys
from typing import Annotated, Any, Final, Literal

import msgspec
from cyclopts import Parameter

from infra.cli.errors import FAILED
from infra.cli.tables import table
from infra.config import load_settings
from infra.doctor.checks import CHECKS, run
from infra.doctor.finding import Finding

COLOURS: Final = {"ok": 32, "warn": 33, "fail": 31}


def doctor(*, output: Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))] = "table") -> int:
    """Check what the pipeline needs on this machine, and say what to do about what is missing.

    Parameters
    ----------
    output
        What to write: a table, or JSON.
    """
    settings = load_settings()
    found = [(check.name, run(check, settings)) for check in CHECKS]
    print(as_json(found) if output == "json" else as_text(found, colour=sys.stdout.isatty()))
    return FAILED if any(finding.level == "fail" for _, finding in found) else 0


def as_text(found: list[tuple[str, Finding]], *, colour: bool = False) -> str:
    """Return the table; what to do stands below what is wrong."""
    rows = [
        (finding.level, name, finding.text + (f"\n-> {finding.fix}" if finding.fix else "")) for name, finding in found
    ]
    lines = table(("", "CHECK", "FINDING"), rows).splitlines()
    return "\n".join(map(painted, lines) if colour else lines)


def painted(line: str) -> str:
    """Return a line of the table with its level in colour."""
    level, rest = line[:4], line[4:]
    code = COLOURS.get(level.strip())
    return f"\033[{code}m{level}\033[0m{rest}" if code else line


def as_json(found: list[tuple[str, Finding]]) -> str:
    """Return the findings as a JSON array."""
    rows: list[dict[str, Any]] = [{"check": name, **msgspec.structs.asdict(finding)} for name, finding in found]
    return msgspec.json.encode(rows).decode()
