"""Addresses of sockets as captures hold them: one, or both ends of a connection."""

import struct
from functools import lru_cache
from typing import Final, NamedTuple

UNIX: Final = 1
INET: Final = 2
INET6: Final = 10
ADDRESS_BYTES: Final = {INET: 4, INET6: 16}
POINTERS: Final = 16
"""Bytes of the two kernel addresses that stand before a unix socket's path."""


class Ends(NamedTuple):
    """Both ends of a socket; addresses of 4 or 16 bytes in network order, empty if not known."""

    family: int = 0
    source: bytes = b""
    source_port: int = 0
    destination: bytes = b""
    destination_port: int = 0
    path: bytes = b""


@lru_cache(4096)
def ends(value: bytes) -> Ends:
    """Return what a pair of addresses says; Ends() if it says nothing."""
    family = value[0] if value else 0
    size = ADDRESS_BYTES.get(family)
    if family == UNIX:
        return Ends(UNIX, path=_path(value[1 + POINTERS :]))
    if size is None or len(value) < 2 * size + 5:
        return Ends(family)
    half = size + 2
    source, source_port = _address(value[1:], size)
    destination, destination_port = _address(value[1 + half :], size)
    return Ends(family, source, source_port, destination, destination_port)


@lru_cache(4096)
def address(value: bytes) -> Ends:
    """Return what one address says, as the destination."""
    family = value[0] if value else 0
    size = ADDRESS_BYTES.get(family)
    if family == UNIX:
        return Ends(UNIX, path=_path(value[1:]))
    if size is None or len(value) < size + 3:
        return Ends(family)
    destination, port = _address(value[1:], size)
    return Ends(family, destination=destination, destination_port=port)


def _address(value: bytes, size: int) -> tuple[bytes, int]:
    return value[:size], struct.unpack_from("<H", value, size)[0]


def _path(value: bytes) -> bytes:
    return value.partition(b"\0")[0]
