"""Volumes: from nothing to attached, freezes, a rebuild under load. `python -m benchmarks.volumes` runs this alone."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.volumes.joining import Joining
from infra.volumes.words import LayerSource, Member
from tests import volumes
from tests.volumes import VOLUME, Node

RUNS: Final = 9
REBUILDS: Final = 3
GIB: Final = 1 << 30
RATE: Final = 2000
Row = tuple[str, str, str]


def rows() -> list[Row]:
    """Measure on this machine, all nodes on loopback, replicas over TLS."""
    return [_attach(), *_freezes(), *_rebuilds()]


def _attach() -> Row:
    seconds = []
    for _ in range(RUNS):
        with _node() as node:
            begun = time.monotonic()
            node.control(node.start("r1", listen="unix"), node.start("r2"))
            seconds.append(time.monotonic() - begun)
    return ("Volume of two replicas, created to attached", _spread(seconds, 1000, "ms"), "under 1000 ms")


def _freezes() -> Iterator[Row]:
    for iops in (0, RATE):
        with _node() as node:
            address = node.control(node.start("r1", listen="unix"), node.start("r2"))
            parts = (node.part("r1"), node.part("r2"))
            with _load(address, iops):
                taken = [
                    node.controllers.snapshot(VOLUME, generation=1, layer=f"s{n}", members=parts).frozen_ms
                    for n in range(RUNS)
                ]
        yield (f"Freeze for a snapshot, {iops} writes a second", _spread(taken, 1, "ms"), "under 50 ms")


def _rebuilds() -> Iterator[Row]:
    seconds, frozen = [], []
    for _ in range(REBUILDS):
        with _node(GIB) as node:
            address = node.control(node.start("r1", listen="unix"))
            _fill(address)
            with _load(address, RATE):
                begun = time.monotonic()
                frozen.append(_rebuild(node))
                seconds.append(time.monotonic() - begun)
    yield ("Rebuild of 1 GiB under load, copied over TLS and compared", _spread(seconds, 1, "s"), "")
    yield ("Freeze in which the rebuilt replica joins", _spread(frozen, 1, "ms"), "")


def _rebuild(node: Node) -> float:
    source = node.part("r1")
    new: Member = node.start("r2", ("b",))
    joining = Joining(member=new, peer=node.replicas, incarnation=1, source=source, frozen="a")
    taken = node.controllers.join(VOLUME, generation=1, layer="b", members=(source,), joining=joining)
    if taken.missing:
        raise RuntimeError(f"{taken.missing} did not join")
    layers = (LayerSource(name="a", node=node.name, volume=VOLUME, replica="r1"),)
    node.replicas.build(VOLUME, "r2", GIB, layers)
    node.replicas.settle(VOLUME, "r2", 1, ("a",))
    return taken.frozen_ms


def _fill(address: str) -> None:
    argv = ["fio", "--name=fill", "--ioengine=nbd", f"--uri={address}", "--rw=write", "--bs=1M", "--size=1G"]
    subprocess.run([*argv, "--refill_buffers", "--end_fsync=1"], check=True, capture_output=True)


@contextmanager
def _load(address: str, iops: int) -> Iterator[None]:
    if not iops:
        yield
        return
    # A thread, so that nothing of it is left when it is killed.
    argv = [
        "fio",
        "--thread",
        "--name=load",
        "--ioengine=nbd",
        f"--uri={address}",
        "--rw=randwrite",
        "--bs=4k",
        "--iodepth=8",
    ]
    load = subprocess.Popen(
        [*argv, "--size=64M", f"--rate_iops={iops}", "--time_based", "--runtime=600"], stdout=subprocess.DEVNULL
    )
    try:
        time.sleep(0.5)
        yield
    finally:
        load.kill()
        load.wait()


@contextmanager
def _node(size: int = volumes.SIZE) -> Iterator[Node]:
    usual, volumes.SIZE = volumes.SIZE, size
    with tempfile.TemporaryDirectory(prefix="deedlog-bench-") as folder:
        node = Node(Path(folder), Path(folder) / "tls", "n1")
        try:
            yield node
        finally:
            node.kill_all()
            volumes.SIZE = usual


def _spread(figures: list[float], factor: float, unit: str) -> str:
    low, middle, high = min(figures) * factor, statistics.median(figures) * factor, max(figures) * factor
    return f"{middle:.3g} {unit} ({low:.3g} to {high:.3g}, {len(figures)} runs)"


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ", file=sys.stdout)
