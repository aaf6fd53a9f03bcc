"""Mappings of rule files, read key by key: what is there has a place, what is wrong is said with it."""

from collections.abc import Iterable
from typing import Any

import yaml

from streams.detection.problems import Level, RuleError, RuleErrors, did_you_mean
from streams.detection.sources import Document, Text, Values

FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Entries:
    """The keys and values of one mapping. What is not right raises RuleErrors; warnings are collected."""

    def __init__(self, document: Document, node: Any, what: str) -> None:
        """Take the entries in; `what` says to people what must stand here, if it is no mapping."""
        self.document = document
        self.node = node
        self.warnings: list[RuleError] = []
        self.keys: dict[str, Any] = {}
        self._values: dict[str, Any] = {}
        if not isinstance(node, yaml.MappingNode):
            raise RuleErrors(self.problem(node, what))
        for key, value in node.value:
            if str(key.value) in self.keys:
                self.warn(key, f"{key.value} is given twice; the last one counts")
            self.keys[str(key.value)] = key
            self._values[str(key.value)] = value

    def __contains__(self, key: str) -> bool:
        """Say whether there is a value for the key, be it empty."""
        return key in self.keys

    def node_of(self, key: str) -> Any:
        """Return the YAML node of a value."""
        node = self._values.get(key)
        if node is None:
            raise RuleErrors(self.problem(self.node, f"{key} is missing"))
        return node

    def is_empty(self, key: str) -> bool:
        """Say whether the key has no value, or is not there."""
        node = self._values.get(key)
        return node is None or (isinstance(node, yaml.ScalarNode) and not node.value)

    def text(self, key: str) -> Text:
        """Return a value that is text."""
        return self._text(self.node_of(key), key)

    def texts(self, key: str) -> tuple[Text, ...]:
        """Return a value that is a list of texts; an empty value is an empty list."""
        return tuple(self._text(part, key) for part in self.sequence(key))

    def sequence(self, key: str) -> list[Any]:
        """Return the YAML nodes of a value that is a list; an empty value is an empty list."""
        node = self.node_of(key)
        if isinstance(node, yaml.ScalarNode) and not node.value:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise RuleErrors(self.problem(node, f"{key} must be a list: [a, b]"))
        nodes: list[Any] = node.value
        return nodes

    def values(self, key: str) -> Text | Values:
        """Return a value that is text, or a list of texts and lists."""
        return self._nested(self.node_of(key), key)

    def rows(self, key: str) -> tuple[Text | Values, ...]:
        """Return a value that is a list of texts and lists."""
        return tuple(self._nested(part, key) for part in self.sequence(key))

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a value that is true or false."""
        if key not in self:
            return default
        text = self.text(key)
        if text.value.lower() not in FLAGS:
            raise RuleErrors(text.problem(f"{key} must be true or false"))
        return FLAGS[text.value.lower()]

    def number(self, key: str) -> int:
        """Return a value that is a number from 0."""
        text = self.text(key)
        if not (text.value.isascii() and text.value.isdigit() and len(text.value) < 20):
            raise RuleErrors(text.problem(f"{key} must be a number"))
        return int(text.value)

    def warn_of_others(self, known: Iterable[str]) -> None:
        """Put a warning on record for each key that is not known."""
        known = tuple(known)
        for name, key in self.keys.items():
            if name not in known:
                self.warn(key, f"unknown key {name}, which is left out", hint=did_you_mean(name, known))

    def warn(self, node: Any, message: str, level: Level = "warning", *, hint: str = "") -> None:
        """Put a warning on record with the place of a YAML node."""
        self.warnings.append(self.problem(node, message, hint, level))

    def problem(self, node: Any, message: str, hint: str = "", level: Level = "error") -> RuleError:
        """Return a problem with the place of a YAML node."""
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        width = max(1, len(value.split("\n", 1)[0])) if getattr(node, "style", "") in (None, "") else 1
        place = self.document.place(node.start_mark, width)
        return RuleError(level=level, message=message, place=place, hint=hint)

    def _text(self, node: Any, key: str) -> Text:
        if not isinstance(node, yaml.ScalarNode):
            raise RuleErrors(self.problem(node, f"{key} must be text, not a list or a mapping"))
        if not node.value.strip():
            raise RuleErrors(self.problem(node, f"{key} is empty"))
        return Text(str(node.value), self.document, node)

    def _nested(self, node: Any, key: str) -> Text | Values:
        if isinstance(node, yaml.SequenceNode):
            return Values(tuple(self._nested(part, key) for part in node.value), self.document, node)
        return self._text(node, key)
