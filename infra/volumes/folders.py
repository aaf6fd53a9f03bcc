"""Where the engines of a node keep their files, and which names are allowed."""

import re
from pathlib import Path
from typing import Final

from infra.volumes.daemon import Daemon
from infra.volumes.errors import EngineError
from infra.volumes.words import LONGEST_NAME, NAME_PATTERN

CONTROLLER: Final = "controller"
ENDPOINT: Final = "endpoint.sock"
SOCKET_BYTES: Final = 107
"""Of a path that a client can connect to. Source: unix(7), sun_path."""
NAME: Final = re.compile(NAME_PATTERN)


def replica_folder(root: Path, volume: str, replica: str) -> Path:
    """Return the folder of a replica. Raises EngineError for names that are not allowed."""
    allowed(volume, replica)
    if replica == CONTROLLER:
        raise EngineError(f"A replica cannot be named {CONTROLLER}", "that is the controller's folder", permanent=True)
    return root / volume / replica


def controller_folder(root: Path, volume: str) -> Path:
    """Return the folder of a volume's controller. Raises EngineError for a name that is not allowed."""
    allowed(volume)
    return root / volume / CONTROLLER


def endpoint(root: Path, volume: str) -> Path:
    """Return the socket at which a volume is used. Raises EngineError if its path is too long for clients."""
    allowed(volume)
    path = root / volume / ENDPOINT
    if (size := len(bytes(path))) > SOCKET_BYTES:
        why = f"its socket {path} has {size} bytes, and a socket's path may have {SOCKET_BYTES}: choose a shorter home"
        raise EngineError(f"The volume {volume} cannot be attached", why, permanent=True)
    return path


def allowed(*names: str) -> None:
    """Raise EngineError if one of the names is not allowed."""
    for name in names:
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            why = f"a name matches {NAME_PATTERN} and has at most {LONGEST_NAME} characters"
            raise EngineError(f"{name!r} is no name", why, permanent=True)


def replica_daemon(folder: Path, incarnation: int) -> Daemon:
    """Return the process of a replica."""
    return Daemon(folder, f"i{incarnation}")


def serving_daemon(folder: Path, layer: str) -> Daemon:
    """Return the process that shows a frozen layer of a replica to others."""
    return Daemon(folder, f"s-{layer}")


def controller_daemon(folder: Path, generation: int) -> Daemon:
    """Return the process of a controller."""
    return Daemon(folder, f"g{generation}")


def number(daemon: Daemon, letter: str) -> int | None:
    """Return the number in the name of a replica's (`i`) or controller's (`g`) process, None for another."""
    digits = daemon.name.removeprefix(letter)
    return int(digits) if daemon.name.startswith(letter) and digits.isdigit() else None
