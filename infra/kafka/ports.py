"""Free ports on loopback, for a broker that lives only for a moment."""

import random
import socket
from contextlib import ExitStack
from typing import Final

# Below the ports that Linux gives to outgoing connections, which could take one before it is used.
RANGE: Final = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 on which nobody listens just now, all different."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = random.choice(RANGE)
            if _bound(held.enter_context(socket.socket()), port):
                ports.append(port)
    return ports


def _bound(each: socket.socket, port: int) -> bool:
    try:
        each.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
