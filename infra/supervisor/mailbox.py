"""Receives what a child says by sd_notify, on a socket of its own."""

import asyncio
import os
import secrets
import socket
import struct
from collections.abc import Callable
from typing import Final

from infra.notify import decode, socket_address

LARGEST: Final = 4096
CREDENTIALS: Final = struct.Struct("3i")
"""struct ucred of unix(7): pid, uid, gid."""


class Mailbox:
    """A datagram socket that hands each message of a process of our user to `receive`."""

    def __init__(self, receive: Callable[[dict[str, str]], None]) -> None:
        # An abstract name: it has no limit of a path, and nothing is left of it after a kill.
        self.address = f"@deedlog-{secrets.token_hex(8)}"
        self._receive = receive
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(socket_address(self.address))
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def close(self) -> None:
        """Take no more messages."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        space = socket.CMSG_SPACE(CREDENTIALS.size)
        try:
            data, ancillary, _, _ = self._socket.recvmsg(LARGEST, space)
        except OSError:
            return
        if any(_is_ours(level, kind, content) for level, kind, content in ancillary):
            self._receive(decode(data))


def _is_ours(level: int, kind: int, content: bytes) -> bool:
    if (level, kind) != (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) or len(content) < CREDENTIALS.size:
        return False
    _, user, _ = CREDENTIALS.unpack(content[: CREDENTIALS.size])
    return user in (0, os.getuid())
