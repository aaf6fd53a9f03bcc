"""Templates as Go's text/template reads them, as values: what is text, what is done, and what it is done with.

Source: the documentation of text/template of Go 1.26. `define`, `template` and `block` are known, methods are not:
data is JSON, which has none.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from infra.cli.artifact.errors import ArtifactError


class Literally(msgspec.Struct, frozen=True):
    """A value that stands in the template."""

    value: Any


class Path(msgspec.Struct, frozen=True):
    """Fields of the dot, of a variable, or of what is in parentheses."""

    start: "str | Pipe"
    """Empty: the dot; `$name`: a variable."""
    names: tuple[str, ...] = ()


class Name(msgspec.Struct, frozen=True):
    """A function."""

    name: str


Operand = Literally | Path | Name


class Pipe(msgspec.Struct, frozen=True):
    """Commands, each of which takes what the one before gives as its last argument."""

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()
    declares: bool = False
    """Whether the variables are new."""


class Text(msgspec.Struct, frozen=True):
    """Text as it is."""

    text: str


class Show(msgspec.Struct, frozen=True):
    """A value to be written, or a variable to be set."""

    pipe: Pipe


class Branch(msgspec.Struct, frozen=True):
    """What depends on a value."""

    word: Literal["if", "with", "range"]
    pipe: Pipe
    body: "tuple[Node, ...]"
    other: "tuple[Node, ...]"


class Jump(msgspec.Struct, frozen=True):
    """The end of a round of a loop, or of the loop."""

    word: Literal["break", "continue"]


class Include(msgspec.Struct, frozen=True):
    """Another template."""

    name: str
    pipe: Pipe | None


Node = Text | Show | Branch | Jump | Include


class Template(msgspec.Struct, frozen=True):
    """A template, and those that are defined in it."""

    body: tuple[Node, ...]
    named: dict[str, tuple[Node, ...]]


TOKEN: Final = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<char>'(?:[^'\\\n]|\\.)+')
  | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
  | (?P<variable>\$\w*(?:\.\w+)*)
  | (?P<field>(?:\.[^\W\d]\w*)+)
  | (?P<dot>\.)
  | (?P<word>[^\W\d]\w*)
  | (?P<mark>:=|=|\||\(|\)|,)
    """,
    re.VERBOSE,
)
COMMENT: Final = re.compile(r"\{\{(- )?/\*.*?\*/( -)?\}\}", re.DOTALL)
CONSTANTS: Final = {"true": True, "false": False}


class Token(msgspec.Struct, frozen=True):
    """A word of an action; its kind is the name of a group of TOKEN, `action`, `raw` or `end`."""

    kind: str
    text: str


def broken(why: str) -> ArtifactError:
    """Return the error of a template that cannot be understood."""
    return ArtifactError(f"template: format output: {why}")


def parse(text: str) -> Template:
    """Return what a template says. Raises ArtifactError."""
    parser = _Parser(_pieces(text))
    body, stop = parser.nodes()
    if stop:
        raise broken(f"unexpected {{{{{stop}}}}}")
    return Template(body, parser.named)


def _pieces(text: str) -> list[str | list[Token]]:
    """Part a template into texts and the tokens of actions; blanks are trimmed where it says so."""
    pieces: list[str | list[Token]] = []
    trim = False
    while True:
        start = text.find("{{")
        before = text if start < 0 else text[:start]
        before = before.lstrip() if trim else before
        if start < 0:
            pieces.append(before)
            return pieces
        comment = COMMENT.match(text, start)
        end = comment.end() if comment else _end_of_action(text, start + 2)
        inner = text[start + 2 : end - 2]
        if re.match(r"-\s", inner):
            before, inner = before.rstrip(), inner[1:]
        trim = bool(re.search(r"\s-$", inner))
        pieces.append(before)
        if not comment:
            pieces.append(list(_tokens(inner[:-1] if trim else inner)))
        text = text[end:]


def _end_of_action(text: str, position: int) -> int:
    """Return where an action ends; braces in quotes do not end it."""
    while position < len(text):
        if text.startswith("}}", position):
            return position + 2
        quoted = TOKEN.match(text, position) if text[position] in "\"`'" else None
        position = quoted.end() if quoted else position + 1
    raise broken("unclosed action")


def _tokens(inner: str) -> Iterator[Token]:
    position = 0
    while position < len(inner):
        match = TOKEN.match(inner, position)
        if match is None:
            raise broken(f"unexpected {inner[position]!r} in {{{{{inner}}}}}")
        position = match.end()
        yield Token(match.lastgroup or "", match[0])


class _Parser:
    """Reads pieces one after the other."""

    def __init__(self, pieces: list[str | list[Token]]) -> None:
        self._pieces = pieces
        self._at = 0
        self.named: dict[str, tuple[Node, ...]] = {}

    def nodes(self) -> tuple[tuple[Node, ...], str]:
        """Return what comes up to `end`, `else` or the end of the template, and which of them; `else` has its rest."""
        found: list[Node] = []
        while self._at < len(self._pieces):
            piece = self._pieces[self._at]
            self._at += 1
            if isinstance(piece, str):
                found += [Text(piece)] if piece else []
                continue
            words = [token for token in piece if token.kind != "blank"]
            if words and words[0].kind == "word" and words[0].text in ("end", "else"):
                return tuple(found), " ".join(word.text for word in words[:2]) if words[1:] else words[0].text
            found += self._action(piece)
        return tuple(found), ""

    def _action(self, tokens: list[Token]) -> list[Node]:
        action = _Action(tokens)
        word = action.keyword()
        if word in ("if", "with", "range"):
            return [self._branch(word, action)]
        if word in ("break", "continue"):
            return [Jump("break" if word == "break" else "continue")]
        if word in ("define", "block", "template"):
            return self._named(word, action)
        return [Show(action.pipe())]

    def _branch(self, word: str, action: "_Action") -> Branch:
        pipe = action.pipe()
        body, stop = self.nodes()
        other: tuple[Node, ...] = ()
        if stop.startswith("else "):
            # What follows `else if` is in the same piece, read once more as an action of its own.
            piece = self._pieces[self._at - 1]
            other = (self._branch(stop.removeprefix("else "), _Action(_without_else(piece))),)
        elif stop == "else":
            other, stop = self.nodes()
        if not stop:
            raise broken(f"{{{{{word}}}}} has no {{{{end}}}}")
        return Branch("if" if word == "if" else "with" if word == "with" else "range", pipe, body, other)

    def _named(self, word: str, action: "_Action") -> list[Node]:
        name = action.quoted()
        if word == "template":
            return [Include(name, action.pipe() if action.more() else None)]
        pipe = action.pipe() if word == "block" else None
        self.named[name], stop = self.nodes()
        if stop != "end":
            raise broken(f"{{{{{word}}}}} has no {{{{end}}}}")
        return [Include(name, pipe)] if word == "block" else []


def _without_else(piece: str | list[Token]) -> list[Token]:
    words = [token for token in piece if isinstance(token, Token)]
    place = next(number for number, token in enumerate(words) if token.text == "else")
    rest = _Action(words[place + 1 :])
    if rest.keyword() not in ("if", "with"):
        raise broken("after {{else}} only if and with may follow")
    return rest.rest()


class _Action:
    """Reads the tokens of one action."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = [*tokens, Token("end", "")]
        self._at = 0

    def keyword(self) -> str:
        """Return the word that the action begins with, if it is one of the language."""
        self._blank()
        words = ("if", "with", "range", "break", "continue", "define", "block", "template")
        if self._now.kind == "word" and self._now.text in words:
            return self._take().text
        return ""

    def quoted(self) -> str:
        """Return the name of a template."""
        self._blank()
        if self._now.kind != "text":
            raise broken(f"a name in quotes was expected, not {self._now.text!r}")
        return _string(self._take().text)

    def more(self) -> bool:
        """Say whether there is more than blanks."""
        self._blank()
        return self._now.kind != "end"

    def rest(self) -> list[Token]:
        """Return the tokens that are not read yet."""
        return self._tokens[self._at : -1]

    def pipe(self) -> Pipe:
        """Return a pipeline up to the end of the action. Raises ArtifactError."""
        variables, declares = self._variables()
        commands = self._commands()
        if self._now.kind != "end":
            raise broken(f"unexpected {self._now.text!r}")
        return Pipe(commands, variables, declares)

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _blank(self) -> None:
        while self._now.kind == "blank":
            self._at += 1

    def _variables(self) -> tuple[tuple[str, ...], bool]:
        start, names = self._at, []
        while True:
            self._blank()
            if self._now.kind != "variable" or "." in self._now.text:
                break
            names.append(self._take().text)
            self._blank()
            if self._now.text in (":=", "="):
                return tuple(names), self._take().text == ":="
            if self._now.text != ",":
                break
            self._take()
        self._at = start
        return (), False

    def _commands(self) -> tuple[tuple[Operand, ...], ...]:
        commands = [self._command()]
        while self._now.text == "|" and self._now.kind == "mark":
            self._take()
            commands.append(self._command())
        return tuple(commands)

    def _command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        self._blank()
        while self._now.kind != "end" and not (self._now.kind == "mark" and self._now.text != "("):
            operands.append(self._operand())
            if self._now.kind not in ("blank", "end", "mark"):
                raise broken(f"unexpected {self._now.text!r} in operand")
            self._blank()
        if not operands:
            raise broken("missing value for command")
        return tuple(operands)

    def _operand(self) -> Operand:
        token = self._take()
        match token.kind:
            case "mark":
                inner = self._parenthesis()
                names = self._take().text[1:].split(".") if self._now.kind == "field" else []
                return Path(inner, tuple(names))
            case "field":
                return Path("", tuple(token.text[1:].split(".")))
            case "dot":
                return Path("")
            case "variable":
                name, *names = token.text.split(".")
                return Path(name, tuple(names))
            case "word":
                return _word(token.text)
            case _:
                return Literally(_literal(token))

    def _parenthesis(self) -> Pipe:
        commands = self._commands()
        if self._now.text != ")":
            raise broken("unclosed left paren")
        self._take()
        return Pipe(commands)


def _word(text: str) -> Operand:
    if text in CONSTANTS:
        return Literally(CONSTANTS[text])
    return Literally(None) if text == "nil" else Name(text)


def _literal(token: Token) -> Any:
    if token.kind == "text":
        return _string(token.text)
    if token.kind == "char":
        return ord(_string(f'"{token.text[1:-1]}"'))
    text = token.text.replace("_", "")
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def _string(quoted: str) -> str:
    if quoted.startswith("`"):
        return quoted[1:-1]
    try:
        escaped = re.sub(r"\\x([0-9a-fA-F]{2})", r"\\u00\1", quoted.replace("\\'", "'"))
        text = json.loads(escaped.replace("\\a", "\\u0007").replace("\\v", "\\u000b"), strict=False)
    except ValueError:
        raise broken(f"{quoted} is no string") from None
    return str(text)
