"""What is behind the descriptors of a process."""

import posixpath
from typing import Final

import msgspec

from probes.captures.sockets import Ends

FIFO: Final = 1
DIRECTORY: Final = 4
FILE: Final = 8
SOCKET: Final = 12


class Descriptor(msgspec.Struct, frozen=True):
    """A file or socket: `kind` is st_mode >> 12, 0 if not known."""

    kind: int = 0
    path: bytes = b""
    family: int = 0
    protocol: int = 0
    local: bytes = b""
    local_port: int = 0
    remote: bytes = b""
    remote_port: int = 0
    closes_on_exec: bool = False

    def connected(self, ends: Ends, *, inbound: bool = False) -> "Descriptor":
        """Return the socket with the ends of its connection; the source is the peer if it is inbound."""
        if not ends.family:
            return self
        near, near_port, far, far_port = ends[1:5]
        if inbound:
            near, near_port, far, far_port = far, far_port, near, near_port
        return msgspec.structs.replace(
            self,
            kind=SOCKET,
            family=ends.family,
            local=near or self.local,
            local_port=near_port or self.local_port,
            remote=far or self.remote,
            remote_port=far_port or self.remote_port,
            path=ends.path or self.path,
        )


NOTHING: Final = Descriptor()

Opened = tuple[bytes, bytes, bool, bool]
"""A file just opened, not looked at yet: the directory, the path, if it closes on exec, if it is a directory."""
Descriptors = dict[int, Descriptor | Opened]
"""Descriptors of one process by number."""


def look(table: Descriptors, number: int) -> Descriptor:
    """Return what is behind a descriptor; NOTHING if that is not known."""
    found = table.get(number, NOTHING)
    if isinstance(found, tuple):
        base, path, closes_on_exec, directory = found
        kind = DIRECTORY if directory else 0
        found = table[number] = Descriptor(kind, joined(base, path), closes_on_exec=closes_on_exec)
    return found


def kept_by_exec(table: Descriptors) -> Descriptors:
    """Return the descriptors that an exec does not close."""
    return {
        number: found
        for number, found in table.items()
        if not (found[2] if isinstance(found, tuple) else found.closes_on_exec)
    }


def joined(base: bytes, path: bytes) -> bytes:
    """Return an absolute path; empty if it cannot be known."""
    if not path:
        return b""
    if not path.startswith(b"/"):
        if not base.startswith(b"/"):
            return b""
        path = base + b"/" + path
    return posixpath.normpath(b"/" + path.lstrip(b"/"))
