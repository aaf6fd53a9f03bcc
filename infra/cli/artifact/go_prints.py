"""Values as Go's fmt prints them, which is how they appear in what a template gives.

Source: the documentation of fmt and strconv of Go 1.26. Numbers of JSON are floats there.
"""

import json
import re
from typing import Any, Final

DIRECTIVE: Final = re.compile(r"%([-+# 0]*)(\d*)(?:\.(\d*))?(.)", re.DOTALL)
FLOATS: Final = "eEfFgG"
SHORT: Final = 6
"""Power of ten from which on a number is written with an exponent."""


def plain(value: Any) -> str:
    """Return a value as %v prints it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case float():
            return go_float(value)
        case dict():
            return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
        case list() | tuple():
            return "[" + " ".join(map(plain, value)) + "]"
        case _:
            return str(value)


def go_float(value: float) -> str:
    """Return a float in its shortest form: with an exponent below 1e-4 and from a million on."""
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    if value != value:
        return "NaN"
    mantissa, _, exponent = f"{value!r}".partition("e")
    digits, power = _shortest(mantissa, int(exponent or 0))
    if -4 <= power < SHORT:
        return _fixed(value)
    sign = "-" if value < 0 else ""
    fraction = f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{fraction}e{power:+03d}"


def _shortest(mantissa: str, exponent: int) -> tuple[str, int]:
    """Return the digits of a number without zeros around them, and the power of ten of the first."""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    power = exponent + len(whole) - 1 - (len(whole + fraction) - len(digits)) if digits else 0
    return digits.rstrip("0") or "0", power


def _fixed(value: float) -> str:
    text = f"{value:.20f}" if abs(value) < 1e-3 else repr(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def go_type(value: Any) -> str:
    """Return the name of a value's type."""
    names = {str: "string", bool: "bool", int: "int", float: "float64", dict: "map[string]interface {}"}
    return names.get(type(value), "[]interface {}" if isinstance(value, list) else "<nil>")


def sprint(values: tuple[Any, ...]) -> str:
    """Return values one after the other, with a blank between two that are no strings."""
    parts = ""
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            parts += " "
        parts += plain(value)
    return parts


def sprintln(values: tuple[Any, ...]) -> str:
    """Return values with blanks between them, and a newline."""
    return " ".join(map(plain, values)) + "\n"


def sprintf(form: str, values: tuple[Any, ...]) -> str:
    """Return a text with values in place of its directives."""
    rest = list(values)

    def put(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not rest:
            return f"%!{verb}(MISSING)"
        text = _formatted(rest.pop(0), flags, verb, precision)
        fill = "0" if "0" in flags and "-" not in flags and verb in "dxXfeg" else " "
        if fill == "0" and text[:1] in "+-" and text:
            return text[0] + text[1:].rjust(int(width or 0) - 1, fill)
        return text.ljust(int(width or 0)) if "-" in flags else text.rjust(int(width or 0), fill)

    done = DIRECTIVE.sub(put, form)
    extra = ", ".join(_typed(value) for value in rest)
    return done + (f"%!(EXTRA {extra})" if rest else "")


def _formatted(value: Any, flags: str, verb: str, precision: str | None) -> str:
    if isinstance(value, list) and verb not in "vT":
        return "[" + " ".join(_inside(one, flags, verb, precision) for one in value) + "]"
    if isinstance(value, dict) and verb not in "vT":
        pairs = (
            (_inside(key, flags, verb, None), _inside(value[key], flags, verb, precision)) for key in sorted(value)
        )
        return "map[" + " ".join(f"{key}:{text}" for key, text in pairs) + "]"
    match verb:
        case "v":
            return plain(value)
        case "T":
            return go_type(value)
        case "t" if isinstance(value, bool):
            return plain(value)
        case "s" | "q" | "x" | "X" if isinstance(value, str):
            return _text(value if precision is None else value[: int(precision or 0)], verb)
        case "d" | "x" | "X" | "c" | "b" | "o" | "q" if isinstance(value, int) and not isinstance(value, bool):
            return _whole(value, flags, verb)
        case _ if verb in FLOATS and isinstance(value, float):
            return _float(value, flags, verb, precision)
    return f"%!{verb}({_typed(value)})"


def _typed(value: Any) -> str:
    return "<nil>" if value is None else f"{go_type(value)}={plain(value)}"


def _inside(value: Any, flags: str, verb: str, precision: str | None) -> str:
    return "<nil>" if value is None else _formatted(value, flags, verb, precision)


def _text(value: str, verb: str) -> str:
    if verb == "q":
        return json.dumps(value, ensure_ascii=False).replace("\\u00", "\\x").replace("\\b", "\\b")
    if verb in "xX":
        return format(int.from_bytes(value.encode()), f"0{2 * len(value.encode())}{verb}") if value else ""
    return value


def _whole(value: int, flags: str, verb: str) -> str:
    if verb in "cq":
        return chr(value) if verb == "c" else repr(chr(value))
    return ("+" if "+" in flags and value >= 0 else "") + format(value, verb)


def _float(value: float, flags: str, verb: str, precision: str | None) -> str:
    sign = "+" if "+" in flags and value >= 0 else ""
    if precision is None and verb in "gG":
        return sign + go_float(value)
    return sign + format(value, f".{6 if precision is None else int(precision or 0)}{verb}")
