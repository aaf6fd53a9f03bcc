"""Commands shown on a page, run one after the other in one shell, and what they print beside what the page shows."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

INDENT: Final = "    "
PROMPT: Final = INDENT + "$ "
CUT: Final = "…"
MARK: Final = "=== command {} ended with "
WRITTEN: Final = re.compile(r"^Write `(\S+)`:\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNSTABLE: Final = (
    # Whether its node's agent or its controller sees first that a replica is dead.
    (re.compile(r"ReplicaDied|MemberFailed"), "SEEN"),
    (re.compile(r"its process died|it failed to do what its controller asked"), "DEAD"),
    (re.compile(r"incarnation=1 clean=false|generation=1$"), "WHICH"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}"), "ID"),
    (re.compile(r"\bsha256[:-][0-9a-f]+"), "DIGEST"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "HEX"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\d\d:\d\d:\d\d(\.\d+)?"), "TIME"),
    (re.compile(r"\b[\d.]+ ?[KMG]iB\b"), "SIZE"),
    (re.compile(r"\b(\d+[dhms])+\b"), "AGE"),
    (re.compile(r"\S+@\S+"), "WHO"),
    (re.compile(r"socket=\S+"), "SOCKET"),
    (re.compile(r"\d+"), "N"),
    (re.compile(r"\s+"), " "),
)
"""What differs from run to run: everything else must be as shown."""


class Shown(msgspec.Struct, frozen=True):
    """A command of a page, and the lines below it."""

    command: str
    lines: tuple[str, ...]


def shown(page: str) -> tuple[Shown, ...]:
    """Return the commands of a page in its order."""
    found: list[tuple[str, list[str]]] = []
    for line in page.split("\n"):
        if line.startswith(PROMPT):
            found.append((line.removeprefix(PROMPT), []))
        elif found and line.startswith(INDENT):
            found[-1][1].append(line.removeprefix(INDENT))
    return tuple(Shown(command, tuple(lines)) for command, lines in found)


def write_files(page: str, folder: Path) -> None:
    """Write the files that a page asks its reader to write."""
    for name, text in WRITTEN.findall(page):
        (folder / name).write_text(text)


def run(commands: tuple[Shown, ...], folder: Path, environment: Mapping[str, str], seconds: float) -> list[str]:
    """Return what each command printed. Raises AssertionError for one that fails."""
    script = "\n".join(f"{one.command}\necho '{MARK.format(n)}'$?" for n, one in enumerate(commands))
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    return list(_parted(done.stdout, commands))


def _parted(told: str, commands: tuple[Shown, ...]) -> Iterator[str]:
    for number, one in enumerate(commands):
        said, mark, told = told.partition(MARK.format(number))
        code, _, told = told.partition("\n")
        assert mark and code == "0", f"{one.command} ended with {code}:\n{said}"
        yield said


def stable(line: str) -> str:
    """Return a line without what differs from run to run."""
    for pattern, name in UNSTABLE:
        line = pattern.sub(name, line)
    return line.strip()


def missing(one: Shown, said: str) -> list[str]:
    """Return the lines that a page shows and a command did not print; `…` stands for what the page leaves out."""
    told = [stable(line) for line in said.split("\n")]

    def printed(line: str) -> bool:
        wanted = stable(line.rstrip(CUT))
        return wanted in told or (line.endswith(CUT) and any(other.startswith(wanted) for other in told))

    return [line for line in one.lines if line.strip() not in ("", CUT) and not printed(line)]
