"""A replica on another node joins a volume that is written, keeps its snapshots, and is equal in the end."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.volumes.errors import EngineError
from infra.volumes.joining import Joining
from infra.volumes.snapshots import ABANDONED_SECONDS, thaw_abandoned
from infra.volumes.words import Member, Taken
from tests.volumes import SIZE, VOLUME, Node, content, fio, is_equal, is_running, layers, write

pytestmark = pytest.mark.volume

ROOT = Path(__file__).parents[3]
Nodes = Callable[[str], Node]


def join(at: Node, to: Node, new: Member, layer: str, frozen: str, *present: str) -> Taken:
    """Let a replica of node `to` join the volume that is attached at `at`; it leans on the first of those present."""
    parts = tuple(at.part(name) for name in present)
    joining = Joining(member=new, peer=to.replicas, incarnation=1, source=parts[0], frozen=frozen)
    return at.controllers.join(VOLUME, generation=1, layer=layer, members=parts, joining=joining)


def settle(at: Node, to: Node, source: str, replica: str, *names: str) -> None:
    to.replicas.build(VOLUME, replica, SIZE, layers(at, source, *names))
    to.replicas.settle(VOLUME, replica, 1, names)
    at.replicas.unserve(VOLUME, source, names[-1])


def detach(*all_nodes: Node) -> None:
    all_nodes[0].controllers.stop_all()
    for node in all_nodes:
        node.replicas.stop_all()


def assert_equal(first: Node, other: Node, one: str, two: str, *names: str) -> None:
    assert [name for name in names if not is_equal(first.file(one, name), other.file(two, name))] == []


def test_a_replica_is_rebuilt_on_another_node_under_load_with_its_snapshots(nodes: Nodes) -> None:
    here, there = nodes("n1"), nodes("n2")
    address = here.control(here.start("r1", listen="unix"), there.start("r2"))
    write(address, "write -P 1 0 4M", "write -P 2 40M 1000k", "write -P 3 63M 512")
    here.controllers.snapshot(VOLUME, generation=1, layer="b", members=(here.part("r1"), there.part("r2")))
    with fio(address, mib=24) as process:
        time.sleep(0.2)
        there.kill("r2")
        time.sleep(0.2)
        here.controllers.drop(VOLUME, 1, "r2")
        there.replicas.remove(VOLUME, "r2")
        new = there.start("r3", ("c",))
        taken = join(here, there, new, "c", "b", "r1")
        assert (taken.replicas, taken.missing) == (("r1", "r3"), ())
        print(f"frozen for {taken.frozen_ms:.0f} ms")
        assert join(here, there, new, "c", "b", "r1") == taken
        settle(here, there, "r1", "r3", "a", "b")
        settle(here, there, "r1", "r3", "a", "b")
        assert here.controllers.members(VOLUME, 1) == ("r1", "r3")
        assert is_running(process)
    detach(here, there)
    assert_equal(here, there, "r1", "r3", "a", "b", "c")
    # The new one alone is the volume.
    again = here.control(there.start("r3", ("a", "b", "c"), incarnation=2, generation=2), generation=2)
    assert content(again) == content(here.file("r1", "c"))


def test_writes_shorter_than_a_cluster_are_whole_on_a_replica_that_joins(nodes: Nodes) -> None:
    here, there = nodes("n1"), nodes("n2")
    address = here.control(here.start("r1", listen="unix"))
    write(address, "write -P 1 0 8M")
    with fio(address, "--bs=512-9k", "--blockalign=512", "--bs_unaligned=0", "--serialize_overlap=1", mib=8):
        time.sleep(0.1)
        join(here, there, there.start("r3", ("b",)), "b", "a", "r1")
        settle(here, there, "r1", "r3", "a")
    detach(here, there)
    assert_equal(here, there, "r1", "r3", "a", "b")


@pytest.mark.parametrize("moment", ["after prepare", "before lean", "after lean"])
def test_whoever_lets_a_replica_join_may_be_killed(node: Node, tmp_path: Path, moment: str) -> None:
    address = node.control(node.start("r1"), node.start("r2"))
    new = node.start("r3", ("b",))
    with fio(address, mib=8):
        words = (str(tmp_path), moment, "b", new.address.export, str(new.address.port))
        program = subprocess.Popen([sys.executable, "-m", "tests.volume_programs", *words], cwd=ROOT)
        assert program.wait(30) == -signal.SIGKILL
        taken = join(node, node, new, "b", "a", "r1", "r2")
        assert (taken.replicas, taken.missing) == (("r1", "r2", "r3"), ())
        settle(node, node, "r1", "r3", "a")
    detach(node)
    assert_equal(node, node, "r1", "r3", "a", "b")
    assert_equal(node, node, "r1", "r2", "a", "b")


def test_a_replica_that_was_about_to_join_is_left_out_when_the_volume_is_thawed(node: Node, tmp_path: Path) -> None:
    address = node.control(node.start("r1"), node.start("r2"))
    new = node.start("r3", ("b",))
    words = (str(tmp_path), "before lean", "b", new.address.export, str(new.address.port))
    program = subprocess.Popen([sys.executable, "-m", "tests.volume_programs", *words], cwd=ROOT)
    assert program.wait(30) == -signal.SIGKILL
    assert node.controllers.members(VOLUME, 1) == ("r1", "r2", "r3")
    time.sleep(ABANDONED_SECONDS)
    assert thaw_abandoned(node.folder / VOLUME / "controller")
    assert node.controllers.members(VOLUME, 1) == ("r1", "r2")
    write(address, "write -P 1 0 4k")
    with pytest.raises(EngineError, match="b is written already") as caught:
        join(node, node, new, "b", "a", "r1", "r2")
    assert caught.value.permanent


def test_a_replica_that_cannot_join_is_left_out_and_the_snapshot_is_kept(nodes: Nodes) -> None:
    here, there = nodes("n1"), nodes("n2")
    address = here.control(here.start("r1"))
    write(address, "write -P 1 0 4M")
    new = there.start("r3", ("b",))
    # Somebody wrote to it before: it could not be told from what it reads from others.
    write_directly(there, new)
    taken = join(here, there, new, "b", "a", "r1")
    assert (taken.replicas, taken.missing) == (("r1",), ("r3",))
    assert here.controllers.members(VOLUME, 1) == ("r1",)
    write(address, "write -P 2 1M 1M", "read -P 1 0 1M")


def test_a_replica_that_has_not_settled_is_no_volume(nodes: Nodes) -> None:
    here, there = nodes("n1"), nodes("n2")
    here.control(here.start("r1"))
    join(here, there, there.start("r3", ("b",)), "b", "a", "r1")
    there.kill("r3")
    assert there.replicas.inspect(VOLUME, "r3").lost == ("b",)
    with pytest.raises(EngineError, match="cannot be read"):
        there.start("r3", ("a", "b"), incarnation=2)


def write_directly(node: Node, member: Member) -> None:
    at = member.address
    image = (
        f'json:{{"driver":"nbd","server.type":"inet","server.host":"{at.host}","server.port":"{at.port}",'
        f'"export":"{at.export}","tls-creds":"tls"}}'
    )
    argv = [
        *("qemu-io", "--object", f"tls-creds-x509,id=tls,dir={node.tls},endpoint=client"),
        *("-c", "write -P 9 0 64k", "-c", "flush", image),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
