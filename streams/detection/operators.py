"""What the operators of conditions mean, as Falco has it (libsinsp/filter_compare.cpp)."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import re2

from streams.detection.fields.field import AnyField
from streams.detection.predicates import PatternError, Predicate, Value

Test = Callable[[Any], bool]
Types = tuple[str, ...]

EQUALITY: Final = ("=", "!=", "in", "intersects", "exists")
ORDER: Final = ("<", "<=", ">", ">=")
TEXT: Final = ("contains", "icontains", "startswith", "endswith", "glob", "iglob", "regex", "pmatch")
BUFFER: Final = ("bcontains", "bstartswith")
OF_LISTS: Final = ("in", "intersects", "exists")
ALLOWED: Final[dict[str, Types]] = {
    "string": (*EQUALITY, *ORDER, *TEXT),
    "number": (*EQUALITY, *ORDER),
    "flag": EQUALITY,
    "buffer": (*EQUALITY, "contains", "startswith", "endswith", *BUFFER),
}


GLOB_SIGNS: Final = frozenset("*?[")
"""What makes a name of a path prefix a pattern."""
GLOB: Final = re.compile(r"\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]|\\(.)|(.)", re.DOTALL)
"""A bracket with its sign and inside, an escaped character, or a character."""
IN_BRACKET: Final = re.compile(r"\[:\w+:\]|\\(.)|([\[\]^])", re.DOTALL)


def test_of(predicate: Predicate, field: AnyField) -> Test:
    """Return what tells whether a value of the field, None where absent, makes the predicate true."""
    test = known_test(predicate)
    if field.listed:
        whole = list_test(predicate.operator)
        return lambda values: whole(values, test)
    if field.many and predicate.argument is None:
        return lambda values: any(map(test, values))
    return lambda value: value is not None and test(value)


def list_test(operator: str) -> Callable[[Any, Test], bool]:
    """Return what tells whether a list, None where absent, makes a comparison true, given the test of one value."""
    match operator:
        case "exists":
            return lambda values, _: values is not None
        case "in":
            return lambda values, test: values is not None and all(map(test, values))
        case _:
            return lambda values, test: values is not None and any(map(test, values))


def known_test(predicate: Predicate) -> Test:
    """Return what tells whether a value that is there makes the predicate true; raise PatternError."""
    values, operator = predicate.values, predicate.operator
    match operator:
        case "exists":
            return lambda _: True
        case "in" | "intersects":
            members = frozenset(values)
            return lambda value: value in members
        case "pmatch":
            return _path_prefix([str(value) for value in values])
        case _:
            return _comparison(operator, values[0])


def _comparison(operator: str, wanted: Value) -> Test:
    match operator, wanted:
        case "=", _:
            return lambda value: bool(value == wanted)
        case "!=", _:
            return lambda value: bool(value != wanted)
        case (("<" | "<=" | ">" | ">="), _):
            return _order(operator, wanted)
        case "contains", str():
            return lambda value: wanted in value
        case "startswith", str():
            return lambda value: bool(value.startswith(wanted))
        case "endswith", str():
            return lambda value: bool(value.endswith(wanted))
        case "icontains", str():
            small = _bytes(wanted).lower()
            return lambda value: small in _bytes(value).lower()
        case "bcontains", str():
            part = _hexadecimal(wanted)
            return lambda value: part in _bytes(value)
        case "bstartswith", str():
            beginning = _hexadecimal(wanted)
            return lambda value: _bytes(value).startswith(beginning)
        case (("glob" | "iglob"), str()):
            return glob(wanted, ignore_case=operator == "iglob")
        case "regex", str():
            return _regex(wanted)
        case _:
            raise PatternError(f"{operator} cannot compare {wanted!r}")


def _hexadecimal(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise PatternError(f"{digits!r} is no bytes in hexadecimal, such as cafebabe") from None


def _order(operator: str, wanted: Value) -> Test:
    """Strings are ordered by their bytes."""
    if isinstance(wanted, str):
        small = _bytes(wanted)
        order = _order_of(operator, small)
        return lambda value: order(_bytes(value))
    return _order_of(operator, wanted)


def _order_of(operator: str, wanted: Any) -> Test:
    match operator:
        case "<":
            return lambda value: bool(value < wanted)
        case "<=":
            return lambda value: bool(value <= wanted)
        case ">":
            return lambda value: bool(value > wanted)
        case _:
            return lambda value: bool(value >= wanted)


def glob(pattern: str, *, ignore_case: bool = False) -> Test:
    """Return a test for a shell pattern as fnmatch(3) without flags: `*` matches slashes too."""
    if not ignore_case and not set(pattern) & set("?[\\"):
        return _stars(pattern.split("*"))
    options = re2.Options()
    options.dot_nl = True
    options.encoding = re2.Options.Encoding.LATIN1
    data = _bytes(pattern).lower() if ignore_case else _bytes(pattern)
    compiled = _compiled("".join(_glob_parts(data.decode("latin-1"))).encode("latin-1"), options, pattern)
    if ignore_case:
        return lambda value: compiled.fullmatch(_bytes(value).lower()) is not None
    return lambda value: compiled.fullmatch(_bytes(value)) is not None


def _stars(parts: list[str]) -> Test:
    """Return a test for a pattern that has no wildcards but stars, given as what is between them."""
    if len(parts) == 1:
        return lambda value: bool(value == parts[0])
    first, *middle, last = parts
    length = sum(map(len, parts))

    def test(value: str) -> bool:
        if len(value) < length or not value.startswith(first) or not value.endswith(last):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            at = value.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return test


def _glob_parts(text: str) -> Iterator[str]:
    """Yield the pattern as pieces of a regular expression; both are bytes written as Latin-1."""
    for match in GLOB.finditer(text):
        negated, inside, escaped, char = match.groups()
        if inside is not None:
            yield f"[{'^' if negated else ''}{IN_BRACKET.sub(_in_bracket, inside)}]"
        else:
            yield re.escape(escaped) if escaped else {"*": ".*", "?": "."}.get(char) or re.escape(char)


def _in_bracket(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith("[:") else re.escape(match[1] or match[2])


def _regex(pattern: str) -> Test:
    """Return a test for a POSIX regular expression that the whole value must match, in linear time."""
    options = re2.Options()
    options.posix_syntax = True
    options.longest_match = True
    compiled = _compiled(pattern, options, pattern)
    return lambda value: compiled.fullmatch(_readable(value)) is not None


def _compiled(expression: str | bytes, options: Any, pattern: str) -> Any:
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        why = error.args[0]
        raise PatternError(f"{pattern!r} is no pattern: {why.decode() if isinstance(why, bytes) else why}") from None


def _path_prefix(prefixes: list[str]) -> Test:
    """Return a test for paths that are, or are below, one of the prefixes; their names may be shell patterns."""
    wanted = [[_name_test(name) for name in prefix.split("/") if name] for prefix in prefixes]

    def test(value: str) -> bool:
        names = [name for name in value.split("/") if name]
        return any(
            len(tests) <= len(names) and all(t(n) for t, n in zip(tests, names, strict=False)) for tests in wanted
        )

    return test


def _name_test(name: str) -> Test:
    return glob(name) if set(name) & GLOB_SIGNS else lambda value: bool(value == name)


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _readable(value: str) -> str:
    """Return the value with bytes that are not UTF-8 replaced, which a regular expression cannot see."""
    return _bytes(value).decode("utf-8", "replace")
