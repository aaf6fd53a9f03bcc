"""The items of rule files, as they are written: lists, macros, rules, and changes of earlier ones."""

from typing import Final, Literal

import msgspec

from streams.detection.sources import Text, Values, Written

SHORT_PRIORITIES: Final = {
    "emerg": "emergency",
    "crit": "critical",
    "err": "error",
    "warn": "warning",
    "info": "informational",
}
SOURCE: Final = "syscall"
"""The events that a rule without `source` judges."""

Kind = Literal["rule", "macro", "list"]
How = Literal["append", "replace"]


class ListItem(msgspec.Struct, frozen=True):
    """A list: values, and names of other lists among them."""

    name: Text
    items: tuple[Text, ...]


class MacroItem(msgspec.Struct, frozen=True):
    """A macro: a condition under a name."""

    name: Text
    condition: Written


class ExceptionItem(msgspec.Struct, frozen=True, kw_only=True):
    """An exception of a rule: rows of values of fields for which the rule does not apply."""

    name: Text
    fields: Text | Values | None = None
    comps: Text | Values | None = None
    rows: tuple[Text | Values, ...] = ()


class RuleItem(msgspec.Struct, frozen=True, kw_only=True):
    """A rule."""

    name: Text
    condition: Written
    output: Written
    priority: str
    desc: str
    tags: tuple[str, ...]
    enabled: bool
    exceptions: tuple[ExceptionItem, ...] = ()
    source: str = SOURCE
    source_text: Text | None = None
    """Where the source is named."""
    skip_if_unknown: bool = False
    """Leave the rule out, without an error, if its condition has a field that is not there."""


class Change(msgspec.Struct, frozen=True):
    """What becomes of one key of an earlier item."""

    key: str
    how: How
    value: Written | str | bool | tuple[Text, ...] | tuple[str, ...] | tuple[ExceptionItem, ...]
    """Of the type that the key has in the item."""


class Update(msgspec.Struct, frozen=True):
    """Changes of an earlier item: `override`, `append: true`, or a rule with nothing but `enabled`."""

    kind: Kind
    name: Text
    changes: tuple[Change, ...]
    source: str = ""


Item = ListItem | MacroItem | RuleItem | Update
