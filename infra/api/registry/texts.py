"""When two schemas are the same: their JSON may differ in blanks, in the order of names, and in short forms."""

import json
from typing import Any, Final

import msgspec
from avro.schema import Schema

from infra.api.registry.errors import RefusedError, invalid_schema
from infra.api.registry.records import Reference
from infra.api.registry.state import State, Version
from schemas.compatibility import InvalidSchemaError, parse

NAMED: Final = ("record", "error", "enum", "fixed")
PRIMITIVES: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


class Text(msgspec.Struct, frozen=True):
    """A schema as it is kept, and what it uses of others."""

    schema: str
    references: tuple[Reference, ...] = ()

    def same_as(self, version: Version, normalize: bool) -> bool:
        """Return whether the version has the same schema; normalized, full and short names are the same too."""
        if self.references != version.references or version.schema_type != "AVRO":
            return False
        return self.schema == version.schema or _identity(self.schema, normalize) == _identity(
            version.schema, normalize
        )


def kept(text: object, references: tuple[Reference, ...], normalize: bool) -> Text:
    """Return the schema as it is kept: without blanks and long forms, normalized if asked for."""
    if not isinstance(text, str) or not text.strip():
        raise RefusedError(42201, "Empty schema")
    try:
        value = json.loads(text)
        short = normalized(value) if normalize else shortened(value)
    except (ValueError, RecursionError):
        # Java's registries take the bare name of a type, which is no JSON.
        if text not in PRIMITIVES:
            raise invalid_schema(f"no JSON: {text[:200]}") from None
        short = text
    except (TypeError, AttributeError, KeyError) as error:
        raise invalid_schema(f"{text[:200]}: {error}") from None
    return Text(_dumped(short, sort=normalize), references)


def _dumped(value: Any, *, sort: bool) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=sort)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise invalid_schema(str(error)) from None
    return text


def parsed(state: State, text: Text) -> Schema:
    """Return the schema parsed, with what it uses of others. Raises RefusedError."""
    try:
        return parse(json.loads(text.schema), [json.loads(used) for used in _used(state, text.references, ())])
    except InvalidSchemaError as error:
        raise invalid_schema(str(error)) from error


def _used(state: State, references: tuple[Reference, ...], above: tuple[Reference, ...]) -> list[str]:
    """Return the schemas behind references, each after those that it uses, and once."""
    found: list[str] = []
    for reference in references:
        version = state.subjects.get(reference.subject, {}).get(reference.version)
        if version is None or reference in above:
            raise invalid_schema(f"no schema for reference {reference.subject} version {reference.version}")
        found += _used(state, version.references, (*above, reference))
        found.append(version.schema)
    return list(dict.fromkeys(found))


def shortened(schema: Any) -> Any:
    """Return the schema with `{"type": X}` as X wherever it says nothing more."""
    match schema:
        case list():
            return [shortened(branch) for branch in schema]
        case {"type": inner} if len(schema) == 1 and (isinstance(inner, dict | list) or inner in PRIMITIVES):
            return shortened(inner)
        case dict():
            return {name: _inner(name, value, shortened) for name, value in schema.items()}
        case _:
            return schema


def normalized(schema: Any, namespace: str = "") -> Any:
    """Return the schema shortened and with full names everywhere."""
    match shortened(schema):
        case str(name):
            return name if name in PRIMITIVES or "." in name or not namespace else f"{namespace}.{name}"
        case list(branches):
            return [normalized(branch, namespace) for branch in branches]
        case {"type": kind, "name": str(name)} as named if kind in NAMED:
            return _fully_named(named, name, namespace)
        case dict(other):
            return {
                name: _inner(name, value, lambda inner: normalized(inner, namespace)) for name, value in other.items()
            }
        case other:
            return other


def _fully_named(schema: dict[str, Any], name: str, namespace: str) -> dict[str, Any]:
    outer = schema.get("namespace", namespace)
    full = name if "." in name or not outer else f"{outer}.{name}"
    within = full.rpartition(".")[0]
    rest = {k: v for k, v in schema.items() if k not in ("name", "namespace", "type")}
    inner = {k: _inner(k, v, lambda value: normalized(value, within)) for k, v in rest.items()}
    return {"type": schema["type"], "name": full} | inner


def _inner(name: str, value: Any, change: Any) -> Any:
    """Return the value of one attribute, changed where it is a schema or holds schemas."""
    match name, value:
        case (("type" | "items" | "values"), list() | dict()):
            return change(value)
        case (("items" | "values"), str()):
            return change(value)
        case "fields", list():
            return [f | {"type": change(f["type"])} if isinstance(f, dict) and "type" in f else f for f in value]
        case _:
            return value


def _identity(text: str, normalize: bool) -> str:
    value = json.loads(text)
    return json.dumps(normalized(value) if normalize else value, sort_keys=True)
