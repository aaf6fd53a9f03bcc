"""Texts as values of YAML, as go-yaml writes them, which is how annotations stand in trees of referrers.

Source: YAML 1.2.2, chapter 7; which texts are quoted because they would be read as something else is that of YAML 1.1.
"""

import re
from typing import Final

READ_AS_ELSE: Final = re.compile(
    r"""
    | ~ | null | Null | NULL | <<
    | y | Y | yes | Yes | YES | on | On | ON | true | True | TRUE
    | n | N | no | No | NO | off | Off | OFF | false | False | FALSE
    | [-+]?0b[01_]+ | [-+]?0o?[0-7_]+ | [-+]?0x[0-9a-fA-F_]+
    | [-+]?(\.[0-9]+ | [0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?
    | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN)
    | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\ ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?\ *(Z|[-+][0-9]{1,2}(:[0-9]{2})?)?)?
    """,
    re.VERBOSE,
)
UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
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
    if "\n" in text and not key and not UNPRINTABLE.search(text) and not re.search(r" \n|^\s| $", text):
        return _block(text)
    if READ_AS_ELSE.fullmatch(text) or UNPRINTABLE.search(text) or "\n" in text:
        return _double(text)
    if NOT_PLAIN.match(text) or re.search(r":(\s|$)|\s#|\s$", text):
        return "'" + text.replace("'", "''") + "'"
    return text


def _block(text: str) -> str:
    keep = "" if text.endswith("\n") and not text.endswith("\n\n") else "+" if text.endswith("\n") else "-"
    lines = text.removesuffix("\n").split("\n")
    return f"|{keep}\n" + "\n".join(f"    {line}" if line else "" for line in lines)


def _double(text: str) -> str:
    def escaped(character: str) -> str:
        if character in ESCAPES:
            return ESCAPES[character]
        return f"\\x{ord(character):02X}" if UNPRINTABLE.match(character) else character

    return '"' + "".join(map(escaped, text)) + '"'
