"""Snapshots of a volume that is written: the same on every replica, whoever is killed meanwhile."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from infra.volumes.controlling import alive
from infra.volumes.errors import EngineError
from infra.volumes.freezing import freeze, thaw
from infra.volumes.watching import watch
from tests.volumes import VOLUME, Node, content, fio, is_equal, is_running, write

pytestmark = pytest.mark.volume

ROOT = Path(__file__).parents[3]
DETACHED = 20.0


def attached(node: Node, *names: str) -> str:
    return node.control(*(node.start(name) for name in names))


def detach(node: Node) -> None:
    assert node.controllers.release(VOLUME, 1).clean
    for one in node.replicas.running():
        assert node.replicas.stop(VOLUME, one.replica, 1)


def test_snapshots_of_a_volume_under_load_are_the_same_on_all_replicas(node: Node) -> None:
    address = attached(node, "r1", "r2")
    parts = (node.part("r1"), node.part("r2"))
    frozen = []
    with fio(address) as process:
        for layer in "bcdef":
            time.sleep(0.2)
            taken = node.controllers.snapshot(VOLUME, generation=1, layer=layer, members=parts)
            assert (taken.replicas, taken.missing) == (("r1", "r2"), ())
            assert node.controllers.snapshot(VOLUME, generation=1, layer=layer, members=parts) == taken
            frozen.append(taken.frozen_ms)
        assert is_running(process)
    detach(node)
    assert [layer for layer in "abcdef" if not is_equal(node.file("r1", layer), node.file("r2", layer))] == []
    print(f"frozen for {', '.join(f'{one:.0f}' for one in frozen)} ms")
    assert max(frozen) < 2000


@pytest.mark.parametrize("moment", ["before prepare", "after prepare", "before take", "after take"])
def test_whoever_takes_a_snapshot_may_be_killed_and_the_repetition_finishes_it(
    node: Node, tmp_path: Path, moment: str
) -> None:
    address = attached(node, "r1", "r2")
    parts = (node.part("r1"), node.part("r2"))
    with fio(address):
        time.sleep(0.3)
        assert taking(tmp_path, moment).wait(30) == -signal.SIGKILL
        taken = node.controllers.snapshot(VOLUME, generation=1, layer="b", members=parts)
        assert (taken.replicas, taken.missing) == (("r1", "r2"), ())
    detach(node)
    assert is_equal(node.file("r1", "a"), node.file("r2", "a"))
    assert is_equal(node.file("r1", "b"), node.file("r2", "b"))


def test_whoever_takes_snapshots_may_be_killed_at_any_time(node: Node, tmp_path: Path) -> None:
    address = attached(node, "r1", "r2")
    parts = (node.part("r1"), node.part("r2"))
    with fio(address, mib=24):
        for n, layer in enumerate("bcde"):
            program = taking(tmp_path, "never", layer)
            wait_for_prepared(node, layer, program)
            time.sleep(n * 0.008)
            with suppress(ProcessLookupError):
                os.kill(program.pid, signal.SIGKILL)
            program.wait(30)
            taken = node.controllers.snapshot(VOLUME, generation=1, layer=layer, members=parts)
            assert (taken.replicas, taken.missing) == (("r1", "r2"), ())
    detach(node)
    assert [layer for layer in "abcde" if not is_equal(node.file("r1", layer), node.file("r2", layer))] == []


def test_not_one_request_passes_a_freeze(node: Node) -> None:
    address = attached(node, "r1", "r2")
    write(address, "write -P 1 0 64k")
    before = content(node.file("r1", "a"))
    with alive(node.folder / VOLUME / "controller", 1).monitor() as monitor:
        freeze(monitor)
        client = subprocess.Popen(["qemu-io", "-f", "raw", "-c", "write -P 2 0 64k", address], stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            client.communicate(timeout=1)
        assert content(node.file("r1", "a")) == before
        thaw(monitor)
    assert b"wrote" in client.communicate(timeout=10)[0]
    write(address, "read -P 2 0 64k")


def test_a_volume_left_frozen_is_thawed_and_who_missed_the_snapshot_is_told(node: Node, tmp_path: Path) -> None:
    address = attached(node, "r1", "r2")
    assert taking(tmp_path, "before take").wait(30) == -signal.SIGKILL
    # r1 may have taken it; r2 has not.
    with watching(node):
        write(address, "write -P 5 0 4k")
    taken = node.controllers.snapshot(VOLUME, generation=1, layer="b", members=(node.part("r1"), node.part("r2")))
    assert {*taken.replicas, *taken.missing} == {"r1", "r2"}
    write(address, "read -P 5 0 4k")


def test_a_snapshot_fails_in_time_if_a_replica_hangs_and_the_volume_goes_on_without_it(node: Node) -> None:
    address = attached(node, "r1", "r2")
    write(address, "write -P 1 0 4k")
    parts = (node.part("r1"), node.part("r2"))
    hung = node.pid("r2")
    os.kill(hung, signal.SIGSTOP)
    try:
        with pytest.raises(EngineError, match="no answer to blockdev-reopen") as caught:
            node.controllers.snapshot(VOLUME, generation=1, layer="b", members=parts)
    finally:
        os.kill(hung, signal.SIGKILL)
    assert not caught.value.permanent
    with watching(node):
        write(address, "write -P 2 4k 4k", "read -P 1 0 4k")
    node.controllers.drop(VOLUME, 1, "r2")
    taken = node.controllers.snapshot(VOLUME, generation=1, layer="b", members=parts)
    assert (taken.replicas, taken.missing) == (("r1",), ("r2",))


def test_a_snapshot_that_nobody_can_take_leaves_the_volume_as_it_was(node: Node) -> None:
    address = attached(node, "r1")
    with pytest.raises(EngineError, match="none could prepare it"):
        node.controllers.snapshot(VOLUME, generation=1, layer="b", members=(node.part("r1", incarnation=7),))
    write(address, "write -P 1 0 4k", "read -P 1 0 4k")


def test_a_frozen_layer_is_shown_and_the_one_that_is_written_is_not(node: Node) -> None:
    attached(node, "r1")
    with pytest.raises(EngineError, match="not frozen"):
        node.replicas.read_layer(VOLUME, "r1", "a", 0, 4096)
    node.controllers.snapshot(VOLUME, generation=1, layer="b", members=(node.part("r1"),))
    size = node.replicas.layer_size(VOLUME, "r1", "a")
    assert node.replicas.read_layer(VOLUME, "r1", "a", 0, size + 9) == node.file("r1", "a").read_bytes()
    for layer, message in (("b", "not frozen"), ("c", "There is no layer")):
        with pytest.raises(EngineError, match=message):
            node.replicas.layer_size(VOLUME, "r1", layer)
    shown = node.replicas.serve(VOLUME, "r1", "a")
    assert node.replicas.serve(VOLUME, "r1", "a") == shown
    for _ in range(2):
        node.replicas.unserve(VOLUME, "r1", "a")


def taking(folder: Path, moment: str, layer: str = "b") -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "tests.volume_programs", str(folder), moment, layer], cwd=ROOT)


def wait_for_prepared(node: Node, layer: str, program: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + DETACHED
    while not node.file("r2", layer).exists() and program.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.001)


@contextmanager
def watching(node: Node) -> Iterator[None]:
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(node.folder, stop, print))
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
