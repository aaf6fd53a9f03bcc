"""Tells the supervisor how this process is doing, by systemd's sd_notify protocol.

Source: sd_notify(3). Datagrams of `NAME=value` lines go to the socket named by $NOTIFY_SOCKET; a name that
begins with @ is in the abstract namespace.
"""

import contextlib
import os
import socket
from typing import Final

VARIABLE: Final = "NOTIFY_SOCKET"


def notify(**state: object) -> None:
    """Send the state, `notify(ready=1, status="judging")`, if there is somebody to tell.

    Never raises: a pipeline without a supervisor, or with a busy one, goes on.
    """
    address = os.environ.get(VARIABLE, "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(encode(state), socket_address(address))


def encode(state: dict[str, object]) -> bytes:
    """Return the datagram for the state: names in upper case, one line each."""
    return "\n".join(f"{name.upper()}={_one_line(value)}" for name, value in state.items()).encode()


def decode(datagram: bytes) -> dict[str, str]:
    """Return the state in a datagram; lines that are no assignments are left out."""
    lines = datagram.decode("utf-8", "replace").split("\n")
    return {name: value for name, sign, value in (line.partition("=") for line in lines) if sign and name}


def socket_address(text: str) -> str | bytes:
    """Return the address for `socket` calls: @name is the abstract name."""
    return b"\0" + os.fsencode(text[1:]) if text.startswith("@") else text


def _one_line(value: object) -> str:
    return " ".join(str(value).splitlines())
