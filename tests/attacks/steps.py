"""What a step of the set is: something that is done, and the alerts that must follow."""

from typing import Literal

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One act of a set: an attack, or what looks like one and must stay silent.

    `command` is argv. `{bin}` in it is a folder with programs of any name (`programs`), `{tmp}` one that is empty.
    """

    name: str
    command: tuple[str, ...]
    expected: tuple[str, ...] = ()
    """Names of the rules that must fire, as often as they must."""
    where: Literal["host", "container"] = "host"
    programs: tuple[str, ...] = ()
    """Names that copies of Python are given in `{bin}`; names that are applets are copies of busybox."""
    user: int = 0
    environment: tuple[str, ...] = ()
    """Variables, NAME=value."""
    terminal: bool = False
    options: tuple[str, ...] = ()
    """Of podman run."""


def host(name: str, *command: str, expected: tuple[str, ...] = (), **more: object) -> Step:
    """Return a step on the host."""
    return Step(name=name, command=command, expected=expected, where="host", **more)  # type: ignore[arg-type]


def inside(name: str, script: str | tuple[str, ...], *expected: str, **more: object) -> Step:
    """Return a step in a container: a script of its first process, a shell; or the first process's argv."""
    command = ("sh", "-c", script) if isinstance(script, str) else script
    return Step(name=name, command=command, expected=expected, where="container", **more)  # type: ignore[arg-type]
