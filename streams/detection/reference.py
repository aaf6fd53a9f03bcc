"""Writes the page of fields from their table: `python -m streams.detection.reference > docs/reference/fields.md`."""

import sys
from collections.abc import Iterable

from streams.detection.definitions import PRIORITIES
from streams.detection.event_types import ON_DESCRIPTORS, OPENS
from streams.detection.fields import FIELDS, Field
from streams.detection.operators import ALLOWED
from streams.detection.outputs import printed

HEAD = """# Fields of rules

Made from the table in `streams/detection/fields/`; change that, not this page.

A field that is not known for an event is absent. A comparison with an absent field is false, and `not` of it is true;
`exists` asks for it. In an output an absent field is `<NA>`. `evt.type = open` and its like decide early: a rule is
not looked at for events of other types.
"""


def page() -> str:
    """Return the page in Markdown."""
    return "\n".join([HEAD, *_operators(), *_priorities(), *_tables(FIELDS.values())]) + "\n"


def _operators() -> Iterable[str]:
    yield "## Operators\n"
    yield "| type of field | operators |\n|---|---|"
    for kind, operators in ALLOWED.items():
        yield f"| {kind} | {' '.join(f'`{operator}`' for operator in operators)} |"
    yield ""
    yield "`==` is `=`. `in`, `intersects` and `pmatch` take a list: `(a, b)`, in which names of lists stand for"
    yield "their items. `pmatch` is true for a path that is, or is below, one of the list. `glob` matches as a shell"
    yield "does, with `*` for slashes too. `regex` must match the whole value, and takes time in proportion to it.\n"


def _priorities() -> Iterable[str]:
    yield f"## Priorities\n\n{', '.join(PRIORITIES)}, from the most urgent to the least.\n"


def _tables(fields: Iterable[Field]) -> Iterable[str]:
    family = ""
    for field in fields:
        if field.name.partition(".")[0] != family:
            yield "" if family else "## Fields"
            family = field.name.partition(".")[0]
            yield f"### {family}\n\n| field | type | meaning | events |\n|---|---|---|---|"
        name, doc = f"{field.name}{'[n]' if field.indexed else ''}", field.doc.replace("|", "\\|")
        yield f"| `{name}` | {field.type} | {doc} | {_events(field)} |"


def _events(field: Field) -> str:
    if field.types is None:
        return "all"
    if field.elsewhere is not None:
        return f"all, and {printed(field.elsewhere)} for others than {' '.join(sorted(field.types))}".lower()
    if field.types >= ON_DESCRIPTORS:
        return "calls on descriptors" if not field.types & OPENS else "opens and calls on descriptors"
    if len(field.types) > 20:
        return "all but opens" if not field.types & OPENS else "many"
    return " ".join(sorted(field.types))


if __name__ == "__main__":
    sys.stdout.write(page())
