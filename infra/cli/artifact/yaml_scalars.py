"""Texts as values of YAML, as go-yaml writes them, which is how annotations stand in trees of referrers.

Source: YAML 1.2.2, chapter 7; which texts are quoted because they would be read as something else is that of YAML 1.1.
"""

import re
from typing import Final

READ_AS_ELSE: Final = re.compile(
    r"""
    | ~ | null | Null | NULL | true | True | TRUE | false | False | FALSE
    | [-+]?0b[01_]+ | [-+]?0o?[0-7_]+ | [-+]?0x[0-9a-fA-F_]+
    | [-+]?(\.[0-9]+ | [0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?
    | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\ ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?\ *(Z|[-+][0-9]{1,2}(:[0-9]{2})?)?)?
    """,
    re.VERBOSE,
)
ONCE_ELSE: Final = re.compile(
    r"<<|[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
)
"""What readers of YAML 1.1 take for something else, and those of today do not."""
UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\U00010000-\U0010ffff]")
NOT_PLAIN: Final = re.compile(r"[-?:](\s|$)|[,\[\]{}#&*!|>'\"%@`]|---|\.\.\.|\s")
"""What a plain text must not begin with."""
ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\0": "\\0",
    "\x1b": "\\e",
    "\x07": "\\a",
}


def entry(key: str, value: str) -> str:
    """Return a map of one entry as YAML."""
    return f"{scalar(key, key=True)}: {scalar(value)}"


def scalar(text: str, *, key: bool = False) -> str:
    """Return a text as YAML: plain if that is what it is read as, else in quotes, or in lines of its own."""
    if "\n" in text and not key and not UNPRINTABLE.search(text) and not re.search(r" \n|^\s*$|^\n| $", text):
        return _block(text)
    if READ_AS_ELSE.fullmatch(text) or UNPRINTABLE.search(text) or re.search(r"[\n\t]", text):
        return _double(text)
    if ONCE_ELSE.fullmatch(text) or NOT_PLAIN.match(text) or re.search(r":(\s|$)|\s#|\s$", text):
        return "'" + text.replace("'", "''") + "'"
    return text


def _block(text: str) -> str:
    keep = "" if text.endswith("\n") and not text.endswith("\n\n") else "+" if text.endswith("\n") else "-"
    hint = "4" if text.startswith(" ") else ""
    lines = text.removesuffix("\n").split("\n")
    return f"|{hint}{keep}\n" + "\n".join(f"    {line}" if line else "" for line in lines)


def _double(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in ESCAPES or not UNPRINTABLE.match(character):
        return ESCAPES.get(character, character)
    number = ord(character)
    return f"\\x{number:02X}" if number < 1 << 8 else f"\\u{number:04X}" if number < 1 << 16 else f"\\U{number:08X}"
