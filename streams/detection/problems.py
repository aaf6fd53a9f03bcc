"""What is wrong with rules, in a form that people can act on: where, what, and what was perhaps meant."""

import difflib
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Level = Literal["error", "warning", "note"]
MANY: Final = 1000
NEIGHBOURS: Final = 50
SHOWN: Final = 120
"""Characters of a line that are shown."""


class Place(msgspec.Struct, frozen=True):
    """A place in a rule file."""

    file: str
    line: int = 0
    """From 1; 0 where the file as a whole is meant."""
    column: int = 0
    """In characters, from 1."""
    width: int = 1
    """Characters that the place spans in its line."""
    text: str = ""
    """The line."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class RuleError(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with a rule file. An error costs the rule; a warning or a note does not."""

    level: Level = "error"
    message: str
    place: Place
    hint: str = ""
    """What was perhaps meant, or what to do."""
    subject: str = ""
    """The item it is about, such as: rule Terminal shell in container."""
    unknown_field: bool = False
    """The condition has a field that is not there, or a macro that has one."""

    def __str__(self) -> str:
        about = f"{self.subject}: " if self.subject else ""
        lines = [f"{self.place}: {self.level}: {about}{self.message}"]
        if self.place.text:
            lines += _excerpt(self.place)
        return "\n".join([*lines, f"  {self.hint}"] if self.hint else lines)


class RuleErrors(Exception):  # noqa: N818 - it carries RuleErrors
    """Raised within the loader to leave an item; never leaves `load_rules`."""

    def __init__(self, *problems: RuleError) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def _excerpt(place: Place) -> list[str]:
    """Return the line, or what is near the place of a long one, and carets under the place."""
    first = max(0, min(place.column - 1 - SHOWN // 2, len(place.text) - SHOWN))
    shown = place.text[first : first + SHOWN]
    number = f"{place.line:>5} | " + ("..." if first else "")
    # Tabs stay tabs, so that the carets stand right whatever a tab's width is.
    before = "".join("\t" if char == "\t" else " " for char in shown[: place.column - 1 - first])
    width = max(1, min(place.width, len(shown) - len(before)))
    return [number + shown, " " * 6 + "| " + " " * (len(number) - 8) + before + "^" * width]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question naming the nearest known word, or nothing if none is near.

    Of very many words only those are looked at that begin alike: a file of thousands of mistakes is told of quickly.
    """
    words = sorted(known)
    if len(words) > MANY:
        at = bisect_left(words, word)
        words = words[max(0, at - NEIGHBOURS) : at + NEIGHBOURS]
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else ""
