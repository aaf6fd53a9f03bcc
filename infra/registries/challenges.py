"""Challenges of servers that want to know who one is.

Source: RFC 9110 section 11 (WWW-Authenticate: several challenges, each with a token68 or parameters, all parted by
commas).
"""

import re
from typing import Final

import msgspec

TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
PARAMETER: Final = re.compile(rf"({TOKEN})[ \t]*=[ \t]*({TOKEN}|{QUOTED})[ \t]*(?=,|$)", re.DOTALL)
SCHEME: Final = re.compile(rf"({TOKEN})(?:[ \t]+|(?=,|$))")
TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)")
BETWEEN: Final = re.compile(r"[ \t]*(?:,[ \t]*)*")
ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class Challenge(msgspec.Struct, frozen=True):
    """One way to say who one is."""

    scheme: str
    """Lower case."""
    parameters: dict[str, str] = {}
    """By name in lower case."""


def parse_challenges(value: str) -> tuple[Challenge, ...]:
    """Return the challenges of a WWW-Authenticate field; what follows something that is none is left out."""
    found: list[Challenge] = []
    position = _skip(value, 0)
    while position < len(value):
        parameter = PARAMETER.match(value, position) if found else None
        if parameter is not None:
            found[-1].parameters.setdefault(parameter[1].lower(), _unquoted(parameter[2]))
            position = _skip(value, parameter.end())
        elif (scheme := SCHEME.match(value, position)) is not None:
            found.append(Challenge(scheme[1].lower(), {}))
            position = _skip(value, _after_token68(value, scheme.end()))
        else:
            break
    return tuple(found)


def _after_token68(value: str, position: int) -> int:
    if PARAMETER.match(value, position):
        return position
    token = TOKEN68.match(value, position)
    return token.end() if token is not None else position


def _skip(value: str, position: int) -> int:
    match = BETWEEN.match(value, position)
    return match.end() if match is not None else position


def _unquoted(text: str) -> str:
    return ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text
