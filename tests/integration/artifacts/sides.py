"""Two command lines side by side: the same words to both, what they print made comparable."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

REPOSITORY = "{repo}"
"""Stands for a repository of each side's own, in arguments."""
CREATED = "org.opencontainers.image.created=2026-01-01T00:00:00Z"
"""An annotation without which every push would give another digest."""


class Done(msgspec.Struct, frozen=True):
    """What a command did."""

    code: int
    out: str
    err: str
    raw: str
    """What it printed, as it is."""

    @property
    def lines(self) -> list[str]:
        """Return what it printed, in an order that does not depend on threads."""
        return sorted(self.out.splitlines())

    @property
    def json(self) -> Any:
        """Return what it printed as JSON."""
        return msgspec.json.decode(self.raw)


class Side:
    """One of the two command lines, with a folder and repositories of its own."""

    def __init__(self, name: str, command: list[str], folder: Path, registry: str) -> None:
        self.name = name
        self.folder = folder
        self.registry = registry
        self._command = command
        (folder / "home").mkdir(parents=True, exist_ok=True)

    def run(self, *words: str, stdin: str = "", home: Path | None = None) -> Done:
        """Run a command in the side's folder."""
        arguments = [word.replace(REPOSITORY, self.repository) for word in words]
        environment = {**os.environ, "HOME": str(home or self.folder / "home"), "DOCKER_CONFIG": ""}
        environment = {name: text for name, text in environment.items() if text and not name.startswith("DEEDLOG_")}
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
        )
        return Done(done.returncode, self._plain(done.stdout), self._plain(done.stderr), done.stdout)

    @property
    def repository(self) -> str:
        """Return the side's repository in the registry."""
        return f"{self.registry}/{self.name}/hello"

    def write(self, name: str, text: str) -> Path:
        """Write a file into the side's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def _plain(self, text: str) -> str:
        text = text.replace(str(self.folder), "<folder>").replace(f"/{self.name}/", "/<side>/")
        text = text.replace("deedlog artifact", "oras").replace("oras copy", "oras cp")
        return re.sub(r"\b(\d+h)?(\d+m)?\d+(\.\d+)?(ms|µs|s)(?=\.?$)", "<time>", text, flags=re.MULTILINE)


class Both:
    """Both sides."""

    def __init__(self, theirs: Side, ours: Side) -> None:
        self.theirs = theirs
        self.ours = ours

    def run(self, *words: str, stdin: str = "") -> tuple[Done, Done]:
        """Run a command on both; return what theirs and ours did."""
        return self.theirs.run(*words, stdin=stdin), self.ours.run(*words, stdin=stdin)

    def same(self, *words: str, stdin: str = "", but: tuple[str, ...] = ()) -> Done:
        """Run a command on both and compare; lines with the words `but` in them may differ. Return what ours did."""
        theirs, ours = self.run(*words, stdin=stdin)
        wanted = [line for line in theirs.lines if not any(word in line for word in but)]
        got = [line for line in ours.lines if not any(word in line for word in but)]
        assert (ours.code, got) == (theirs.code, wanted), f"{words}\n{theirs.err}\n{ours.err}"
        return ours

    def same_to_the_letter(self, *words: str, stdin: str = "") -> Done:
        """Run a command on both and compare all that they print, in its order."""
        theirs, ours = self.run(*words, stdin=stdin)
        assert (ours.code, ours.out) == (theirs.code, theirs.out), f"{words}\n{theirs.err}\n{ours.err}"
        return ours

    def both_refuse(self, *words: str, stdin: str = "") -> Done:
        """Check that both fail with the same code and say why on stderr; return what ours did."""
        theirs, ours = self.run(*words, stdin=stdin)
        assert (theirs.code, ours.code) == (1, 1), f"{words}\n{theirs}\n{ours}"
        assert ours.err.startswith("Error"), ours.err
        assert "Traceback" not in ours.err
        assert ours.out == theirs.out
        return ours

    def write(self, name: str, text: str) -> None:
        """Write a file for both."""
        self.theirs.write(name, text)
        self.ours.write(name, text)


def ours(folder: Path, registry: str) -> Side:
    """Return our command line."""
    return Side("ours", [sys.executable, "-m", "infra.cli.entry", "artifact"], folder, registry)
