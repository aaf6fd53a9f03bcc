"""NBD servers and exports of a daemon: opened once, cut off with certainty."""

import socket
import time
from typing import Any, Final

from infra.volumes.errors import EngineError
from infra.volumes.monitor import Monitor, Refused

CUT_SECONDS: Final = 5.0
RUNNING: Final = "already running"


def listen_unix(monitor: Monitor, path: str) -> None:
    """Let the daemon's NBD server listen on a socket; nothing if it listens. Raises EngineError."""
    _listen(monitor, {"addr": {"type": "unix", "data": {"path": path}}})


def listen_tls(monitor: Monitor, host: str, port: int) -> None:
    """Let the daemon's NBD server listen on a port, for clients with a certificate; nothing if it listens."""
    address = {"type": "inet", "data": {"host": host, "port": str(port)}}
    _listen(monitor, {"addr": address, "tls-creds": "server"})


def free_port(host: str) -> int:
    """Return a TCP port that nobody listens on now. Raises EngineError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((host, 0))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise EngineError(f"Nothing can listen on {host}", str(error)) from None


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


def _listen(monitor: Monitor, arguments: dict[str, Any]) -> None:
    try:
        monitor.execute("nbd-server-start", arguments)
    except Refused as error:
        if RUNNING not in error.why:
            raise
