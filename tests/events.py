"""Strategies for events, made from the `.avsc` files."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from schemas.avro_files import all_schemas
from schemas.types import TYPES

LONG = st.integers(-(2**63), 2**63 - 1)
INT = st.integers(-(2**31), 2**31 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": INT,
    "long": LONG,
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "bytes": st.binary(max_size=40),
    "string": TEXT,
}


def values(schema: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of an Avro schema, as JSON-like Python values."""
    match schema:
        case str():
            return PRIMITIVES[schema]
        case list():
            return st.one_of([values(branch) for branch in schema])
        case {"type": "array", "items": items}:
            return st.lists(values(items), max_size=4)
        case {"type": "map", "values": inner}:
            return st.dictionaries(TEXT, values(inner), max_size=4)
        case {"type": "record", "fields": fields}:
            return st.fixed_dictionaries({field["name"]: values(field["type"]) for field in fields})
        case _:
            raise NotImplementedError(schema)


def events(name: str) -> st.SearchStrategy[msgspec.Struct]:
    """Return a strategy for the events of one type, by the full name of its record."""
    return values(all_schemas()[name]).map(lambda record: msgspec.convert(record, TYPES[name]))


def any_event() -> st.SearchStrategy[tuple[str, msgspec.Struct]]:
    """Return a strategy for a record's full name and an event of it."""
    return st.sampled_from(sorted(TYPES)).flatmap(lambda name: st.tuples(st.just(name), events(name)))
