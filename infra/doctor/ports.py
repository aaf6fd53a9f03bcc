"""Checks that the ports are free, and says who has them if not."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra.config import Settings
from infra.doctor.finding import Finding, fail, ok
from infra.supervisor.state import holder

LISTEN: Final = "0A"


def ports(settings: Settings) -> Finding:
    """Check that nobody else listens on the pipeline's ports."""
    wanted = wanted_ports(settings)
    if holder(settings) is not None:
        return ok(f"{', '.join(map(str, wanted.values()))}: the running pipeline's")
    taken = {name: port for name, port in wanted.items() if not is_free(port)}
    if not taken:
        return ok(f"{', '.join(map(str, wanted.values()))} are free")
    name, port = next(iter(taken.items()))
    return fail(f"port {port} of 127.0.0.1 is taken by {owner(port)}", f"stop that, or: deedlog --set {name}=PORT up")


def wanted_ports(settings: Settings) -> dict[str, int]:
    """Return the ports that the pipeline listens on, by the names of their settings."""
    names = ("kafka_port", "controller_port", "api_port") if settings.embedded else ("api_port",)
    return {name: getattr(settings, name) for name in names}


def is_free(port: int) -> bool:
    """Say whether a port of 127.0.0.1 can be listened on."""
    with socket.socket() as trial:
        # As servers do: connections that have ended hold a port for a while, which harms nobody.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def owner(port: int) -> str:
    """Return who listens on a port, as far as /proc tells us."""
    inodes = set(listening(port))
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and inodes & set(sockets(process)):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            return f"pid {process.name} ({command.strip()[:60]})"
    return "a process of another user" if inodes else "a process that cannot be seen from here"


def listening(port: int) -> Iterator[str]:
    """Yield the socket inodes that listen on a port of IPv4 or IPv6. Source: proc_net_tcp.rst of the kernel."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def sockets(process: Path) -> Iterator[str]:
    """Yield the socket inodes that a process holds, none if we may not look."""
    try:
        for entry in (process / "fd").iterdir():
            target = str(entry.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:
        return
