"""Rule files as text whose every character knows its place, through YAML's folding and quoting.

A condition is mostly a YAML block scalar: what the parser sees is folded and stripped of its indentation.
An error has to name the line and column of the file all the same.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import msgspec
import yaml

from streams.detection.problems import Level, Place, RuleError, RuleErrors

LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES: Final = 16 << 20
MAX_NESTING: Final = 64
BREAK: Final = re.compile("\n|\r")
WHITE: Final = " \ttnrvfN_LP"
"""What stands after a backslash for white space."""
ESCAPE_LENGTHS: Final = {"x": 4, "u": 6, "U": 10}


class Document(msgspec.Struct, frozen=True, dict=True):
    """A rule file: its name for messages and its whole text."""

    file: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """Return the lines as editors count them: YAML ends some at other characters too."""
        return BREAK.split(self.text)

    @cached_property
    def starts(self) -> list[int]:
        """Return where each line begins, and the first at 0."""
        return [0, *(match.end() for match in BREAK.finditer(self.text))]

    def place(self, mark: Any, width: int = 1) -> Place:
        """Return the place of a YAML mark."""
        return self.at(mark.index, width)

    def at(self, index: int, width: int) -> Place:
        """Return the place of a character of the text."""
        line = bisect_right(self.starts, index) - 1
        return Place(self.file, line + 1, index - self.starts[line] + 1, width, self.lines[line])


class Text(msgspec.Struct, frozen=True):
    """A scalar of a rule file: its value, and where each character of it stands."""

    value: str
    document: Document
    node: Any

    def problem(
        self, message: str, at: int = 0, end: int | None = None, *, hint: str = "", level: Level = "error"
    ) -> RuleError:
        """Return a problem with the characters `at` to `end` of the value; all of it if not given."""
        return RuleError(level=level, message=message, place=self.place(at, end), hint=hint)

    def place(self, at: int = 0, end: int | None = None) -> Place:
        """Return the place of the characters `at` to `end` of the value."""
        origins = _origins(self.document.text, self.node, self.value)
        at = min(at, len(self.value))
        last = origins[min(max(at, (len(self.value) if end is None else end) - 1), len(self.value))]
        start = origins[at]
        return self.document.at(start, max(1, last - start + 1))


class Piece(msgspec.Struct, frozen=True):
    """A part of a joined text, and the text that it comes from or stands for."""

    value: str
    text: Text

    def place(self, at: int, end: int) -> Place:
        """Return the place of the characters `at` to `end`; all of the text where that says something else."""
        if self.value != self.text.value:
            return self.text.place()
        return self.text.place(at, min(end, len(self.value)))


class Joined(msgspec.Struct, frozen=True):
    """Texts of several places as one, such as a condition and what later files append to it."""

    pieces: tuple[Piece, ...]

    @property
    def value(self) -> str:
        """Return the whole text."""
        return "".join(piece.value for piece in self.pieces)

    def problem(
        self, message: str, at: int = 0, end: int | None = None, *, hint: str = "", level: Level = "error"
    ) -> RuleError:
        """Return a problem with the characters `at` to `end` of the whole; the first of its pieces counts."""
        return RuleError(level=level, message=message, place=self.place(at, end), hint=hint)

    def place(self, at: int = 0, end: int | None = None) -> Place:
        """Return the place of the characters `at` to `end` as far as they are of one piece."""
        end = len(self.value) if end is None else end
        for piece in self.pieces[:-1]:
            if at < len(piece.value):
                return piece.place(at, end)
            at, end = at - len(piece.value), end - len(piece.value)
        return self.pieces[-1].place(at, end)


Written = Text | Joined


class Values(msgspec.Struct, frozen=True):
    """A sequence of texts and sequences in a rule file."""

    parts: tuple["Text | Values", ...]
    document: Document
    node: Any

    def problem(self, message: str, *, hint: str = "", level: Level = "error") -> RuleError:
        """Return a problem with the sequence as a whole."""
        return RuleError(level=level, message=message, place=self.document.place(self.node.start_mark), hint=hint)


def joined(first: Written, second: Text) -> Joined:
    """Return a text with another after it, a space between."""
    before = first.pieces if isinstance(first, Joined) else (Piece(first.value, first),)
    return Joined((*before, Piece(" ", second), Piece(second.value, second)))


def read_document(file: str, data: bytes) -> Document:
    """Return the document in a file's bytes; raise RuleErrors if it is no text or too big."""
    if len(data) > MAX_BYTES:
        raise _whole(file, f"is bigger than {MAX_BYTES >> 20} MiB")
    try:
        return Document(file, data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise _whole(file, f"is not UTF-8 text: {error.reason} at byte {error.start}") from None


def items_of(document: Document) -> Iterator[Any]:
    """Yield the YAML nodes of the items of all sequences in the file; raise RuleErrors if it is no YAML."""
    try:
        _refuse_deep_nesting(document)
        for root in yaml.compose_all(document.text, Loader=LOADER):
            yield from _items(document, root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = document.place(mark) if mark else Place(document.file)
        message = " ".join(part for part in (error.context, error.problem) if part)
        raise RuleErrors(RuleError(message=f"no valid YAML: {message}", place=place)) from None
    except yaml.YAMLError as error:
        raise _whole(document.file, f"is no valid YAML: {error}") from None


def _items(document: Document, root: Any) -> Iterator[Any]:
    if isinstance(root, yaml.SequenceNode):
        yield from root.value
    elif not (isinstance(root, yaml.ScalarNode) and not root.value):
        message = "a rule file is a sequence of rules, macros and lists, each beginning with `- `"
        raise RuleErrors(RuleError(message=message, place=document.place(root.start_mark)))


def _refuse_deep_nesting(document: Document) -> None:
    """Raise before the composer, which recurses, meets what would overflow its stack."""
    depth = 0
    for event in yaml.parse(document.text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_NESTING:
            place = document.place(event.start_mark)
            raise RuleErrors(RuleError(message="YAML nested too deeply for a rule file", place=place))


def _whole(file: str, message: str) -> RuleErrors:
    return RuleErrors(RuleError(message=f"the file {message}", place=Place(file)))


def _origins(source: str, node: Any, value: str) -> list[int]:
    """Return the index in `source` of each character of `value`, and of its end."""
    at, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        at = source.find("\n", at, end) + 1 or at
    elif node.style in ("'", '"'):
        at += 1
    origins = []
    for char in value:
        at = _find(source, at, end, char, node.style)
        origins.append(min(at, len(source)))
        at += 0 if char.isspace() and source[at : at + 1] != "\\" else _length(source, at, node.style)
    return [*origins, min(at, len(source))]


def _find(source: str, at: int, end: int, char: str, style: str | None) -> int:
    """Return the index of the next character or escape; white space stands for itself wherever it is."""
    while at < end:
        here = source[at]
        if style == '"' and here == "\\":
            escaped = source[at + 1 : at + 2]
            if escaped != "\n" and (char.isspace() or escaped not in WHITE):
                return at
            at += 2
        elif char.isspace() or here == char:
            return at
        else:
            at += 1
    return at


def _length(source: str, at: int, style: str | None) -> int:
    """Return how many characters of the file one character of the value takes."""
    if style == "'" and source[at : at + 2] == "''":
        return 2
    if style == '"' and source[at : at + 1] == "\\":
        return ESCAPE_LENGTHS.get(source[at + 1 : at + 2], 2)
    return 1
