"""Writes `docs/reference/topics.md` from the table of topics: `python -m schemas.reference [--check]`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.avro_files import all_schemas
from schemas.topics import DAY_MS, TOPICS, Topic

TEMPLATE = Path(__file__).parent / "reference.md"
PAGE = Path(__file__).parents[1] / "docs/reference/topics.md"


def page() -> str:
    """Return the page."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for mark, content in (("topics", topics()), ("records", records())):
        text = text.replace(f"<!-- {mark} -->", content)
    return text


def topics() -> str:
    """Return the table of topics."""
    head = "| topic | what | key | records | partitions | kept | largest message |\n|---|---|---|---|---|---|---|\n"
    return head + "\n".join(_topic(topic) for topic in TOPICS.values())


def _topic(topic: Topic) -> str:
    names = "<br>".join(f"[{name}](#{_anchor(name)})" for name in topic.schemas) or "JSON"
    largest = f"{topic.max_message_bytes >> 20} MiB"
    return f"| `{topic.name}` | {topic.doc} | {topic.key} | {names} | {topic.partitions} | {kept(topic)} | {largest} |"


def kept(topic: Topic) -> str:
    """Return in words how long the topic keeps messages."""
    if topic.cleanup == "compact":
        return "the last of each key"
    days = "for ever" if topic.retention_ms is None else f"{topic.retention_ms // DAY_MS} days"
    return days if topic.retention_bytes is None else f"{days}, {topic.retention_bytes >> 30} GiB a partition at most"


def records() -> str:
    """Return a section for each record, with the topic it is on."""
    return "\n".join(_record(topic, name) for topic in TOPICS.values() for name in topic.schemas)


def _record(topic: Topic, name: str) -> str:
    schema = all_schemas()[name]
    place = f"On topic `{topic.name}`, subject `{topic.subject(name)}`."
    return f"## {name}\n\n{schema['doc']}\n\n{place}\n\n{_fields(schema)}" + "".join(_nested(schema))


def _nested(schema: dict[str, Any]) -> Iterator[str]:
    for inner in _records_in([field["type"] for field in schema["fields"]]):
        yield f"\n### {inner['name']}\n\n{inner['doc']}\n\n{_fields(inner)}"


def _records_in(types: list[Any]) -> Iterator[dict[str, Any]]:
    for each in types:
        match each:
            case {"type": "record", "fields": fields}:
                yield each
                yield from _records_in([field["type"] for field in fields])
            case {"items": inner} | {"values": inner}:
                yield from _records_in([inner])
            case list():
                yield from _records_in(each)
            case _:
                pass


def _fields(schema: dict[str, Any]) -> str:
    rows = [
        f"| `{field['name']}` | {type_name(field['type'])} | {_default(field)} | {_cell(field['doc'])} |\n"
        for field in schema["fields"]
    ]
    return "| field | type | default | what |\n|---|---|---|---|\n" + "".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def type_name(schema: Any) -> str:
    """Return an Avro type in words."""
    match schema:
        case str():
            return schema
        case list():
            return " or ".join(type_name(branch) for branch in schema)
        case {"type": "array", "items": items}:
            return f"array of {type_name(items)}"
        case {"type": "map", "values": values}:
            return f"map of {type_name(values)}"
        case {"type": "record", "name": name}:
            return f"[{name}](#{_anchor(name)})"
        case _:
            return f"`{json.dumps(schema)}`"


def _default(field: dict[str, Any]) -> str:
    return f"`{json.dumps(field['default'])}`" if "default" in field else ""


def _anchor(title: str) -> str:
    return title.lower().replace(".", "")


def main() -> int:
    """Write the page, or with `--check` only say whether it is up to date (exit code 1 if not)."""
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{PAGE} is not what the schemas say; run: python -m schemas.reference", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
