"""The `.avsc` files: the only source of truth for what is on the wire."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

FAMILIES: Final = (
    "alerts",
    "artifacts",
    "audit",
    "dead_letters",
    "events",
    "lifecycles",
    "mirrors",
    "nodes",
    "pipeline",
    "promotions",
    "quarantines",
    "retentions",
    "syscalls",
    "volumes",
)


@cache
def schemas_of(family: str) -> tuple[dict[str, Any], ...]:
    """Return the Avro schemas of a family (a folder under `avsc/`), ordered by file name, then by their place in it."""
    folder = files("schemas") / "avsc" / family
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".avsc")), key=lambda p: p.name)
    return tuple(record for path in paths for record in _records(json.loads(path.read_text(encoding="utf-8"))))


def _records(content: Any) -> list[dict[str, Any]]:
    """Return the records in a file: one, or those of a union (an array)."""
    return content if isinstance(content, list) else [content]


def full_name(schema: dict[str, Any]) -> str:
    """Return the full name of a record schema, such as `deedlog.alerts.Alert`."""
    return f"{schema['namespace']}.{schema['name']}"


@cache
def all_schemas() -> dict[str, dict[str, Any]]:
    """Return every schema of this release by its full name."""
    return {full_name(s): s for family in FAMILIES for s in schemas_of(family)}
