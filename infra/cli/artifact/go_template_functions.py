"""The functions of templates: those of Go's text/template, and those of sprig that people use with artifacts.

Sources: the documentation of text/template of Go 1.26 and of Masterminds/sprig v3.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from infra.cli.artifact.go_prints import go_type, plain, sprint, sprintf, sprintln


class Missing:
    """What stands for a field that is not there."""


NOTHING: Final = Missing()


def truth(value: Any) -> bool:
    """Say whether a value is true: not false, zero, empty or nothing."""
    return False if isinstance(value, Missing) else bool(value)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"wrong type for value; expected a number; got {go_type(value)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"wrong type for value; expected string; got {go_type(value)}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"wrong type for value; expected a list; got {go_type(value)}")
    return value


def _int(value: Any) -> int:
    """Return a number that is no float: those of JSON are floats to Go, and refused."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"wrong type for value; expected int; got {go_type(value)}")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"wrong type for value; expected bool; got {go_type(value)}")
    return value


def _map(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"wrong type for value; expected a map; got {go_type(value)}")
    return value


def _whole(value: Any) -> int:
    """Return a whole number of anything, as spf13/cast does: 0 for what is none."""
    if isinstance(value, str):
        return int(value.partition(".")[0]) if re.fullmatch(r"[+-]?\d+(\.0*)?", value) else 0
    return int(value) if isinstance(value, int | float) else 0


def _float(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return 0.0


def _same(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        raise TypeError("non-comparable type " + go_type(one if isinstance(one, dict | list) else other))
    if isinstance(one, bool) != isinstance(other, bool) or not (numbers or type(one) is type(other)):
        if one is None or other is None:
            return False
        raise TypeError("incompatible types for comparison")
    return bool(one == other)


def _eq(one: Any, *others: Any) -> bool:
    if not others:
        raise TypeError("missing argument for comparison")
    return any(_same(one, other) for other in others)


def _less(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    if isinstance(one, str) or isinstance(other, str):
        raise TypeError("incompatible types for comparison")
    return _number(one) < _number(other)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if value is None:
            raise TypeError("index of untyped nil")
        if isinstance(value, dict):
            value = value.get(_text(key), NOTHING)
            value = None if value is NOTHING else value
            continue
        place = int(_number(key))
        items = value.encode() if isinstance(value, str) else _list(value)
        if not 0 <= place < len(items):
            raise LookupError(f"index out of range: {place}")
        value = items[place]
    return value


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if not isinstance(value, dict | list):
        raise TypeError("len of nil pointer" if value is None else f"len of type {go_type(value)}")
    return len(value)


def _slice(value: Any, *places: Any) -> Any:
    bounds = [int(_number(place)) for place in places]
    items: Any = value if isinstance(value, str) else _list(value)
    start, stop = (*bounds, len(items))[:2] if bounds else (0, len(items))
    if not 0 <= start <= stop <= len(items):
        raise LookupError(f"index out of range: {stop}")
    return items[start:stop]


def _as_json(value: Any, *, pretty: bool = False, html: bool = True) -> str:
    text = json.dumps(
        _json(value), ensure_ascii=False, sort_keys=True, indent=2 if pretty else None, separators=_separators(pretty)
    )
    if html:
        for character in "<>&":
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _separators(pretty: bool) -> tuple[str, str]:
    return (",", ": ") if pretty else (",", ":")


def _json(value: Any) -> Any:
    """Return a value whose floats are whole numbers where they are that, as Go writes them."""
    match value:
        case float() if value.is_integer() and abs(value) < 1e21:
            return int(value)
        case dict():
            return {key: _json(item) for key, item in value.items()}
        case list():
            return [_json(item) for item in value]
        case _:
            return value


def _from_json(text: Any) -> Any:
    from infra.cli.artifact.go_data import as_data

    try:
        return as_data(json.loads(_text(text)))
    except ValueError:
        return None


def _strings(value: Any) -> list[str]:
    if isinstance(value, list):
        return [plain(item) for item in value if item is not None]
    return [] if value is None else [plain(value)]


def _title(text: str) -> str:
    return re.sub(r"(^|\s)(\S)", lambda match: match[1] + match[2].upper(), text)


def _quote(*values: Any) -> str:
    return " ".join(json.dumps(plain(value), ensure_ascii=False) for value in values if value is not None)


def _indent(spaces: Any, text: Any) -> str:
    pad = " " * _int(spaces)
    return pad + _text(text).replace("\n", "\n" + pad)


def _split(separator: str, text: str) -> dict[str, Any]:
    return {f"_{number}": part for number, part in enumerate(text.split(separator))}


def _trunc(count: Any, text: Any) -> str:
    length, whole = _int(count), _text(text)
    if length < 0:
        return whole[length:] if len(whole) + length > 0 else whole
    return whole[:length]


def _substring(start: Any, end: Any, text: Any) -> str:
    first, last, whole = _int(start), _int(end), _text(text)
    if first < 0:
        return whole[:last]
    return whole[first:] if last < 0 or last > len(whole) else whole[first:last]


def _uniq(items: Any) -> list[Any]:
    found: list[Any] = []
    for item in _list(items):
        if item not in found:
            found.append(item)
    return found


def _sequence(*bounds: Any) -> str:
    """Return numbers from, by, to, both ends included."""
    ends = [int(_number(bound)) for bound in bounds]
    first, last = (1, ends[0]) if len(ends) == 1 else (ends[0], ends[-1])
    step = ends[1] if len(ends) > 2 else 1 if last >= first else -1
    return " ".join(map(str, range(first, last + (1 if step > 0 else -1), step)))


def _kind(value: Any) -> str:
    kinds = {"map[string]interface {}": "map", "[]interface {}": "slice", "<nil>": "invalid"}
    return kinds.get(go_type(value), go_type(value))


def _dict(*pairs: Any) -> dict[str, Any]:
    return {plain(pairs[at]): pairs[at + 1] if at + 1 < len(pairs) else "" for at in range(0, len(pairs), 2)}


def _set(value: Any, key: Any, item: Any) -> dict[str, Any]:
    _map(value)[_text(key)] = item
    return _map(value)


def _unset(value: Any, key: Any) -> dict[str, Any]:
    _map(value).pop(_text(key), None)
    return _map(value)


def _picked(value: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key in keys}


def _dig(*words: Any) -> Any:
    *keys, default, value = words
    for key in map(_text, keys):
        inner = _map(value)
        if key not in inner:
            return default
        value = inner[key]
    return value


def _fail(text: Any) -> Any:
    raise ValueError(_text(text))


def _base64(text: Any) -> str:
    from base64 import b64encode

    return b64encode(_text(text).encode()).decode()


def _from_base64(text: Any) -> str:
    from base64 import b64decode

    return b64decode(_text(text)).decode(errors="replace")


def _sha256(text: Any) -> str:
    from hashlib import sha256

    return sha256(_text(text).encode()).hexdigest()


def _environment(name: Any) -> str:
    import os

    return os.environ.get(_text(name), "")


def _found(pattern: Any, text: Any) -> str:
    match = re.search(_text(pattern), _text(text))
    return match[0] if match else ""


def _replaced(pattern: Any, text: Any, new: Any) -> str:
    return re.sub(_text(pattern), re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", _text(new)), _text(text))


def _escaped(*values: Any) -> str:
    from html import escape

    shown = tuple("<no value>" if value is None else value for value in values)
    return escape(sprint(shown)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def _in_url(*values: Any) -> str:
    from urllib.parse import quote_plus

    return quote_plus(sprint(values), safe="")


def _sum(*values: Any) -> int:
    return sum(map(_whole, values))


def _product(*values: Any) -> int:
    product = 1
    for value in values:
        product *= _whole(value)
    return product


def _quotient(one: Any, other: Any) -> int:
    # Go rounds towards zero.
    quotient = abs(_whole(one)) // abs(_whole(other))
    return quotient if (_whole(one) < 0) == (_whole(other) < 0) else -quotient


def _base(path: Any) -> str:
    return _text(path).rstrip("/").rpartition("/")[2] or ("/" if path else ".")


def _folder(path: Any) -> str:
    import posixpath

    return posixpath.normpath(posixpath.dirname(_text(path)) or ".")


def _ending(path: Any) -> str:
    name = _text(path).rpartition("/")[2]
    return "." + name.rpartition(".")[2] if "." in name else ""


_GO: Final[dict[str, Callable[..., Any]]] = {
    "not": lambda value: not truth(value),
    "eq": _eq,
    "ne": lambda one, other: not _same(one, other),
    "lt": _less,
    "le": lambda one, other: not _less(other, one),
    "gt": lambda one, other: _less(other, one),
    "ge": lambda one, other: not _less(one, other),
    "index": _index,
    "len": _length,
    "print": lambda *values: sprint(values),
    "println": lambda *values: sprintln(values),
    "printf": lambda form, *values: sprintf(_text(form), values),
    "html": _escaped,
    "urlquery": _in_url,
}
_TEXTS: Final[dict[str, Callable[..., Any]]] = {
    "upper": lambda text: _text(text).upper(),
    "lower": lambda text: _text(text).lower(),
    "title": lambda text: _title(_text(text)),
    "trim": lambda text: _text(text).strip(),
    "trimAll": lambda cut, text: _text(text).strip(_text(cut)),
    "trimPrefix": lambda prefix, text: _text(text).removeprefix(_text(prefix)),
    "trimSuffix": lambda suffix, text: _text(text).removesuffix(_text(suffix)),
    "hasPrefix": lambda prefix, text: _text(text).startswith(_text(prefix)),
    "hasSuffix": lambda suffix, text: _text(text).endswith(_text(suffix)),
    "contains": lambda part, text: _text(part) in _text(text),
    "replace": lambda old, new, text: _text(text).replace(_text(old), _text(new)),
    "repeat": lambda count, text: _text(text) * _int(count),
    "nospace": lambda text: re.sub(r"\s", "", _text(text)),
    "trunc": _trunc,
    "substr": _substring,
    "quote": _quote,
    "squote": lambda *values: " ".join(f"'{plain(value)}'" for value in values if value is not None),
    "cat": lambda *values: " ".join(plain(value) for value in values if value is not None),
    "indent": _indent,
    "nindent": lambda spaces, text: "\n" + _indent(spaces, text),
    "toString": plain,
    "split": lambda separator, text: _split(_text(separator), _text(text)),
    "splitList": lambda separator, text: list(_text(text).split(_text(separator))),
    "join": lambda separator, items: _text(separator).join(_strings(items)),
    "b64enc": _base64,
    "b64dec": _from_base64,
    "sha256sum": _sha256,
    "regexMatch": lambda pattern, text: re.search(_text(pattern), _text(text)) is not None,
    "regexFind": _found,
    "regexReplaceAll": _replaced,
    "base": _base,
    "dir": _folder,
    "ext": _ending,
    "env": _environment,
    "fail": _fail,
}
_LISTS: Final[dict[str, Callable[..., Any]]] = {
    "list": lambda *items: list(items),
    "tuple": lambda *items: list(items),
    "slice": _slice,
    "first": lambda items: next(iter(_list(items)), None),
    "last": lambda items: next(reversed(_list(items)), None),
    "rest": lambda items: _list(items)[1:],
    "initial": lambda items: _list(items)[:-1],
    "reverse": lambda items: _list(items)[::-1],
    "append": lambda items, item: [*_list(items), item],
    "prepend": lambda items, item: [item, *_list(items)],
    "concat": lambda *lists: [item for items in lists for item in _list(items)],
    "has": lambda item, items: items is not None and item in _list(items),
    "without": lambda items, *gone: [item for item in _list(items) if item not in gone],
    "uniq": _uniq,
    "compact": lambda items: [item for item in _list(items) if truth(item)],
    "sortAlpha": lambda items: sorted(_strings(items)) if isinstance(items, list) else [plain(items)],
    "seq": _sequence,
    "until": lambda count: list(range(_int(count))),
}
_MAPS: Final[dict[str, Callable[..., Any]]] = {
    "dict": _dict,
    "get": lambda value, key: _map(value).get(_text(key), ""),
    "set": _set,
    "unset": _unset,
    "hasKey": lambda value, key: _text(key) in _map(value),
    "keys": lambda *maps: sorted(key for value in maps for key in _map(value)),
    "values": lambda value: [_map(value)[key] for key in sorted(_map(value))],
    "pick": lambda value, *keys: _picked(_map(value), set(map(_text, keys))),
    "omit": lambda value, *keys: _picked(_map(value), set(_map(value)) - set(map(_text, keys))),
    "pluck": lambda key, *maps: [_map(value)[key] for value in maps if _text(key) in _map(value)],
    "dig": _dig,
}
_OTHERS: Final[dict[str, Callable[..., Any]]] = {
    "default": lambda default, *given: given[0] if given and truth(given[0]) else default,
    "empty": lambda value: not truth(value),
    "coalesce": lambda *values: next((value for value in values if truth(value)), None),
    "all": lambda *values: all(map(truth, values)),
    "any": lambda *values: any(map(truth, values)),
    "ternary": lambda yes, no, value: yes if _bool(value) else no,
    "toJson": _as_json,
    "toPrettyJson": lambda value: _as_json(value, pretty=True),
    "toRawJson": lambda value: _as_json(value, html=False),
    "fromJson": _from_json,
    "kindOf": _kind,
    "typeOf": go_type,
    "kindIs": lambda kind, value: _kind(value) == kind,
    "int": _whole,
    "int64": _whole,
    "atoi": lambda text: int(text) if re.fullmatch(r"[+-]?\d+", _text(text)) else 0,
    "float64": _float,
    "add": _sum,
    "add1": lambda value: _whole(value) + 1,
    "sub": lambda one, other: _whole(one) - _whole(other),
    "mul": _product,
    "div": _quotient,
    "mod": lambda one, other: _whole(one) - _whole(other) * _quotient(one, other),
    "max": lambda *values: max(map(_whole, values)),
    "min": lambda *values: min(map(_whole, values)),
}
FUNCTIONS: Final = {**_GO, **_TEXTS, **_LISTS, **_MAPS, **_OTHERS}
