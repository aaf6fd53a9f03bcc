"""Writes the page of fields from their table: `python -m streams.detection.reference > docs/reference/fields.md`."""

import sys
from collections.abc import Iterable
from typing import Final

from streams.detection.event_types import ON_DESCRIPTORS, OPENS
from streams.detection.fields import FIELDS, Field
from streams.detection.fields.field import AnyField
from streams.detection.operators import ALLOWED
from streams.detection.outputs import printed
from streams.detection.requirements import ENGINE, PLUGINS
from streams.detection.tables import TABLES
from streams.priorities import PRIORITIES

TRANSFORMERS: Final = {
    "tolower(s)": "the string with A to Z as small letters",
    "toupper(s)": "the string with a to z as capital letters",
    "basename(s)": "what follows the last slash",
    "b64(s)": "what the string stands for in base64; absent if it is none",
    "len(s)": "the bytes of a string, or how many values a field has",
    "join(s, list)": "the values of a list, or of a field with many, with a string between",
    "concat(s, s, ...)": "strings one after another",
    "getopt(list, s)": "options and their values in a list of words, as getopt(3) finds them with `s`; "
    "`getopt(...)[p]` is the last value of the option p, or `p` if it takes none",
}
OF_AUDIT: Final = {"k8s_audit": "Kubernetes audit events", "aws_cloudtrail": "CloudTrail events"}
HEAD = """# Fields of rules

Made from the table in `streams/detection/fields/`; change that, not this page.

A field that is not known for an event is absent. A comparison with an absent field is false, and `not` of it is true;
`exists` asks for it. In an output an absent field is `<NA>`. `evt.type = open` and its like decide early: a rule is
not looked at for events of other types.
"""


def page() -> str:
    """Return the page in Markdown."""
    return "\n".join([HEAD, *_files(), *_operators(), *_transformers(), *_priorities(), *_sources()]) + "\n"


def _operators() -> Iterable[str]:
    yield "## Operators\n"
    yield "| type of field | operators |\n|---|---|"
    for kind, operators in ALLOWED.items():
        yield f"| {kind} | {' '.join(f'`{operator}`' for operator in operators)} |"
    yield ""
    yield "`==` is `=`. `in`, `intersects` and `pmatch` take a list: `(a, b)`, in which names of lists stand for"
    yield "their items. `pmatch` is true for a path that is, or is below, one of the list. `glob` matches as a shell"
    yield "does, with `*` for slashes too. `regex` must match the whole value, and takes time in proportion to it."
    yield "An operator of one string takes several after `anyof`, `allof` or `oneof`: `fd.name startswith anyof (/etc,"
    yield "/root)` is true if one of them fits, or all, or exactly one.\n"
    yield "`bcontains` and `bstartswith` take bytes of buffers in hexadecimal: `evt.buffer bcontains cafebabe`.\n"
    yield "A field that is a list takes `in`, which wants all of its values among those of the rule, `intersects`,"
    yield "which wants one of them, and `exists`. An empty list is absent.\n"


def _transformers() -> Iterable[str]:
    yield "## Transformers\n"
    yield "| transformer | gives |\n|---|---|"
    for name, doc in TRANSFORMERS.items():
        yield f"| `{name}` | {doc} |"
    yield ""
    yield "They may be nested, `toupper(basename(proc.exepath)) = SH`. What they make of an absent field is absent."
    yield "Of a field with many values, such as `proc.aname`, each is transformed, and a comparison is true where it is"
    yield "true of one. To the right of an operator, `val(FIELD)` or a transformer stands for the value of another"
    yield "field: `proc.name = val(proc.pname)`; `glob`, `iglob`, `regex` and `pmatch` take fixed values only.\n"


def _files() -> Iterable[str]:
    version = ".".join(map(str, ENGINE))
    yield "## Rule files\n"
    yield f"Rule files are those of Falco, version {version} of its rule language; a file whose"
    yield "`required_engine_version` is newer is left out with an error. `append: true` and `override` change items of"
    yield "earlier files, and `exceptions` say where a rule does not apply, all as in Falco. A rule with"
    yield "`skip-if-unknown-filter: true` is left out with a note if its condition has a field that is not below."
    yield "`warn_evttypes`, `capture` and `capture_duration` are checked and change nothing. Rules whose `source`"
    yield "is none of those below are left out with a note. `required_plugin_versions` is met for plugins"
    yield f"whose job deedlog does, {', '.join(PLUGINS)}, and else an error that costs no rule.\n"


def _priorities() -> Iterable[str]:
    yield f"## Priorities\n\n{', '.join(PRIORITIES)}, from the most urgent to the least.\n"


def _sources() -> Iterable[str]:
    yield "## Fields of system calls, source `syscall`\n"
    yield from _tables(FIELDS.values(), with_events=True)
    for source, title in OF_AUDIT.items():
        yield f"\n## Fields of {title}, source `{source}`\n"
        yield from _tables(TABLES[source].values(), with_events=False)


def _tables(fields: Iterable[AnyField], *, with_events: bool) -> Iterable[str]:
    family = ""
    for field in fields:
        if field.name.partition(".")[0] != family:
            yield from [""] * bool(family)
            family = field.name.partition(".")[0]
            yield f"### {family}\n\n| field | type | meaning |{' events |' * with_events}"
            yield "|---|---|---|" + "---|" * with_events
        type_ = f"list of {field.type}s" if field.listed else field.type
        events = f" {_events(field)} |" if with_events else ""
        doc = field.doc.replace("|", "\\|")
        yield f"| `{field.shown}` | {type_} | {doc} |{events}"


def _events(field: AnyField) -> str:
    if not isinstance(field, Field) or field.types is None:
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
