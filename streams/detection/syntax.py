"""Conditions as they are written: what the parser makes and what can be printed back."""

from typing import Final, TypeVar

import msgspec

OPERATORS: Final = (
    *("=", "==", "!=", "<", "<=", ">", ">=", "exists", "in", "intersects", "pmatch"),
    *("contains", "icontains", "bcontains", "startswith", "bstartswith", "endswith", "glob", "iglob", "regex"),
)
LIST_OPERATORS: Final = ("in", "intersects", "pmatch")
MODIFIERS: Final = ("anyof", "oneof", "allof")
"""What may follow an operator of one value, so that it takes a list: it is then `startswith anyof`."""


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


class FieldTerm(msgspec.Struct, frozen=True):
    """A field among the terms of a comparison; as its right side it is written `val(proc.pname)`."""

    field: str
    argument: str | None = None
    at: int = 0
    end: int = 0


class Literal(msgspec.Struct, frozen=True):
    """A quoted string that a transformer is given."""

    value: str
    at: int = 0
    end: int = 0


class Series(msgspec.Struct, frozen=True):
    """Several terms that a transformer is given as one, `(proc.name, "x")`."""

    parts: tuple["Term", ...]
    at: int = 0
    end: int = 0


class Call(msgspec.Struct, frozen=True):
    """What a transformer makes of terms, `tolower(proc.name)`."""

    transformer: str
    parts: tuple["Term", ...]
    argument: str | None = None
    """What stands in brackets after it: the option of `getopt(...)[t]`."""
    at: int = 0
    end: int = 0


Term = FieldTerm | Literal | Series | Call
SomeTerm = TypeVar("SomeTerm", bound=Term)


class TermCheck(msgspec.Struct, frozen=True):
    """A comparison with a transformer, or with a field to its right, `tolower(proc.name) = val(proc.pname)`."""

    left: FieldTerm | Call
    operator: str
    values: tuple[Word, ...] = ()
    right: FieldTerm | Call | None = None
    """What stands there instead of values."""
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


Condition = Check | TermCheck | Macro | Not | And | Or


def takes_list(operator: str) -> bool:
    """Say whether an operator takes a list of values."""
    return operator in LIST_OPERATORS or operator.endswith(MODIFIERS)


def without_places(condition: Condition) -> Condition:
    """Return the condition without its places, so that only meaning counts in a comparison."""
    match condition:
        case Check(field, argument, operator, values):
            return Check(field, argument, operator, tuple(Word(w.value, w.quoted) for w in values))
        case TermCheck(left, operator, values, right):
            bare = tuple(Word(w.value, w.quoted) for w in values)
            return TermCheck(_bare(left), operator, bare, None if right is None else _bare(right))
        case Macro(name):
            return Macro(name)
        case Not(part):
            return Not(without_places(part))
        case And(parts):
            return And(tuple(map(without_places, parts)))
        case Or(parts):
            return Or(tuple(map(without_places, parts)))


def _bare(term: SomeTerm) -> SomeTerm:
    """Return a term of the same kind without its places."""
    if isinstance(term, Series | Call):
        parts = tuple(_bare(part) for part in term.parts)
        return msgspec.structs.replace(term, parts=parts, at=0, end=0)
    return msgspec.structs.replace(term, at=0, end=0)


def macros_in(condition: Condition) -> tuple[Macro, ...]:
    """Return the macros that a condition names, in order."""
    match condition:
        case Macro():
            return (condition,)
        case Check() | TermCheck():
            return ()
        case Not(part):
            return macros_in(part)
        case And(parts) | Or(parts):
            return tuple(macro for part in parts for macro in macros_in(part))
