"""Engines are killed and hang while the volume is written: what was flushed is there, and nobody comes back."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from infra.volumes.errors import EngineError
from infra.volumes.watching import watch
from infra.volumes.words import ControllerDied, MemberFailed, ReplicaDied, Report
from tests.volumes import SIZE, VOLUME, Node, content, fio, is_equal, is_running, write

pytestmark = pytest.mark.volume

Nodes = Callable[[str], Node]
SECONDS = 10.0
R2_DIED = ReplicaDied(volume=VOLUME, replica="r2", incarnation=1)
R2_FAILED = MemberFailed(volume=VOLUME, generation=1, replica="r2")


class Reports:
    """What a watcher reports, and when."""

    def __init__(self) -> None:
        self.made: list[tuple[float, Report]] = []

    def __call__(self, report: Report) -> None:
        self.made.append((time.monotonic(), report))

    def all(self) -> set[Report]:
        return {report for _, report in self.made}

    def when(self, wanted: Report) -> float:
        """Wait for a report, and return when it came."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for at, report in tuple(self.made):
                if report == wanted:
                    return at
            time.sleep(0.005)
        raise AssertionError(f"no {wanted} among {self.made}")


@contextmanager
def watching(node: Node) -> Iterator[Reports]:
    stop, reports = threading.Event(), Reports()
    watcher = threading.Thread(target=watch, args=(node.folder, stop, reports))
    watcher.start()
    try:
        yield reports
    finally:
        stop.set()
        watcher.join()


def test_a_replica_that_dies_under_load_is_reported_within_a_second_and_the_volume_goes_on(node: Node) -> None:
    address = node.control(node.start("r1"), node.start("r2"))
    with watching(node) as reports, fio(address) as process:
        time.sleep(0.3)
        node.kill("r2")
        killed = time.monotonic()
        died, failed = reports.when(R2_DIED) - killed, reports.when(R2_FAILED) - killed
        print(f"death reported after {died * 1000:.0f} ms, the member after {failed * 1000:.0f} ms")
        assert max(died, failed) < 1
        node.controllers.drop(VOLUME, 1, "r2")
        assert is_running(process)
    assert reports.all() == {R2_DIED, R2_FAILED}
    with pytest.raises(EngineError, match="no other one works"):
        node.controllers.drop(VOLUME, 1, "r1")


def test_only_deaths_that_nobody_wanted_are_reported(node: Node) -> None:
    address = node.control(node.start("r1"), node.start("r2"), node.start("r3"))
    with watching(node) as reports:
        write(address, "write -P 1 0 4k")
        time.sleep(0.3)
        node.controllers.release(VOLUME, 1)
        node.replicas.stop(VOLUME, "r1", 1)
        node.replicas.remove(VOLUME, "r2")
        node.control(node.start("r1", incarnation=2, generation=2), generation=2)
        os.kill(node.controllers.running()[0].pid, signal.SIGKILL)
        reports.when(ControllerDied(volume=VOLUME, generation=2))
    assert reports.all() == {ControllerDied(volume=VOLUME, generation=2)}


def test_what_died_while_nobody_watched_is_reported_when_somebody_does(node: Node) -> None:
    node.start("r2")
    node.kill("r2")
    with watching(node) as reports:
        reports.when(R2_DIED)
        time.sleep(0.3)
    assert [report for _, report in reports.made] == [R2_DIED]


def test_an_incarnation_that_is_gone_never_starts_again(node: Node) -> None:
    address = node.control(node.start("r1"), node.start("r2"))
    with fio(address, mib=8):
        time.sleep(0.2)
        node.kill("r2")
        time.sleep(0.1)
        with pytest.raises(EngineError, match="spent") as caught:
            node.start("r2")
        assert caught.value.permanent
        # Under a new name the controller does not find it.
        node.start("r2", incarnation=2)
        time.sleep(0.3)
        node.controllers.drop(VOLUME, 1, "r2")
    assert node.replicas.stop(VOLUME, "r2", 2)
    with pytest.raises(EngineError, match="spent"):
        node.start("r2", incarnation=2)


def test_a_controller_that_is_gone_never_starts_again(node: Node) -> None:
    member = node.start("r1")
    node.control(member)
    os.kill(node.controllers.running()[0].pid, signal.SIGKILL)
    time.sleep(0.1)
    with pytest.raises(EngineError, match=r"Generation 1 .* is spent"):
        node.control(member)
    assert not node.controllers.release(VOLUME, 1).clean
    # One that never was can be forbidden.
    assert node.controllers.release(VOLUME, 5).clean
    with pytest.raises(EngineError, match="spent"):
        node.control(member, generation=5)


def test_a_controller_that_hung_writes_no_more_when_its_volume_is_elsewhere(nodes: Nodes) -> None:
    here, there = nodes("n1"), nodes("n2")
    members = [here.start("r1"), there.start("r2")]
    first = here.control(*members)
    write(first, "write -P 1 0 8M")
    zombie = here.controllers.running()[0].pid
    client = subprocess.Popen(
        [
            *(
                "fio",
                "--thread",
                "--name=z",
                "--ioengine=nbd",
                f"--uri={first}",
                "--rw=randwrite",
                "--bs=4k",
                "--iodepth=8",
            ),
            *("--size=8M", "--time_based", "--runtime=30", "--rate_iops=1000"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        time.sleep(0.5)
        os.kill(zombie, signal.SIGSTOP)
        here.replicas.fence(VOLUME, "r1", 1, 2)
        there.replicas.fence(VOLUME, "r2", 1, 2)
        with pytest.raises(EngineError, match="belongs to generation 2"):
            here.replicas.fence(VOLUME, "r1", 1, 1)
        second = there.control(here.start("r1", generation=2), there.start("r2", generation=2), generation=2)
        write(second, "write -P 2 0 8M")
        before = content(second)
        os.kill(zombie, signal.SIGCONT)
        assert client.wait(20) != 0
        assert content(second) == before
        write(second, "read -P 2 0 8M")
    finally:
        os.kill(zombie, signal.SIGCONT)
        client.kill()
        client.communicate()
    assert there.controllers.release(VOLUME, 2).clean
    for node, name in ((here, "r1"), (there, "r2")):
        assert node.replicas.stop(VOLUME, name, 1)
    assert is_equal(here.file("r1", "a"), there.file("r2", "a"))


def test_what_was_flushed_is_there_when_all_engines_were_killed(node: Node) -> None:
    address = node.control(node.start("r1"), node.start("r2"))
    write(address, "write -P 1 0 8M", "write -P 2 5M 1000k", "write -P 3 63M 1M")
    before = content(address)
    for generation in (2, 3):
        node.kill_all()
        incarnation = generation
        assert not node.replicas.stop(VOLUME, "r1", incarnation - 1)
        assert not node.replicas.inspect(VOLUME, "r1").clean
        members = [node.start(name, incarnation=incarnation, generation=generation) for name in ("r1", "r2")]
        address = node.control(*members, generation=generation, epoch=generation)
        assert content(address) == before
        write(address, "write -P 1 0 8M", "write -P 2 5M 1000k")
    # The name of the epoch before leads nowhere.
    old = address.replace(f"-e{generation}", "-e1")
    done = subprocess.run(["qemu-img", "info", old], capture_output=True, text=True, check=False)
    assert "not available" in done.stderr


def test_a_controller_of_a_later_generation_takes_the_place_of_one_that_hangs(node: Node) -> None:
    members = [node.start(name) for name in ("r1", "r2")]
    address = node.control(*members)
    write(address, "write -P 1 0 4k")
    hung = node.controllers.running()[0].pid
    os.kill(hung, signal.SIGSTOP)
    for name in ("r1", "r2"):
        node.replicas.fence(VOLUME, name, 1, 2)
    again = node.control(*(node.start(name, generation=2) for name in ("r1", "r2")), generation=2)
    assert again == address
    assert hung not in [one.pid for one in node.controllers.running()]
    write(again, "read -P 1 0 4k", "write -P 2 0 4k")
    assert node.controllers.release(VOLUME, 2).clean
    assert node.replicas.sizes(VOLUME, "r1")["a"] < SIZE
