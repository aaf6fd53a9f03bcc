"""Flags as people know them from tools written in Go: anywhere among the arguments, shorthands in groups, up to `--`.

The grammar is that of POSIX with the long options of GNU, as spf13/pflag reads it, which is what scripts rely on:
`--flag value`, `--flag=value`, `--switch=false`, `-abc`, `-ovalue`, `-o value`, `-o=value`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from infra.cli.artifact.errors import ArtifactError

Kind = Literal["switch", "text", "number", "texts", "list"]
"""`texts` are given one a flag, items of a `list` may also be parted by commas."""

TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})


class Flag(msgspec.Struct, frozen=True):
    """A flag that a command takes."""

    name: str
    help: str
    kind: Kind = "text"
    short: str = ""
    default: str = ""
    value: str = ""
    """What stands for the value in the help; empty: its kind."""
    choices: tuple[str, ...] = ()
    """The only values that there are; empty: any."""
    deprecated: str = ""
    """What to say to who uses it; such a flag is not in the help."""
    hidden: bool = False


def switch(name: str, help: str, short: str = "", *, default: bool = False, deprecated: str = "") -> Flag:
    """Return a flag that is on or off."""
    return Flag(name, help, "switch", short, "true" if default else "", deprecated=deprecated)


HELP: Final = switch("help", "show this help", "h")


class Flags:
    """The values of a command's flags."""

    def __init__(self, known: Iterable[Flag], given: Mapping[str, Sequence[str]]) -> None:
        self._known = {flag.name: flag for flag in known}
        self._given = given

    def given(self, name: str) -> bool:
        """Say whether the flag was given, whatever its value; a flag that there is not was not."""
        return name in self._given

    def has(self, name: str) -> bool:
        """Say whether the command takes the flag."""
        return name in self._known

    def text(self, name: str) -> str:
        """Return the last value that was given, else the default; empty for a flag that there is not."""
        if values := self._given.get(name):
            return values[-1]
        return self._known[name].default if name in self._known else ""

    def on(self, name: str) -> bool:
        """Say whether a switch is on."""
        return self.text(name) in TRUE

    def number(self, name: str) -> int:
        """Return a number."""
        return int(self.text(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all values that were given."""
        values = self._given.get(name, ())
        if name in self._known and self._known[name].kind == "list":
            return tuple(item for value in values for item in value.split(","))
        return tuple(values)

    def deprecated(self) -> Iterable[Flag]:
        """Yield the flags that were given and will be no more."""
        return (flag for name, flag in self._known.items() if flag.deprecated and name in self._given)

    def exclude(self, *names: str) -> None:
        """Raise ArtifactError if more than one of the flags was given."""
        given = [f"--{name}" for name in names if self.given(name)]
        if len(given) > 1:
            raise ArtifactError(f"{', '.join(given)} cannot be used at the same time")

    def require_together(self, *names: str) -> None:
        """Raise ArtifactError if some of the flags were given and others were not."""
        given = [f"--{name}" for name in names if self.given(name)]
        missing = [f"--{name}" for name in names if not self.given(name)]
        if given and missing:
            raise ArtifactError(f"{', '.join(given)} must be used in conjunction with {', '.join(missing)}")

    def require(self, *names: str) -> None:
        """Raise ArtifactError for flags that were not given."""
        if missing := ", ".join(f'"{name}"' for name in names if not self.given(name)):
            raise ArtifactError(f"required flag(s) {missing} not set")


class _Reading:
    """One pass over the arguments."""

    def __init__(self, known: Sequence[Flag], arguments: Sequence[str]) -> None:
        self._names = {flag.name: flag for flag in known}
        self._shorts = {flag.short: flag for flag in known if flag.short}
        self._rest = list(reversed(arguments))
        self.given: dict[str, list[str]] = {}
        self.positional: list[str] = []

    def run(self) -> None:
        """Read all arguments."""
        while self._rest:
            word = self._rest.pop()
            if word == "--":
                self.positional.extend(reversed(self._rest))
                return
            if word.startswith("--"):
                self._long(word[2:])
            elif word.startswith("-") and word != "-":
                self._group(word[1:])
            else:
                self.positional.append(word)

    def _long(self, text: str) -> None:
        name, equals, value = text.partition("=")
        if not name or name.startswith("-"):
            raise ArtifactError(f"bad flag syntax: --{text}")
        flag = self._names.get(name)
        if flag is None:
            raise ArtifactError(f"unknown flag: --{name}", recommendation=self._near(name))
        if not equals:
            value = "true" if flag.kind == "switch" else self._next(f"--{name}")
        self._take(flag, value)

    def _group(self, letters: str) -> None:
        while letters:
            letter, rest = letters[0], letters[1:]
            flag = self._shorts.get(letter)
            if flag is None:
                raise ArtifactError(f"unknown shorthand flag: '{letter}' in -{letters}")
            if rest.startswith("=") and len(rest) > 1:
                return self._take(flag, rest[1:])
            if flag.kind != "switch":
                return self._take(flag, rest or self._next(f"'{letter}' in -{letters}"))
            self._take(flag, "true")
            letters = rest
        return None

    def _next(self, what: str) -> str:
        if not self._rest:
            raise ArtifactError(f"flag needs an argument: {what}")
        return self._rest.pop()

    def _take(self, flag: Flag, value: str) -> None:
        if complaint := _complaint(flag, value):
            name = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
            raise ArtifactError(f'invalid argument "{value}" for "{name}" flag: {complaint}')
        self.given.setdefault(flag.name, []).append(value)

    def _near(self, name: str) -> str:
        import difflib

        shown = [one.name for one in self._names.values() if not one.hidden and not one.deprecated]
        near = difflib.get_close_matches(name, shown, n=1)
        return f"Did you mean --{near[0]}?" if near else ""


def _complaint(flag: Flag, value: str) -> str:
    if flag.kind == "switch" and value not in TRUE | FALSE:
        return "it is either true or false"
    if flag.kind == "number" and not _is_number(value):
        return "it must be a whole number"
    if flag.choices and value not in flag.choices:
        return f"available options: {', '.join(flag.choices)}"
    return ""


def _is_number(value: str) -> bool:
    digits = value.removeprefix("-").removeprefix("+")
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def parse(known: Sequence[Flag], arguments: Sequence[str]) -> tuple[Flags, tuple[str, ...]]:
    """Return the values of flags, and what is left: the arguments. Raises ArtifactError."""
    every = (*known, HELP)
    reading = _Reading(every, arguments)
    reading.run()
    return Flags(every, reading.given), tuple(reading.positional)
