"""Help, made of the tables of verbs and flags."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from infra.cli.artifact.commands import Command
from infra.cli.artifact.flags import HELP, Flag
from infra.cli.artifact.verbs import Group, Verb

WIDTH: Final = 120
PLACEHOLDERS: Final = {"text": "string", "number": "int", "texts": "string ...", "list": "string,..."}


def group_help(group: Group, path: str) -> str:
    """Return the help of a group of verbs."""
    rows = [(name, verb.summary) for name, verb in group.verbs.items()]
    verbs = _columns(rows, indent="  ")
    return (
        f"{group.summary}\n\nUsage:\n  {path} [command]\n\nAvailable Commands:\n{verbs}\n\n"
        f"Flags:\n  -h, --help   show this help\n\n"
        f'Use "{path} [command] --help" for more information about a command.\n'
    )


def command_help(verb: Verb, command: Command, path: str) -> str:
    """Return the help of a verb."""
    parts = [f"{verb.summary}.", *([_wrapped(command.details)] if command.details else [])]
    parts += [f"Example - {what}:\n  {path.partition(' ')[0]} artifact {words}" for what, words in command.examples]
    parts.append(f"Usage:\n  {path} {command.usage}".rstrip())
    if verb.aliases:
        name = path.rpartition(" ")[2]
        parts.append(f"Aliases:\n  {', '.join((name, *verb.aliases))}")
    parts.append(f"Flags:\n{_flags((*command.flags, HELP))}")
    return "\n\n".join(parts) + "\n"


def _flags(flags: Sequence[Flag]) -> str:
    shown = sorted((flag for flag in flags if not flag.hidden and not flag.deprecated), key=lambda flag: flag.name)
    return _columns([(_left(flag), _right(flag)) for flag in shown], indent="  ")


def _left(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    value = "" if flag.kind == "switch" else " " + (flag.value or PLACEHOLDERS[flag.kind])
    return f"{short}--{flag.name}{value}"


def _right(flag: Flag) -> str:
    choices = f"; one of {', '.join(flag.choices)}" if flag.choices else ""
    default = f" (default {flag.default})" if flag.default and flag.kind != "switch" else ""
    return f"{flag.help}{choices}{default}"


def _columns(rows: Iterable[tuple[str, str]], indent: str) -> str:
    found = list(rows)
    width = max(len(left) for left, _ in found)
    lines = []
    for left, right in found:
        first, *others = textwrap.wrap(right, max(40, WIDTH - width - 6)) or [""]
        lines.append(f"{indent}{left.ljust(width)}   {first}".rstrip())
        lines += [f"{indent}{' ' * width}   {other}" for other in others]
    return "\n".join(lines)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.fill(paragraph, WIDTH) for paragraph in text.split("\n"))
