"""Rule files into items: each is read by itself, so that a bad one costs no other."""

from collections.abc import Callable
from typing import Any, Final, get_args

import msgspec

from streams.detection.definitions import (
    SHORT_PRIORITIES,
    SOURCE,
    Change,
    ExceptionItem,
    How,
    Item,
    Kind,
    ListItem,
    MacroItem,
    RuleItem,
    Update,
)
from streams.detection.entries import Entries
from streams.detection.problems import RuleError, RuleErrors, did_you_mean
from streams.detection.requirements import check_engine_version, check_plugin_versions
from streams.detection.sources import Document, items_of
from streams.priorities import PRIORITIES

REQUIREMENTS: Final = ("required_engine_version", "required_plugin_versions")
KINDS: Final = (*get_args(Kind), *REQUIREMENTS)
EXCEPTION_KEYS: Final = ("name", "fields", "comps", "values")

READERS: Final[dict[str, Callable[[Entries, How], Any]]] = {
    "condition": lambda entries, _: entries.text("condition"),
    "output": lambda entries, _: entries.text("output"),
    "desc": lambda entries, _: entries.text("desc").value.strip(),
    "tags": lambda entries, _: tuple(text.value for text in entries.texts("tags")),
    "items": lambda entries, _: entries.texts("items"),
    "priority": lambda entries, _: _priority(entries),
    "enabled": lambda entries, _: entries.flag("enabled", default=True),
    "exceptions": lambda entries, how: _exceptions(entries, how),
    "skip-if-unknown-filter": lambda entries, _: entries.flag("skip-if-unknown-filter", default=False),
    "warn_evttypes": lambda entries, _: entries.flag("warn_evttypes", default=True),
    "capture": lambda entries, _: entries.flag("capture", default=False),
    "capture_duration": lambda entries, _: entries.number("capture_duration"),
}
"""How the value of each key is read."""
REPLACEABLE: Final[dict[Kind, tuple[str, ...]]] = {
    "rule": tuple(key for key in READERS if key != "items"),
    "macro": ("condition",),
    "list": ("items",),
}
APPENDABLE: Final[dict[Kind, tuple[str, ...]]] = {
    "rule": ("condition", "output", "desc", "tags", "exceptions"),
    "macro": ("condition",),
    "list": ("items",),
}
BY_APPEND: Final = ("condition", "exceptions", "items")
"""What `append: true` appends."""
WITHOUT_EFFECT: Final = ("warn_evttypes", "capture", "capture_duration")
"""Keys that are checked and change nothing: all events are in the log anyway, and no condition is slow."""


def read_items(document: Document) -> tuple[list[Item], list[RuleError]]:
    """Return the items of a rule file, and what is wrong with those that could not be read.

    A file that needs a newer engine has none.
    """
    items: list[Item] = []
    problems: list[RuleError] = []
    try:
        for node in items_of(document):
            if not _read_item(document, node, items, problems):
                return [], problems
    except RuleErrors as error:
        problems += error.problems
    return items, problems


def _read_item(document: Document, node: Any, items: list[Item], problems: list[RuleError]) -> bool:
    """Add an item and its problems to what is known; say whether the file can be read on."""
    subject = ""
    found: list[RuleError] = []
    kind = None
    try:
        entries = Entries(document, node, "an item is a rule, a macro or a list: `- rule: NAME`")
        found = entries.warnings
        kind = _kind(entries)
        if kind in REQUIREMENTS:
            _requirement(entries, kind)
        else:
            subject = f"{kind} {entries.text(kind).value}"
            items.append(_item(entries, kind))
    except RuleErrors as error:
        found = [*found, *error.problems]
    problems += [msgspec.structs.replace(problem, subject=problem.subject or subject) for problem in found]
    return kind != "required_engine_version" or all(problem.level != "error" for problem in found)


def _kind(entries: Entries) -> Any:
    kind = next((kind for kind in KINDS if kind in entries), None)
    if kind is None:
        first = next(iter(entries.keys), "")
        raise RuleErrors(
            entries.problem(entries.node, "the item is no rule, macro or list", did_you_mean(first, KINDS))
        )
    return kind


def _requirement(entries: Entries, kind: str) -> None:
    entries.warn_of_others((kind,))
    if kind == "required_engine_version":
        check_engine_version(entries.text(kind))
    else:
        check_plugin_versions(entries)


def _item(entries: Entries, kind: Kind) -> Item:
    known = (kind, *REPLACEABLE[kind], "append", "override")
    entries.warn_of_others((*known, "source") if kind == "rule" else known)
    appends = entries.flag("append", default=False)
    if "override" in entries:
        if appends:
            problem = entries.problem(entries.keys["append"], "append and override cannot be used together")
            raise RuleErrors(msgspec.structs.replace(problem, hint="leave append out; override says it all"))
        return _overriding(entries, kind)
    if appends:
        return _appending(entries, kind)
    match kind:
        case "list":
            return ListItem(entries.text("list"), entries.texts("items"))
        case "macro":
            return MacroItem(entries.text("macro"), entries.text("condition"))
        case "rule" if "enabled" in entries and not {"condition", "output", "desc", "priority"} & entries.keys.keys():
            return _update(entries, kind, [_change(entries, "enabled", "replace")])
        case _:
            return _rule(entries)


def _rule(entries: Entries) -> RuleItem:
    if "desc" not in entries:
        entries.warn(entries.keys["rule"], "the rule has no desc; say what it finds and why that matters")
    for key in WITHOUT_EFFECT:
        if key in entries:
            READERS[key](entries, "replace")
    return RuleItem(
        name=entries.text("rule"),
        condition=entries.text("condition"),
        output=entries.text("output"),
        priority=_priority(entries),
        desc=READERS["desc"](entries, "replace") if "desc" in entries else "",
        tags=READERS["tags"](entries, "replace") if "tags" in entries else (),
        enabled=entries.flag("enabled", default=True),
        exceptions=_exceptions(entries, "replace") if "exceptions" in entries else (),
        source=_source(entries) or SOURCE,
        source_text=entries.text("source") if _source(entries) else None,
        skip_if_unknown=entries.flag("skip-if-unknown-filter", default=False),
    )


def _source(entries: Entries) -> str:
    return "" if entries.is_empty("source") else entries.text("source").value


def _priority(entries: Entries) -> str:
    text = entries.text("priority")
    word = text.value.strip().lower()
    word = SHORT_PRIORITIES.get(word, word)
    if word not in PRIORITIES:
        hint = did_you_mean(word, PRIORITIES) or f"known: {', '.join(PRIORITIES)}"
        raise RuleErrors(text.problem(f"there is no priority {text.value}", hint=hint))
    return word


def _appending(entries: Entries, kind: Kind) -> Update:
    """Return what `append: true` asks for."""
    wanted = [key for key in BY_APPEND if key in APPENDABLE[kind] and key in entries]
    if not wanted:
        keys = " or ".join(key for key in BY_APPEND if key in APPENDABLE[kind])
        raise RuleErrors(entries.problem(entries.keys["append"], f"there is nothing to append: {keys} is missing"))
    for key in REPLACEABLE[kind]:
        if key in entries and key not in wanted:
            hint = f"override: {{{key}: {'append' if key in APPENDABLE[kind] else 'replace'}}}"
            entries.warn(entries.keys[key], f"append: true does not change {key}, which is left out", hint=hint)
    return _update(entries, kind, [_change(entries, key, "append") for key in wanted])


def _overriding(entries: Entries, kind: Kind) -> Update:
    """Return what `override` asks for: it must name each key that is there, and no other."""
    what = f"override must say for each key whether to append or replace: {{{REPLACEABLE[kind][0]}: append}}"
    hows = Entries(entries.document, entries.node_of("override"), what)
    entries.warnings += hows.warnings
    changes = [_change(entries, key, _how(entries, hows, kind, key)) for key in hows.keys]
    for key in REPLACEABLE[kind]:
        if key in entries and key not in hows:
            message = f"override does not say what to do with {key}"
            raise RuleErrors(entries.problem(entries.keys[key], message, f"add {key}: replace to override"))
    if not changes:
        raise RuleErrors(entries.problem(entries.keys["override"], what))
    return _update(entries, kind, changes)


def _how(entries: Entries, hows: Entries, kind: Kind, key: str) -> How:
    if key not in REPLACEABLE[kind]:
        hint = did_you_mean(key, REPLACEABLE[kind])
        raise RuleErrors(hows.problem(hows.keys[key], f"a {kind} has no {key} that could be overridden", hint))
    how = hows.text(key)
    match how.value:
        case "replace":
            pass
        case "append" if key not in APPENDABLE[kind]:
            raise RuleErrors(how.problem(f"{key} cannot be appended to", hint=f"write {key}: replace"))
        case "append":
            pass
        case _:
            hint = did_you_mean(how.value, ("append", "replace"))
            raise RuleErrors(how.problem(f"override takes append or replace, not {how.value}", hint=hint))
    if key not in entries:
        raise RuleErrors(hows.problem(hows.keys[key], f"override names {key}, but the item has no {key}"))
    return "append" if how.value == "append" else "replace"


def _change(entries: Entries, key: str, how: How) -> Change:
    return Change(key, how, READERS[key](entries, how))


def _update(entries: Entries, kind: Kind, changes: list[Change]) -> Update:
    source = _source(entries) if kind == "rule" else ""
    return Update(kind, entries.text(kind), tuple(changes), source)


def _exceptions(entries: Entries, how: How) -> tuple[ExceptionItem, ...]:
    found: dict[str, ExceptionItem] = {}
    for node in entries.sequence("exceptions"):
        one = Entries(entries.document, node, "an exception is a mapping with name, fields, comps and values")
        one.warn_of_others(EXCEPTION_KEYS)
        item = _exception(one, how)
        if item.name.value in found:
            raise RuleErrors(item.name.problem(f"the exception {item.name.value} is there twice"))
        found[item.name.value] = item
        entries.warnings += one.warnings
    return tuple(found.values())


def _exception(entries: Entries, how: How) -> ExceptionItem:
    if how == "append" and "values" not in entries:
        entries.warn(entries.node, "an exception without values appends nothing")
    return ExceptionItem(
        name=entries.text("name"),
        fields=entries.values("fields") if how == "replace" or "fields" in entries else None,
        comps=None if entries.is_empty("comps") else entries.values("comps"),
        rows=entries.rows("values") if "values" in entries else (),
    )
