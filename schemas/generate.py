"""Writes `schemas/types/` from the `.avsc` files: `python -m schemas.generate [--check]`."""

import keyword
import sys
from pathlib import Path
from typing import Any

from schemas.avro_files import FAMILIES, full_name, schemas_of

HEADER = '"""Made from `schemas/avsc/{family}` by `make types`; change those files, not this one."""\n'
PRIMITIVES = {
    "null": "None",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "bytes": "bytes",
    "string": "str",
}


class UnsupportedSchemaError(Exception):
    """An `.avsc` file uses a part of Avro for which no Python type is made."""


def python_type(schema: Any, nested: list[dict[str, Any]]) -> str:
    """Return the annotation for an Avro schema; records met on the way are added to `nested`."""
    match schema:
        case str() if schema in PRIMITIVES:
            return PRIMITIVES[schema]
        case list():
            branches = [python_type(branch, nested) for branch in schema]
            return " | ".join([b for b in branches if b != "None"] + ["None"] * ("None" in branches))
        case {"type": "array", "items": items}:
            return f"tuple[{python_type(items, nested)}, ...]"
        case {"type": "map", "values": values}:
            return f"dict[str, {python_type(values, nested)}]"
        case {"type": "record", "name": name}:
            nested.append(schema)
            return str(name)
        case _:
            raise UnsupportedSchemaError(f"no Python type for the Avro schema {schema!r}")


def default_of(field: dict[str, Any]) -> str:
    """Return ` = default` for a field, or nothing where it must be given."""
    if "default" not in field:
        return ""
    value = field["default"]
    match field["type"], value:
        case "bytes", str():
            return f" = {value.encode('latin-1')!r}"
        case {"type": "array"}, []:
            return " = ()"
        case {"type": "map"}, {}:
            return " = msgspec.field(default_factory=dict)"
        case _:
            return f" = {value!r}"


def struct(schema: dict[str, Any], known: dict[str, dict[str, Any]]) -> str:
    """Return the source of the frozen struct for a record, after those of the records inside it.

    What is in `known`, by name, is not written again; records of one family with one name must be the same.
    """
    name = str(schema["name"])
    if name in known:
        if known[name] != schema:
            raise UnsupportedSchemaError(f"there are two records {name}, and they differ")
        return ""
    known[name] = schema
    nested: list[dict[str, Any]] = []
    lines = [
        f"class {name}(msgspec.Struct, frozen=True, kw_only=True):",
        f'    """{schema["doc"]}"""',
        *[""] * bool(schema["fields"]),
    ]
    for field in schema["fields"]:
        attribute = field["name"] + ("_" if keyword.iskeyword(field["name"]) else "")
        lines.append(f"    {attribute}: {python_type(field['type'], nested)}{default_of(field)}")
        lines.append(f'    """{field["doc"]}"""')
    return "".join(struct(inner, known) for inner in nested) + "\n\n" + "\n".join(lines) + "\n"


def module(family: str) -> str:
    """Return the source of `schemas/types/<family>.py`."""
    known: dict[str, dict[str, Any]] = {}
    texts = [struct(schema, known) for schema in schemas_of(family)]
    return HEADER.format(family=family) + "\nimport msgspec\n" + "".join(texts)


def index() -> str:
    """Return the source of `schemas/types/__init__.py`: every type by the full name of its schema."""
    named = [(family, s["name"], full_name(s)) for family in FAMILIES for s in schemas_of(family)]
    imports = "".join(
        f"from schemas.types.{family} import {', '.join(sorted(n for f, n, _ in named if f == family))}\n"
        for family in FAMILIES
    )
    table = "".join(f'    "{full}": {name},\n' for _, name, full in named)
    head = HEADER.format(family="") + "\nimport msgspec\n\n"
    return f"{head}{imports}\nTYPES: dict[str, type[msgspec.Struct]] = {{\n{table}}}\n"


def main() -> int:
    """Write the types, or with `--check` only say whether they are up to date (exit code 1 if not)."""
    folder = Path(__file__).parent / "types"
    folder.mkdir(exist_ok=True)
    wanted = {folder / f"{family}.py": module(family) for family in FAMILIES} | {folder / "__init__.py": index()}
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path} is not what the .avsc files say; run: make types", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
