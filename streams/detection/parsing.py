"""Conditions from text to syntax, by the grammar in condition.lark."""

import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedEOF, UnexpectedInput, UnexpectedToken

from streams.detection.problems import did_you_mean
from streams.detection.quoting import EscapeError, unquoted
from streams.detection.syntax import (
    OPERATORS,
    And,
    Call,
    Check,
    Condition,
    FieldTerm,
    Literal,
    Macro,
    Not,
    Or,
    Series,
    Term,
    TermCheck,
    Word,
)

MAX_NESTING: Final = 100
TRANSFORMERS: Final = ("tolower", "toupper", "b64", "basename", "len", "join", "concat", "getopt")
HUMAN: Final = {
    "FIELD": "a field",
    "NAME": "a name",
    "NOT": "not",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "_AND": "and",
    "_OR": "or",
    "EXISTS": "exists",
    "COMPARISON": "an operator",
    "MEMBERSHIP": "in",
    "BARE": "a value",
    "QUOTED": "a quoted value",
    "ARGUMENT": "an argument",
    "TRANSFORMER": "a transformer",
    "NUMERAL": "a number",
    "MODIFIER": "anyof",
    "VAL": "val()",
    "COMMA": ",",
    "$END": "the end",
}


class ConditionSyntaxError(Exception):
    """A condition cannot be parsed: what, and between which characters of it."""

    def __init__(self, message: str, at: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.at, self.end, self.hint = message, at, end, hint


class _Value(msgspec.Struct, frozen=True):
    words: tuple[Word, ...]
    at: int
    end: int


class _Syntax(Transformer[Token, Condition]):
    """Builds the syntax while the parser reduces, without a tree between and without recursion."""

    def any_of(self, parts: list[Condition]) -> Condition:
        return Or(tuple(parts))

    def all_of(self, parts: list[Condition]) -> Condition:
        return And(tuple(parts))

    def negated(self, parts: list[Any]) -> Condition:
        part: Condition = parts[-1]
        return Not(part) if len(parts) % 2 == 0 else part

    def macro(self, parts: list[Token]) -> Condition:
        return Macro(str(parts[0]), _start(parts[0]), _end(parts[0]))

    def field(self, parts: list[Token | None]) -> tuple[Token, Token | None]:
        name, argument = parts
        assert name is not None
        return name, argument

    def exists(self, parts: list[Any]) -> Condition:
        (name, argument), operator = parts
        return Check(str(name), _argument(argument), "exists", (), _start(name), _end(operator))

    def compare(self, parts: list[Any]) -> Condition:
        (name, argument), operator, value = parts
        words = (_word(value),)
        where = (_start(name), _end(value), _start(value))
        return Check(str(name), _argument(argument), str(operator), words, *where)

    def member(self, parts: list[Any]) -> Condition:
        (name, argument), operator, value = parts
        where = (_start(name), value.end, value.at)
        return Check(str(name), _argument(argument), str(operator), value.words, *where)

    def modified(self, parts: list[Any]) -> Condition:
        field, operator, modifier, value = parts
        return self.member([field, f"{operator} {modifier}", value])

    def term_modified(self, parts: list[Any]) -> Condition:
        left, operator, modifier, value = parts
        return self.term_member([left, f"{operator} {modifier}", value])

    def term_exists(self, parts: list[Any]) -> Condition:
        left, operator = parts
        return TermCheck(left, "exists", (), None, left.at, _end(operator))

    def term_compare(self, parts: list[Any]) -> Condition:
        left, operator, value = parts
        return TermCheck(left, str(operator), (_word(value),), None, left.at, _end(value), _start(value))

    def term_member(self, parts: list[Any]) -> Condition:
        left, operator, value = parts
        return TermCheck(left, str(operator), value.words, None, left.at, value.end, value.at)

    def term_with_other(self, parts: list[Any]) -> Condition:
        left, operator, right = parts
        left = left if isinstance(left, Call) else self.field_term([left])
        return TermCheck(left, str(operator), (), right, left.at, right.end, right.at)

    def term(self, parts: list[Any]) -> Term:
        name, *given, end, argument = parts
        return Call(str(name)[:-1], tuple(given), _argument(argument), _start(name), _end(argument or end))

    def field_term(self, parts: list[Any]) -> FieldTerm:
        ((name, argument),) = parts
        return FieldTerm(str(name), _argument(argument), _start(name), _end(argument or name))

    def literal(self, parts: list[Token]) -> Term:
        word = _word(parts[0])
        return Literal(word.value, word.at, word.end)

    def series(self, parts: list[Any]) -> Term:
        start, *given, end = parts
        return Series(tuple(part for part in given if part is not None), _start(start), _end(end))

    def field_value(self, parts: list[Any]) -> Term:
        return self.field_term([parts[1]])

    def term_value(self, parts: list[Any]) -> Term:
        term: Term = parts[0]
        return term

    def values(self, parts: list[Token | None]) -> _Value:
        tokens = [part for part in parts if part is not None]
        words = tuple(_word(t) for t in tokens if t.type in ("BARE", "QUOTED"))
        return _Value(words, _start(tokens[0]), _end(tokens[-1]))

    def named_values(self, parts: list[Token]) -> _Value:
        return _Value((_word(parts[0]),), _start(parts[0]), _end(parts[0]))


def parse_condition(text: str) -> Condition:
    """Return the syntax of a condition; raise ConditionSyntaxError with the place in the text."""
    _refuse_deep_nesting(text)
    try:
        return _parser().parse(text)  # type: ignore[return-value]
    except UnexpectedInput as error:
        raise _explained(text, error) from None


@cache
def _parser() -> Lark:
    grammar = (files("streams.detection") / "condition.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=True, transformer=_Syntax())


def _word(token: Token) -> Word:
    if token.type != "QUOTED":
        return Word(str(token), False, _start(token), _end(token))
    try:
        return Word(unquoted(str(token)), True, _start(token), _end(token))
    except EscapeError as error:
        at = _start(token) + 1 + error.at
        raise ConditionSyntaxError(str(error), at, at + 2, r"write \\ for a backslash") from None


def _argument(token: Token | None) -> str | None:
    return _word(token).value if token is not None else None


def _start(token: Token) -> int:
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0


def _refuse_deep_nesting(text: str) -> None:
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth > MAX_NESTING:
            raise ConditionSyntaxError(f"more than {MAX_NESTING} parentheses deep", at, at + 1)


def _explained(text: str, error: UnexpectedInput) -> ConditionSyntaxError:
    """Return the parser's error in words; the caret covers what it stumbled over."""
    match error:
        case UnexpectedEOF() | UnexpectedToken(token=Token(type="$END")):
            end = len(text.rstrip())
            message = "the condition ends too early" if end else "the condition is empty"
            return ConditionSyntaxError(f"{message}; {_expected(error)}", end, end + 1)
        case UnexpectedToken(token=token):
            at = _start(token)
        case _:
            at = getattr(error, "pos_in_stream", None) or 0
    end = at + _stretch(text[at:])
    found = text[at:end]
    return ConditionSyntaxError(f"{found!r} does not fit here; {_expected(error)}", at, end, _hint(text, at, found))


def _stretch(text: str) -> int:
    """Return the length of what to underline: a word, or a character and its repetitions."""
    word = re.match(r"[\w.]+|(.)\1*", text, re.DOTALL)
    return word.end() if word else 1


def _expected(error: UnexpectedInput) -> str:
    names = getattr(error, "accepts", None) or getattr(error, "allowed", None) or getattr(error, "expected", ())
    words = sorted({HUMAN.get(name, str(name)) for name in names or ()})
    return f"expected {', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else f"expected {''.join(words)}"


def _hint(text: str, at: int, found: str) -> str:
    before = text[:at].split()[-1:] or [""]
    if found[:1] == "(" and at and (text[at - 1].isalnum() or text[at - 1] == "_"):
        name = re.split(r"\W", before[0])[-1]
        return did_you_mean(name, TRANSFORMERS) or f"known transformers: {', '.join(TRANSFORMERS)}; val to the right"
    if text[at : at + 1] in "\"'" and text[at:]:
        return "a quoted string must end with the quote that it began with"
    if found in ("&&", "&"):
        return "write and"
    if found in ("||", "|"):
        return "write or"
    words = (*OPERATORS, "and", "or", "not")
    return did_you_mean(found, words) if found.isalpha() and found not in words else ""
