"""Semantic versions and ranges of them, as tags are chosen by.

Sources: Semantic Versioning 2.0.0, sections 9 to 11; ranges as npm's node-semver documents them. A `v` before a
version is no part of it, and a version with a suffix is in a range only if the range names one of the same numbers.
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,17})"
_SUFFIX: Final = r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
VERSION: Final = re.compile(rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER}){_SUFFIX}", re.ASCII)
_PART: Final = rf"({_NUMBER}|[xX*])"
COMPARATOR: Final = re.compile(rf"(<=|>=|<|>|=|\^|~)?v?{_PART}(?:\.{_PART}(?:\.{_PART}{_SUFFIX})?)?", re.ASCII)
FORM: Final = "a range looks like >=1.2 <2, ^1.4, ~1.4.2, 1.x or 1.2 || 2"

Numbers = tuple[int, int, int]
Order = tuple[Numbers, bool, tuple[tuple[bool, int, str], ...]]


class Version(msgspec.Struct, frozen=True):
    """A semantic version; what is after a + does not count."""

    numbers: Numbers
    suffix: str = ""
    """That of a version before the one of these numbers, such as rc.1."""

    @property
    def order(self) -> Order:
        """Return what versions are compared by: one with a suffix is before the one without."""
        parts = self.suffix.split(".") if self.suffix else []
        numeric = [part.isascii() and part.isdigit() for part in parts]
        keys = [(not n, int(part) if n else 0, "" if n else part) for n, part in zip(numeric, parts, strict=True)]
        return (self.numbers, not self.suffix, tuple(keys))


class Range(msgspec.Struct, frozen=True):
    """Some versions."""

    any_of: tuple[tuple[tuple[str, Version], ...], ...]
    """Of each, all comparators must hold."""

    def has(self, version: Version) -> bool:
        """Say whether a version is in the range."""
        return any(_all_hold(comparators, version) for comparators in self.any_of)


def parse_version(text: str) -> Version | None:
    """Return the version that a tag is; None if it is none."""
    found = VERSION.fullmatch(text)
    return Version((int(found[1]), int(found[2]), int(found[3])), found[4] or "") if found else None


def parse_range(text: str) -> Range:
    """Return the range that a text describes. Raises ValueError."""
    alternatives = [part.replace(",", " ").split() for part in text.split("||")]
    if not all(alternatives):
        raise ValueError(f"{text!r} is no range of versions: {FORM}")
    return Range(tuple(tuple(one for word in words for one in _comparators(word, text)) for words in alternatives))


def _comparators(word: str, text: str) -> tuple[tuple[str, Version], ...]:
    found = COMPARATOR.fullmatch(word)
    if not found:
        raise ValueError(f"{text!r} is no range of versions: {FORM}")
    parts = [int(part) for part in _leading(found[2], found[3], found[4])]
    low = Version(_filled(parts), found[5] or "")
    if not parts:
        # Of what has no number, such as *, all versions fit, and none is below or above.
        return (("<", Version((0, 0, 0), "0")),) if found[1] in ("<", ">") else ((">=", Version((0, 0, 0))),)
    match found[1] or "=":
        case "^":
            return ((">=", low), ("<", _above(_filled(parts), _first_fixed(parts))))
        case "~":
            return ((">=", low), ("<", _above(_filled(parts), min(len(parts), 2))))
        case "=" if len(parts) < 3:
            return ((">=", low), ("<", _above(_filled(parts), len(parts))))
        case ">" | "<=" as sign if len(parts) < 3:
            return ((">=" if sign == ">" else "<", _above(_filled(parts), len(parts))),)
        case sign:
            return ((sign, low),)


def _leading(*parts: str | None) -> list[str]:
    """Return the parts before the first that is not said."""
    said: list[str] = []
    for part in parts:
        if part is None or part in "xX*":
            break
        said.append(part)
    return said


def _filled(parts: list[int]) -> Numbers:
    first, second, third = [*parts, 0, 0, 0][:3]
    return (first, second, third)


def _first_fixed(parts: list[int]) -> int:
    """Return how many numbers must stay the same for what is compatible: up to the first that is not 0."""
    return next((at + 1 for at, part in enumerate(parts) if part), len(parts))


def _above(numbers: Numbers, fixed: int) -> Version:
    """Return the first version in which one of the fixed numbers is another; versions that lead to it are excluded."""
    raised = [*numbers[: fixed - 1], numbers[fixed - 1] + 1]
    return Version(_filled(raised), "0")


HOLDS: Final[dict[str, Callable[[Order, Order], bool]]] = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def _all_hold(comparators: tuple[tuple[str, Version], ...], version: Version) -> bool:
    named = any(bound.suffix and bound.suffix != "0" and bound.numbers == version.numbers for _, bound in comparators)
    if version.suffix and not named:
        return False
    return all(HOLDS[sign](version.order, bound.order) for sign, bound in comparators)
