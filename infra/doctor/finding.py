"""What a check of this machine is, and what it finds."""

from collections.abc import Callable
from typing import Literal

import msgspec

from infra.config import Settings

Level = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """The outcome of a check: how bad, what is so, and what to do about it."""

    level: Level
    text: str
    fix: str = ""


class Check(msgspec.Struct, frozen=True):
    """A named question to this machine; `needed` means that the pipeline cannot start without it."""

    name: str
    run: Callable[[Settings], Finding]
    needed: bool = False


def ok(text: str) -> Finding:
    """Return that all is well."""
    return Finding("ok", text)


def warn(text: str, fix: str) -> Finding:
    """Return that something will work less well."""
    return Finding("warn", text, fix)


def fail(text: str, fix: str) -> Finding:
    """Return that something cannot work."""
    return Finding("fail", text, fix)
