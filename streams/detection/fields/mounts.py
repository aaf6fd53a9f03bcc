"""Fields of what is mounted into the container that an event came from.

A mount is named by its number, or by a path that may be a shell pattern: `container.mount.dest[/etc]` is where /etc of
the host is. What is not there is `<NA>`: rules ask `not container.mount.dest[/etc] in ("<NA>")`.
"""

from collections.abc import Callable
from typing import Any, Final

from schemas.types.syscalls import Mount
from streams.detection.fields.field import Field
from streams.detection.levels import PROGRAM, Reader
from streams.detection.operators import glob
from streams.detection.processes import Process

NOT_THERE: Final = "<NA>"

Part = Callable[[Mount], str]


def _whole(mount: Mount) -> str:
    return ":".join((mount.source, mount.dest, mount.mode, _writable(mount), mount.propagation))


def _writable(mount: Mount) -> str:
    return "true" if mount.rdwr else "false"


def _named(key: str, by: Part, part: Part) -> Reader:
    """Return the reader of a part of the first mount that a number, or a pattern of its path, names."""
    number = int(key) if key.isdecimal() else None
    fits = glob(key)

    def reader(process: Process) -> str:
        mounts = process.container.mounts if process.container else ()
        if number is not None:
            return part(mounts[number]) if number < len(mounts) else NOT_THERE
        return next((part(mount) for mount in mounts if fits(by(mount))), NOT_THERE)

    return reader


def _field(name: str, doc: str, part: Part, *, by: Part = lambda mount: mount.source, by_what: str = "source") -> Field:
    return Field(
        name=name,
        type="string",
        doc=f"{doc} of a mount of the container, named by its number from 0 or its {by_what}; `<NA>` if there is none.",
        level=PROGRAM,
        how=_whole,
        keyed=lambda key: _named(key, by, part),
        needs_index=True,
    )


def _all(process: Process) -> Any:
    return None if process.container is None else " ".join(map(_whole, process.container.mounts)) or None


FIELDS: Final = (
    Field(
        name="container.mounts",
        type="string",
        doc="What of the host is mounted into the container, `source:dest:mode:rdwr:propagation` each; absent without.",
        level=PROGRAM,
        how=_all,
    ),
    _field("container.mount", "All parts, `source:dest:mode:rdwr:propagation`,", _whole),
    _field(
        "container.mount.source",
        "Path on the host",
        lambda mount: mount.source,
        by=lambda mount: mount.dest,
        by_what="destination",
    ),
    _field("container.mount.dest", "Path in the container", lambda mount: mount.dest),
    _field("container.mount.mode", "Options", lambda mount: mount.mode),
    _field("container.mount.rdwr", "`true` or `false`: whether it may be written,", _writable),
    _field("container.mount.propagation", "Propagation", lambda mount: mount.propagation),
)
