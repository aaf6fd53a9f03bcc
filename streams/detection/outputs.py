"""Outputs of rules: text with fields in it, filled from an event.

What comes from an event may hold anything. It goes into the text with control characters, bytes that are not
UTF-8 and characters that cannot be seen escaped, so that an alert is one line and shows what it says.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from streams.detection.fields import FIELDS
from streams.detection.fields.field import AnyField, IndexRefusedError
from streams.detection.predicates import Index
from streams.detection.problems import RuleErrors, did_you_mean
from streams.detection.sources import Written

REFERENCE: Final = re.compile(
    r"""%(?:(?P<percent>%)|[0-9]*(?P<field>[A-Za-z]\w*(?:\.[A-Za-z]\w*)+)(?:\[(?P<argument>[^\]\n]*)\])?)?"""
)
ABSENT: Final = "<NA>"
LONG: Final = 1 << 63

Printed = bool | Index | None


class Reference(msgspec.Struct, frozen=True):
    """A field in an output."""

    field: str
    argument: Index | None
    key: str
    """As it is written, without the %."""


class Template(msgspec.Struct, frozen=True):
    """A rule's output: text and fields."""

    parts: tuple[str | Reference, ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        """Return the fields of the output, in order."""
        return tuple(part for part in self.parts if isinstance(part, Reference))

    def __str__(self) -> str:
        """Return the output as it is written, on one line."""
        texts = (f"%{part.key}" if isinstance(part, Reference) else part.replace("%", "%%") for part in self.parts)
        return "".join(texts)

    def filled(self, value_of: Callable[[Reference], Any]) -> tuple[str, dict[str, Printed]]:
        """Return the output with the values put in, and the values by field."""
        values = {reference.key: printed(value_of(reference)) for reference in self.references}
        texts = [part if isinstance(part, str) else _text(values[part.key]) for part in self.parts]
        return "".join(texts), values


def parse_template(text: Written, table: Mapping[str, AnyField] = FIELDS, source: str = "") -> Template:
    """Return the template of a rule's output; raise RuleErrors for a field that is not in the source's table."""
    parts: list[str | Reference] = []
    at = skipped = len(text.value) - len(text.value.lstrip()) + text.value.lstrip().startswith("*")
    for match in REFERENCE.finditer(text.value, skipped):
        parts.append(text.value[at : match.start()])
        parts.append("%" if match["percent"] else _reference(text, match, table, source))
        at = match.end()
    parts.append(text.value[at:].rstrip())
    return Template(tuple(_on_one_line(part) for part in parts if part))


def printed(value: Any) -> Printed:
    """Return a field's value as an alert holds it; numbers beyond 64 bits become text."""
    match value:
        case bool() | None:
            return value
        case int():
            return value if -LONG <= value < LONG else str(value)
        case str():
            return escaped(value)
        case _:
            return " ".join(_text(printed(one)) for one in value) or None


def escaped(text: str) -> str:
    r"""Return the text with what cannot be shown escaped: bytes as ``\xNN``, characters as ``\uNNNN``."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def _on_one_line(part: str | Reference) -> str | Reference:
    return re.sub(r"\s*\n\s*", " ", part) if isinstance(part, str) else part


def _escape(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _reference(text: Written, match: re.Match[str], table: Mapping[str, AnyField], source: str) -> Reference:
    name, argument = match["field"], match["argument"]
    if name is None:
        problem = text.problem("a % that no field follows", *match.span(), hint="write %% for the sign itself")
        raise RuleErrors(problem)
    field = table.get(name)
    if field is None:
        hint = did_you_mean(name, table)
        message = f"there is no field {name}" + (f" in events of {source}" if source else "")
        raise RuleErrors(text.problem(message, match.start() + 1, match.end(), hint=hint))
    try:
        index = field.index(argument)
    except IndexRefusedError as error:
        raise RuleErrors(text.problem(str(error), *match.span())) from None
    return Reference(name, index, match[0].lstrip("%0123456789"))


def _text(value: Printed) -> str:
    match value:
        case None:
            return ABSENT
        case bool():
            return str(value).lower()
        case _:
            return str(value)
