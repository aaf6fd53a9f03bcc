"""The items of rule files, as they are written: lists, macros and rules."""

from typing import Any, Final

import msgspec
import yaml

from streams.detection.problems import Level, RuleError, RuleErrors, did_you_mean
from streams.detection.sources import Document, Text, items_of

PRIORITIES: Final = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")
SHORT_PRIORITIES: Final = {
    "emerg": "emergency",
    "crit": "critical",
    "err": "error",
    "warn": "warning",
    "info": "informational",
}
KINDS: Final = ("rule", "macro", "list", "required_engine_version", "required_plugin_versions")
KEYS: Final = {
    "rule": ("rule", "desc", "condition", "output", "priority", "source", "enabled", "tags"),
    "macro": ("macro", "condition"),
    "list": ("list", "items"),
}
HARMLESS: Final = ("warn_evttypes", "skip-if-unknown-filter", "capture", "capture_duration")
LATER: Final = ("append", "override", "exceptions")
SOURCE: Final = "syscall"


class ListItem(msgspec.Struct, frozen=True):
    """A list: values, and names of other lists among them."""

    name: Text
    items: tuple[Text, ...]


class MacroItem(msgspec.Struct, frozen=True):
    """A macro: a condition under a name."""

    name: Text
    condition: Text


class RuleItem(msgspec.Struct, frozen=True, kw_only=True):
    """A rule."""

    name: Text
    condition: Text
    output: Text
    priority: str
    desc: str
    tags: tuple[str, ...]
    enabled: bool


class Switch(msgspec.Struct, frozen=True):
    """Turns an earlier rule on or off: an item with nothing but `rule` and `enabled`."""

    name: Text
    enabled: bool


Item = ListItem | MacroItem | RuleItem | Switch


def read_items(document: Document) -> tuple[list[Item], list[RuleError]]:
    """Return the items of a rule file, and what is wrong with those that could not be read."""
    items: list[Item] = []
    problems: list[RuleError] = []
    try:
        for node in items_of(document):
            reader = _Reader(document, node, problems)
            try:
                item = reader.item()
                items += [item] if item else []
            except RuleErrors as error:
                problems += [reader.about(problem) for problem in error.problems]
    except RuleErrors as error:
        problems += error.problems
    return items, problems


class _Reader:
    """Reads one item."""

    def __init__(self, document: Document, node: Any, problems: list[RuleError]) -> None:
        self.document = document
        self.node = node
        self.problems = problems
        self.subject = ""
        self.values: dict[str, Any] = {}
        self.keys: dict[str, Any] = {}

    def item(self) -> Item | None:
        if not isinstance(self.node, yaml.MappingNode):
            raise RuleErrors(self._problem(self.node, "an item is a rule, a macro or a list: `- rule: NAME`"))
        for key, value in self.node.value:
            if str(key.value) in self.keys:
                self._warn(key, f"{key.value} is given twice; the last one counts")
            self.keys[str(key.value)] = key
            self.values[str(key.value)] = value
        kind = next((kind for kind in KINDS if kind in self.keys), None)
        if kind is None:
            first = next(iter(self.keys), "")
            raise RuleErrors(self._problem(self.node, "the item is no rule, macro or list", did_you_mean(first, KINDS)))
        if kind not in KEYS:
            return None
        self.subject = f"{kind} {self._scalar(kind).value}"
        return self._of_kind(kind)

    def about(self, problem: RuleError) -> RuleError:
        return msgspec.structs.replace(problem, subject=problem.subject or self.subject)

    def _of_kind(self, kind: str) -> Item | None:
        if kind == "rule" and set(self.keys) == {"rule", "enabled"}:
            return Switch(self._scalar("rule"), self._flag("enabled", default=True))
        if self._skipped(kind):
            return None
        self._check_keys(kind)
        match kind:
            case "list":
                return ListItem(self._scalar("list"), self._sequence("items"))
            case "macro":
                return MacroItem(self._scalar("macro"), self._scalar("condition"))
            case _:
                return self._rule()

    def _rule(self) -> RuleItem:
        if "desc" not in self.keys:
            self._warn(self.keys["rule"], "the rule has no desc; say what it finds and why that matters")
        return RuleItem(
            name=self._scalar("rule"),
            condition=self._scalar("condition"),
            output=self._scalar("output"),
            priority=self._priority(),
            desc=self._scalar("desc").value.strip() if "desc" in self.keys else "",
            tags=tuple(text.value for text in self._sequence("tags")) if "tags" in self.keys else (),
            enabled=self._flag("enabled", default=True),
        )

    def _skipped(self, kind: str) -> bool:
        """Say whether the item is left out, with the reason on record."""
        for key in ("append", "override"):
            if key in self.keys and not (key == "append" and not self._flag("append", default=False)):
                self._warn(self.keys[key], f"{key} is not supported yet; this item is left out")
                return True
        source = self.values.get("source")
        if kind == "rule" and source is not None and source.value not in ("", SOURCE):
            self._warn(source, f"events of source {source.value} are not judged yet; this rule is left out", "note")
            return True
        return False

    def _check_keys(self, kind: str) -> None:
        for name, key in self.keys.items():
            if name in KEYS[kind] or name == "append" or (kind == "rule" and name in HARMLESS):
                continue
            if kind == "rule" and name == "exceptions":
                if self.values[name].value:
                    self._warn(key, "exceptions are not supported yet; the rule applies without them")
                continue
            self._warn(key, f"unknown key {name}, which is left out", hint=did_you_mean(name, KEYS[kind]))

    def _priority(self) -> str:
        text = self._scalar("priority")
        word = text.value.strip().lower()
        word = SHORT_PRIORITIES.get(word, word)
        if word not in PRIORITIES:
            hint = did_you_mean(word, PRIORITIES) or f"known: {', '.join(PRIORITIES)}"
            raise RuleErrors(text.problem(f"there is no priority {text.value}", hint=hint))
        return word

    def _scalar(self, key: str) -> Text:
        node = self.values.get(key)
        if node is None:
            raise RuleErrors(self._problem(self.node, f"{key} is missing"))
        return self._text(node, key)

    def _text(self, node: Any, key: str) -> Text:
        if not isinstance(node, yaml.ScalarNode):
            raise RuleErrors(self._problem(node, f"{key} must be text, not a list or a mapping"))
        if not node.value.strip():
            raise RuleErrors(self._problem(node, f"{key} is empty"))
        return Text(str(node.value), self.document, node)

    def _sequence(self, key: str) -> tuple[Text, ...]:
        node = self.values.get(key)
        if node is None:
            raise RuleErrors(self._problem(self.node, f"{key} is missing"))
        if isinstance(node, yaml.ScalarNode) and not node.value:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            raise RuleErrors(self._problem(node, f"{key} must be a list: [a, b]"))
        return tuple(self._text(part, key) for part in node.value)

    def _flag(self, key: str, *, default: bool) -> bool:
        if key not in self.values:
            return default
        text = self._scalar(key)
        word = text.value.lower()
        if word not in ("true", "false", "yes", "no", "on", "off"):
            raise RuleErrors(text.problem(f"{key} must be true or false"))
        return word in ("true", "yes", "on")

    def _warn(self, node: Any, message: str, level: Level = "warning", *, hint: str = "") -> None:
        self.problems.append(self._problem(node, message, hint, level))

    def _problem(self, node: Any, message: str, hint: str = "", level: Level = "error") -> RuleError:
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        width = max(1, len(value.split("\n", 1)[0])) if getattr(node, "style", "") in (None, "") else 1
        place = self.document.place(node.start_mark, width)
        return RuleError(level=level, message=message, place=place, hint=hint, subject=self.subject)
