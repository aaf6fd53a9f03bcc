"""Label selectors, as kubectl has them: `app=web,tier!=cache,!old,zone in (a,b)`."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from infra.cli.errors import USAGE, CliError

Labels = Mapping[str, str]
Selector = Callable[[Labels], bool]

_KEY: Final = r"([A-Za-z0-9][-A-Za-z0-9_./]*)"
_TEXT: Final = r"([-A-Za-z0-9_.]*)"
_EQUAL: Final = re.compile(rf"{_KEY}\s*(=|==|!=)\s*{_TEXT}", re.ASCII)
_SET: Final = re.compile(rf"{_KEY}\s+(in|notin)\s+\(([-A-Za-z0-9_.,\s]*)\)", re.ASCII)
_THERE: Final = re.compile(rf"(!?)\s*{_KEY}", re.ASCII)
_COMMA: Final = re.compile(r",(?![^(]*\))")
LABEL: Final = re.compile(rf"{_KEY}={_TEXT}", re.ASCII)


def selector(text: str | None) -> Selector:
    """Return what says whether labels are selected; without a text all are. Raises CliError."""
    parts = [_part(part.strip()) for part in _COMMA.split(text)] if text else []
    return lambda labels: all(part(labels) for part in parts)


def _part(text: str) -> Selector:
    if found := _EQUAL.fullmatch(text):
        key, sign, wanted = found.groups()
        # As in Kubernetes, what has no such label is not equal to anything.
        return lambda labels: (labels.get(key) == wanted) == (sign != "!=")
    if found := _SET.fullmatch(text):
        key, sign, listed = found.groups()
        texts = {one.strip() for one in listed.split(",")}
        return lambda labels: (labels.get(key) in texts) == (sign == "in")
    if found := _THERE.fullmatch(text):
        no, key = found.groups()
        return lambda labels: (key in labels) == (not no)
    why = "It takes NAME=TEXT, NAME!=TEXT, NAME, !NAME, NAME in (A,B), NAME notin (A,B), parted by commas"
    raise CliError(f"{text!r} selects nothing", why, "-l app=web", USAGE)


def changes(texts: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return labels to set and names of labels to remove, given as NAME=TEXT and NAME-. Raises CliError."""
    labels: dict[str, str] = {}
    remove: list[str] = []
    for text in texts:
        if found := LABEL.fullmatch(text):
            labels[found[1]] = found[2]
        elif text.endswith("-") and re.fullmatch(_KEY, text[:-1], re.ASCII):
            remove.append(text[:-1])
        else:
            raise CliError(f"{text!r} is no label", "It takes NAME=TEXT to set one, NAME- to remove one", "", USAGE)
    if both := labels.keys() & set(remove):
        raise CliError(f"{min(both)} is set and removed", "", "give one of them", USAGE)
    return labels, tuple(remove)
