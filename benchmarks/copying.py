"""How fast a layer is copied from one node to another, both on this machine: `python -m benchmarks.copying`."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from infra.kafka.ports import free_ports
from infra.volumes.certificates import ensure
from infra.volumes.copying import copy_layer
from infra.volumes.peers import RemotePeer
from tests.layers import FolderPeer
from tests.peer_programs import LAYER

Row = tuple[str, str, str]

HOST = "127.0.0.1"
SIZE = 1 << 30
RUNS = 3


def rows() -> list[Row]:
    """Copy a layer without holes several times, and a file of the same size as a plain copy does it."""
    with tempfile.TemporaryDirectory(prefix="deedlog-bench-", dir="/var/tmp") as folder:
        place = Path(folder)
        layer = FolderPeer(place / "source").put(*LAYER, os.urandom(SIZE))
        plain = rates(lambda target: plainly(layer, target), place / "plain")
        certificates = ensure(place / "tls", "n1", [HOST])
        (port,) = free_ports(1)
        argv = [sys.executable, "-m", "tests.peer_programs", "serve", HOST, str(port)]
        with subprocess.Popen([*argv, certificates, place / "source"], stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            server.stdout.readline()
            peer = RemotePeer(HOST, port, certificates)
            copied = rates(lambda target: copy_layer(peer, *LAYER, target, lambda *_: None), place / "copied")
            peer.close()
            server.kill()
    return [
        ("a layer copied to another node", told(copied), "aim: 300 MB/s"),
        ("a file copied and fsynced, no network", told(plain), "floor"),
    ]


def rates(copy: Callable[[Path], None], target: Path) -> list[float]:
    """Return MB/s of several copies."""
    found = []
    for _ in range(RUNS):
        before = time.perf_counter()
        copy(target)
        found.append(SIZE / 1e6 / (time.perf_counter() - before))
        target.unlink()
    return found


def plainly(source: Path, target: Path) -> None:
    """Copy a file and make it durable."""
    subprocess.run(["cp", "--reflink=never", source, target], check=True)
    subprocess.run(["sync", target], check=True)


def told(found: list[float]) -> str:
    """Return the median and the range."""
    return f"{statistics.median(found):.0f} MB/s ({min(found):.0f}-{max(found):.0f})"


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="; ")
