"""Fields of the user that a process runs as."""

from collections.abc import Callable
from typing import Any, Final

from streams.detection.columns import NONE
from streams.detection.fields.absent import absent
from streams.detection.fields.field import Field, Type
from streams.detection.levels import PROCESS
from streams.detection.processes import Process

NAMELESS: Final = "<NA>"
"""What rules compare with to find users and groups that have no name, as Falco says it."""
ACCOUNTS: Final = "Always absent: of /etc/passwd only names are looked up."


def _field(name: str, doc: str, how: Callable[[Process], Any], type: Type = "string") -> Field:
    return Field(name=name, type=type, doc=doc, level=PROCESS, how=how)


def _name(process: Process) -> str | None:
    uid = process.number("uid", NONE)
    return process.string("user") or ("root" if uid == 0 else None if uid is None else NAMELESS)


def _login(process: Process) -> int | None:
    uid = process.number("loginuid")
    return -1 if uid == NONE else uid


def _login_name(process: Process) -> str | None:
    uid = process.number("loginuid", NONE)
    return None if uid is None else process.string("login") or process.user_called(uid)


FIELDS: Final = (
    _field("user.uid", "Effective user id.", lambda process: process.number("uid", NONE), "number"),
    _field("user.name", "Name of the effective user, by the process's own /etc/passwd; `<NA>` if it has none.", _name),
    _field("user.loginuid", "User id at login, which sudo and su keep; -1 if there was no login.", _login, "number"),
    _field(
        "user.loginname",
        "Name of the user at login, by the process's own /etc/passwd, or if an ancestor in its container ran as that "
        "user; `root` for 0.",
        _login_name,
    ),
    absent("user.homedir", ACCOUNTS),
    absent("user.shell", ACCOUNTS),
)
