"""Messages made from their Avro schemas by chance, most of them such as could make sense in the state of an entity."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final

import msgspec

from schemas.avro_files import all_schemas
from schemas.codec import NAMES
from schemas.types import TYPES
from streams.lifecycles.lifecycle import Event

WORDS: Final = ("", "a", "b", "n1", "n2", "n3", "s1", "s2")
DIGESTS: Final = (f"sha256:{'a' * 64}", f"sha256:{'b' * 64}")
EXAMPLES: Final = dict.fromkeys(("digest", "subject", "referrer"), (*DIGESTS, "")) | {
    "key": ("", "", "a"),
    "requirement": ("not-quarantined", "sbom", "scan", "signature"),
    "scan": ("", "", "high", "a"),
    "semver": ("", "1.x", "a"),
    "verb": ("push", "pull", "attach", "copy", "tag", "untag", "delete", "a"),
}
"""Texts of a form that words do not have, by the name of the field."""
NUMBERS: Final = (0, 1, 2, 3, 20, 1 << 20, -1, 1 << 40)

Thing = dict[str, Any]


def things_in(value: Any, name: str = "") -> Iterator[Thing]:
    """Yield each record in a state with its fields, and under the name of what it is, its own name."""
    match value:
        case dict():
            yield value | ({name: value["name"]} if name and "name" in value else {})
            for key, inner in value.items():
                yield from things_in(inner, key)
        case list() | tuple():
            for inner in value:
                yield from things_in(inner, name.removesuffix("s"))
        case _:
            pass


class Inventor:
    """Makes events; with the same chance and the same state, the same."""

    def __init__(self, random: Random, *sources: Any) -> None:
        """Take structs whose names and numbers are to be used again."""
        self._random = random
        self._things = [thing for source in sources for thing in things_in(msgspec.to_builtins(source))]
        self._known = _by_field(self._things)

    def event(self, type_: type, fixed: Mapping[str, Any], *, sense: float = 0.8) -> Event:
        """Return an event of a type with some fields fixed; the more sense, the more of the others fit together."""
        fields = all_schemas()[NAMES[type_]]["fields"]
        thing = self._fitting({field["name"] for field in fields} - fixed.keys())
        record = {
            field["name"]: fixed[field["name"]] if field["name"] in fixed else self._field(field, thing, sense)
            for field in fields
        }
        event: Event = msgspec.convert(record, TYPES[NAMES[type_]])
        return event

    def _fitting(self, fields: set[str]) -> Thing:
        """Return something that has as many of the fields as anything has."""
        shared = [len(fields & thing.keys()) for thing in self._things]
        best = [thing for thing, count in zip(self._things, shared, strict=True) if count == max(shared)]
        return self._random.choice(best) if best else {}

    def _field(self, field: dict[str, Any], thing: Thing, sense: float) -> Any:
        name = field["name"]
        if self._random.random() < sense:
            if _is_of(field["type"], thing.get(name)):
                return thing[name]
            if "default" in field and self._random.random() < 0.7:
                return field["default"]
        return self._value(field["type"], name)

    def _value(self, schema: Any, name: str) -> Any:
        random = self._random
        match schema:
            case "string":
                return self._one_of(self._known.get(name, ()), str, EXAMPLES.get(name, WORDS))
            case "int":
                return min(self._one_of(self._known.get(name, ()), int, NUMBERS), (1 << 31) - 1)
            case "long":
                return self._one_of(self._known.get(name, ()), int, NUMBERS)
            case "boolean":
                return random.random() < 0.5
            case "float" | "double":
                return float(random.choice(NUMBERS))
            case "bytes":
                return random.randbytes(random.randrange(4))
            case "null":
                return None
            case list():
                return self._value(random.choice(schema), name)
            case {"type": "array", "items": items}:
                found = [self._value(items, name.removesuffix("s")) for _ in range(random.randrange(4))]
                return [one for n, one in enumerate(found) if one not in found[:n]]
            case {"type": "map", "values": values}:
                return {random.choice(WORDS): self._value(values, name) for _ in range(random.randrange(3))}
            case {"type": "record", "fields": fields}:
                return {field["name"]: self._field(field, {}, 0.0) for field in fields}
            case _:
                raise NotImplementedError(schema)

    def _one_of(self, known: Sequence[Any], type_: type, others: Sequence[Any]) -> Any:
        fitting = [value for value in known if type(value) is type_]
        return self._random.choice(fitting if fitting and self._random.random() < 0.7 else others)


def _by_field(things: list[Thing]) -> dict[str, list[Any]]:
    known: dict[str, list[Any]] = {}
    for thing in things:
        for name, value in thing.items():
            several = isinstance(value, list)
            known.setdefault(name.removesuffix("s") if several else name, []).extend(value if several else [value])
    return known


def _is_of(schema: Any, value: Any) -> bool:
    match schema:
        case "string":
            return isinstance(value, str)
        case "int" | "long":
            return type(value) is int
        case "boolean":
            return isinstance(value, bool)
        case {"type": "array", "items": "string"}:
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case _:
            return False
