"""`deedlog doctor`: all checks of this machine in one table."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from cyclopts import Parameter

from infra.cli.errors import FAILED
from infra.cli.tables import table
from infra.config import Settings, load_settings
from infra.doctor.checks import CHECKS, run
from infra.doctor.finding import Finding

if TYPE_CHECKING:
    from infra.doctor.probes import Probe

MOST_NAMES: Final = 4
ATTACHED: Final = {True: "yes", False: "no", None: "-"}
"""Not known where no probes run, or to others than root."""
COLOURS: Final = {"ok": 32, "warn": 33, "fail": 31}


def doctor(
    *,
    probes: Annotated[bool, Parameter(negative="")] = False,
    output: Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))] = "table",
) -> int:
    """Check what the pipeline needs on this machine, and say what to do about what is missing.

    Parameters
    ----------
    probes
        Show instead, for each event type, whether its probe is attached, which rules ask for it and what of it is
        recorded.
    output
        What to write: a table, or JSON.
    """
    settings = load_settings()
    if probes:
        found_probes = attached_probes(settings)
        print(msgspec.json.encode(found_probes).decode() if output == "json" else probes_as_text(found_probes))
        return 0
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


def attached_probes(settings: Settings) -> "list[Probe]":
    """Return what stands for each event type."""
    from infra.doctor.probes import probes  # it takes the rules in, which checks do not need

    return probes(settings)


def probes_as_text(found: "list[Probe]") -> str:
    """Return the table; types that nobody wants are listed below it."""
    rows = [
        (probe.type, ATTACHED[probe.attached], _some(probe.rules), probe.recorded) for probe in found if probe.wanted
    ]
    unwanted = ", ".join(probe.type for probe in found if not probe.wanted)
    return (
        table(("TYPE", "ATTACHED", "ASKED FOR BY", "RECORDED"), rows) + f"\n\nAsked for by no rule: {unwanted or '-'}"
    )


def _some(names: tuple[str, ...]) -> str:
    shown = "\n".join(names[:MOST_NAMES])
    return shown + f"\nand {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else shown


def painted(line: str) -> str:
    """Return a line of the table with its level in colour."""
    level, rest = line[:4], line[4:]
    code = COLOURS.get(level.strip())
    return f"\033[{code}m{level}\033[0m{rest}" if code else line


def as_json(found: list[tuple[str, Finding]]) -> str:
    """Return the findings as a JSON array."""
    rows: list[dict[str, Any]] = [{"check": name, **msgspec.structs.asdict(finding)} for name, finding in found]
    return msgspec.json.encode(rows).decode()
