"""Pieces of the pages that `deedlog describe` shows."""

from collections.abc import Sequence
from typing import Final

from infra.cli.tables import table
from infra.outputs.terminal import safe

WIDTH: Final = 14


def fact(name: str, text: str) -> str:
    """Return a line that says one thing."""
    return f"{name and name + ':':{WIDTH}}{safe(text)}"


def facts(said: dict[str, str]) -> str:
    """Return lines for all that is not empty."""
    return "\n".join(fact(name, text) for name, text in said.items() if text)


def indented(text: str) -> str:
    """Return a text with each line moved in."""
    return "\n".join(f"  {one}" for one in text.split("\n"))


def section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table under a title; nothing if it has no rows."""
    return f"{title}\n{indented(table(head, [[safe(cell) for cell in row] for row in rows]))}" if rows else ""
