"""NBD servers and exports of a daemon: opened once, cut off with certainty."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from infra.volumes.errors import EngineError
from infra.volumes.monitor import Monitor, RefusedError

CUT_SECONDS: Final = 5.0
REPLICA: Final = "r-i"
"""Begins the names of exports that are for controllers."""
RUNNING: Final = "already running"


def replica_export(incarnation: int, generation: int) -> str:
    """Return the name of a replica's export: another for each process, and for each controller."""
    return f"{REPLICA}{incarnation}-g{generation}"


def volume_export(volume: str, epoch: int) -> str:
    """Return the name under which a controller exports its volume: another for each epoch."""
    return f"{volume}-e{epoch}"


def unix_uri(name: str, socket_path: Path | str) -> str:
    """Return the URI of an export behind a socket, as clients of NBD take it (NBD's URI specification)."""
    return f"nbd+unix:///{name}?socket={socket_path}"


def listen_unix(monitor: Monitor, path: str) -> None:
    """Let the daemon's NBD server listen on a socket; nothing if it listens. Raises EngineError."""
    try:
        monitor.execute("nbd-server-start", {"addr": {"type": "unix", "data": {"path": path}}})
    except RefusedError as error:
        if RUNNING not in error.why:
            raise


@contextmanager
def tls_listener(host: str) -> Iterator[tuple[socket.socket, tuple[str, str]]]:
    """Yield a socket that listens on a free port, and the argument that makes a daemon that inherits it serve there.

    Only clients with a certificate are let in. Raises EngineError.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        try:
            listener.bind((host, 0))
            listener.listen()
        except OSError as error:
            raise EngineError(f"Nothing can listen on {host}", str(error)) from None
        # Connections inherit it; before 8.1 QEMU does not ask for it, and answers waited 40 ms for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = {"type": "fd", "str": str(listener.fileno())}
        server = {"addr": address, "tls-creds": "server", "max-connections": 0}
        yield listener, ("--nbd-server", msgspec.json.encode(server).decode())


def of_replica(monitor: Monitor) -> dict[str, str]:
    """Return those exports that are for controllers, and the node they show: the head."""
    return {export: node for export, node in exported(monitor).items() if export.startswith(export_id(REPLICA))}


def exported(monitor: Monitor) -> dict[str, str]:
    """Return the exports of the daemon and the nodes they show."""
    return {export["id"]: export["node-name"] for export in monitor.execute("query-block-exports")}


def export(monitor: Monitor, name: str, node: str, *, writable: bool) -> None:
    """Export a node under a name; nothing if it is there."""
    identity = export_id(name)
    if identity not in exported(monitor):
        monitor.execute(
            "block-export-add",
            {"type": "nbd", "id": identity, "node-name": node, "name": name, "writable": writable},
        )


def cut(monitor: Monitor, identities: set[str]) -> None:
    """End exports at once, connections and all; when this returns no request of theirs is under way."""
    for identity in identities & set(exported(monitor)):
        monitor.execute("block-export-del", {"id": identity, "mode": "hard"})
    end = time.monotonic() + CUT_SECONDS
    while identities & set(exported(monitor)):
        if time.monotonic() > end:
            raise EngineError("Exports do not end", f"{', '.join(sorted(identities))}, in {CUT_SECONDS} s")
        time.sleep(0.001)


def export_id(name: str) -> str:
    """Return the identifier of an export, which must begin with a letter."""
    return f"x-{name}"
