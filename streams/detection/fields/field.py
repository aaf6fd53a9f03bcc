"""What a field is: the words of conditions and outputs that stand for a value of an event."""

import re
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from streams.detection.levels import Level, Numbers, Reader
from streams.detection.predicates import Index, Predicate, Value

Type = Literal["string", "number", "flag", "buffer"]
NUMBER: Final = re.compile("[0-9]{1,3}")


class IndexRefusedError(ValueError):
    """A field does not take the index that it is given, or lacks one."""


class AnyField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of events of any source: how it is called, what it means, and how its value comes from an event."""

    name: str
    type: Type
    doc: str
    how: Reader | Callable[..., Any]
    """Gives the value, None where it is absent."""
    indexed: Callable[[int], Reader] | None = None
    """Makes the reader of `field[n]`; None where the field takes no number."""
    keyed: Callable[[str], Reader] | None = None
    """Makes the reader of `field[key]`; None where the field takes no text. Of the two there is at most one."""
    needs_index: bool = False
    """Without an index the field means nothing."""
    many: bool = False
    """Without an index the field has many values, and is true where one of them is."""
    listed: bool = False
    """The value is a list, with an index too: `in` wants all of it, `intersects` one, and `exists` any."""
    compare: Callable[[Predicate, Callable[[Any], bool]], Callable[[Any], bool]] | None = None
    """Makes the test of a comparison, of an absent value too, where operators mean something of their own; is
    given the test that the operator is for one value that is there."""

    @property
    def shown(self) -> str:
        """Return the name as a page shows it: with what goes into brackets."""
        return self.name + ("[n]" if self.indexed else "[key]" if self.keyed else "")

    def index(self, written: str | None) -> Index | None:
        """Return what is written between brackets as the field takes it; raise IndexRefusedError if it does not."""
        if written is None:
            if self.needs_index:
                raise IndexRefusedError(f"the field {self.name} needs a key: {self.shown}")
            return None
        if self.keyed:
            return written
        if self.indexed is None:
            raise IndexRefusedError(f"the field {self.name} takes no [{written}]")
        if not NUMBER.fullmatch(written):
            raise IndexRefusedError(f"[{written}] must be a number from 0 to 999")
        return int(written)

    def reader(self, argument: Index | None) -> Reader:
        """Return what gives the value of the field, or of `field[argument]`."""
        match argument:
            case None:
                return self.how
            case str():
                assert self.keyed is not None
                return self.keyed(argument)
            case _:
                assert self.indexed is not None
                return self.indexed(argument)


class Field(AnyField, frozen=True, kw_only=True):
    """A field of system calls: `how` reads what the level's `raw` gives.

    A field of the level `number` gets columns and rows and gives a vector, and a mask of where it is known or None
    for everywhere.
    """

    level: Level | Numbers
    types: frozenset[str] | None = None
    """Types of events that have the field; None: all."""
    elsewhere: Value | None = None
    """Its value in events of other types."""

    def read(self, raw: Any, event_type: str, argument: Index | None) -> Any:
        """Return the value in an event of a type, None where it is absent."""
        if self.types is not None and event_type not in self.types:
            return self.elsewhere
        return self.reader(argument)(raw)
