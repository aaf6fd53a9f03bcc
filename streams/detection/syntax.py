"""Conditions as they are written: what the parser makes and what can be printed back."""

from typing import Final

import msgspec

OPERATORS: Final = (
    *("=", "==", "!=", "<", "<=", ">", ">=", "exists", "in", "intersects", "pmatch"),
    *("contains", "icontains", "bcontains", "startswith", "bstartswith", "endswith", "glob", "iglob", "regex"),
)
LIST_OPERATORS: Final = ("in", "intersects", "pmatch")


class Word(msgspec.Struct, frozen=True):
    """A value: a bare word, which may name a list, or a quoted string, which stands for itself."""

    value: str
    quoted: bool = False
    at: int = 0
    end: int = 0


class Check(msgspec.Struct, frozen=True):
    """A comparison of a field, `proc.aname[2] in (a, b)`."""

    field: str
    argument: str | None
    operator: str
    values: tuple[Word, ...] = ()
    at: int = 0
    end: int = 0
    values_at: int = 0


class Macro(msgspec.Struct, frozen=True):
    """The name of a macro."""

    name: str
    at: int = 0
    end: int = 0


class Not(msgspec.Struct, frozen=True):
    """True where its part is false; several in a row are counted together."""

    part: "Condition"


class And(msgspec.Struct, frozen=True):
    """True where all parts are."""

    parts: tuple["Condition", ...]


class Or(msgspec.Struct, frozen=True):
    """True where one part is."""

    parts: tuple["Condition", ...]


Condition = Check | Macro | Not | And | Or


def without_places(condition: Condition) -> Condition:
    """Return the condition without its places, so that only meaning counts in a comparison."""
    match condition:
        case Check(field, argument, operator, values):
            return Check(field, argument, operator, tuple(Word(w.value, w.quoted) for w in values))
        case Macro(name):
            return Macro(name)
        case Not(part):
            return Not(without_places(part))
        case And(parts):
            return And(tuple(map(without_places, parts)))
        case Or(parts):
            return Or(tuple(map(without_places, parts)))


def macros_in(condition: Condition) -> tuple[Macro, ...]:
    """Return the macros that a condition names, in order."""
    match condition:
        case Macro():
            return (condition,)
        case Check():
            return ()
        case Not(part):
            return macros_in(part)
        case And(parts) | Or(parts):
            return tuple(macro for part in parts for macro in macros_in(part))
