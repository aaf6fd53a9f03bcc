"""Makes a daemon copy parts of an export up from the layers below it, by the NBD command CACHE.

It is QEMU's copy-on-read. Up to 8.0 that ends the whole daemon if asked, for an image with subclusters, for anything
but whole clusters (`skip_bytes < pnum` in block/io.c), as its own job `block-stream` does: so every request here is of
whole clusters. Source: the NBD protocol, https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md.
"""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.volumes.errors import EngineError
from infra.volumes.monitor import connected
from infra.volumes.tls import client_context
from schemas.types.volumes import Address

SECONDS: Final = 60.0
GREETING: Final = struct.Struct(">8s8sH")
OPTION: Final = struct.Struct(">8sII")
OPTION_REPLY: Final = struct.Struct(">QIII")
EXPORT: Final = struct.Struct(">QH")
REQUEST: Final = struct.Struct(">IHHQQI")
REPLY: Final = struct.Struct(">IIQ")
MAGIC: Final = b"NBDMAGIC"
OPTION_MAGIC: Final = b"IHAVEOPT"
FIXED_NEWSTYLE_NO_ZEROES: Final = 3
EXPORT_NAME: Final = 1
STARTTLS: Final = 5
ACKNOWLEDGED: Final = 1
SEND_CACHE: Final = 1 << 10
REQUEST_MAGIC: Final = 0x25609513
REPLY_MAGIC: Final = 0x67446698
DISCONNECT: Final = 2
FLUSH: Final = 3
CACHE: Final = 5


@contextmanager
def prefetcher(address: Address, tls: Path | None) -> Iterator["Prefetcher"]:
    """Yield a connection to an export. Raises EngineError, in the context too, for whatever goes wrong on the way."""
    try:
        with _connected(address) as plain:
            _greet(plain)
            with _secured(plain, address, tls) as stream:
                yield Prefetcher(stream, address.export)
    except (OSError, struct.error) as error:
        raise EngineError(f"The export {address.export} cannot be used", str(error)) from error


class Prefetcher:
    """An export whose daemon copies up what it is told to."""

    def __init__(self, stream: socket.socket, export: str) -> None:
        self._stream = stream
        name = export.encode()
        stream.sendall(OPTION.pack(OPTION_MAGIC, EXPORT_NAME, len(name)) + name)
        _, flags = EXPORT.unpack(_receive(stream, EXPORT.size))
        if not flags & SEND_CACHE:
            raise EngineError(f"The export {export} cannot be used", "it does not know NBD_CMD_CACHE", permanent=True)

    def fetch(self, offset: int, length: int) -> None:
        """Copy up a range of whole clusters."""
        self._ask(CACHE, offset, length)

    def flush(self) -> None:
        """Wait until all that was copied is on the disk."""
        self._ask(FLUSH, 0, 0)

    def close(self) -> None:
        """Say that there is no more to come."""
        self._stream.sendall(REQUEST.pack(REQUEST_MAGIC, 0, DISCONNECT, 0, 0, 0))

    def _ask(self, command: int, offset: int, length: int) -> None:
        self._stream.sendall(REQUEST.pack(REQUEST_MAGIC, 0, command, offset, offset, length))
        magic, error, handle = REPLY.unpack(_receive(self._stream, REPLY.size))
        if (magic, handle) != (REPLY_MAGIC, offset):
            raise OSError("its answer is not understood")
        if error:
            raise OSError(error, f"NBD command {command} of {length} bytes at {offset} failed")


def _connected(address: Address) -> socket.socket:
    if address.path:
        stream = connected(Path(address.path))
        stream.settimeout(SECONDS)
        return stream
    return socket.create_connection((address.host, address.port), SECONDS)


def _greet(stream: socket.socket) -> None:
    magic, options, _ = GREETING.unpack(_receive(stream, GREETING.size))
    if (magic, options) != (MAGIC, OPTION_MAGIC):
        raise OSError("it is no NBD server")
    stream.sendall(struct.pack(">I", FIXED_NEWSTYLE_NO_ZEROES))


def _secured(stream: socket.socket, address: Address, tls: Path | None) -> socket.socket:
    if address.path:
        return stream
    if tls is None:
        raise OSError("this node has no certificates")
    stream.sendall(OPTION.pack(OPTION_MAGIC, STARTTLS, 0))
    _, _, answer, length = OPTION_REPLY.unpack(_receive(stream, OPTION_REPLY.size))
    _receive(stream, length)
    if answer != ACKNOWLEDGED:
        raise ssl.SSLError("it does not speak TLS")
    return client_context(tls).wrap_socket(stream, server_hostname=address.host)


def _receive(stream: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = stream.recv(size - len(received))
        if not part:
            raise ConnectionResetError("it ended the connection")
        received += part
    return bytes(received)
