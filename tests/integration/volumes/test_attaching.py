"""A volume is made, attached, written, read and detached; each call may be given twice."""

import subprocess
from pathlib import Path

import pytest

from infra.volumes.errors import EngineError
from infra.volumes.replicas import Replicas
from infra.volumes.words import RunningController, RunningReplica
from tests.volumes import SIZE, VOLUME, Node, content, fio, is_equal, write

pytestmark = pytest.mark.volume


@pytest.mark.parametrize("listen", ["unix", "tcp"])
def test_what_is_written_is_read_back_and_is_with_every_replica(node: Node, listen: str) -> None:
    members = [node.start(name, listen="tcp" if listen == "tcp" else "unix") for name in ("r1", "r2")]
    with fio(node.control(*members), "--fsync=32", mib=4):
        pass
    assert node.controllers.release(VOLUME, 1).clean
    assert [node.replicas.stop(VOLUME, name, 1) for name in ("r1", "r2")] == [True, True]
    assert is_equal(node.file("r1", "a"), node.file("r2", "a"))
    check = ["qemu-img", "check", "-q", str(node.file("r1", "a"))]
    assert subprocess.run(check, check=False).returncode == 0


def test_each_call_may_be_given_twice(node: Node) -> None:
    first = [node.start(name) for name in ("r1", "r2")]
    assert [node.start(name) for name in ("r1", "r2")] == first
    address = node.control(*first)
    assert node.control(*first) == address
    write(address, "write -P 7 0 64k")
    found = node.replicas.running()
    assert found == tuple(
        RunningReplica(volume=VOLUME, replica=one, incarnation=1, generation=1, pid=node.pid(one))
        for one in ("r1", "r2")
    )
    (controller,) = node.controllers.running()
    assert controller == RunningController(volume=VOLUME, generation=1, epoch=1, pid=controller.pid)
    for _ in range(2):
        node.controllers.drop(VOLUME, 1, "r2")
        assert node.controllers.members(VOLUME, 1) == ("r1",)
    for _ in range(2):
        node.replicas.fence(VOLUME, "r2", 1, 2)
    assert [node.controllers.release(VOLUME, 1).clean for _ in range(2)] == [True, True]
    assert [node.replicas.stop(VOLUME, "r1", 1) for _ in range(2)] == [True, True]
    for _ in range(2):
        node.replicas.remove(VOLUME, "r2")
    assert not node.file("r2", "a").parent.exists()
    assert node.replicas.inspect(VOLUME, "r1").clean


def test_a_replica_over_more_than_one_layer_is_read_through_all_of_them(node: Node) -> None:
    write(node.control(node.start("r1")), "write -P 1 0 1M")
    node.controllers.snapshot(VOLUME, generation=1, layer="b", members=(node.part("r1"),))
    assert node.controllers.release(VOLUME, 1).clean
    assert node.replicas.stop(VOLUME, "r1", 1)
    address = node.control(node.start("r1", ("a", "b", "c"), incarnation=2, generation=2), generation=2)
    write(address, "write -P 3 512k 1M", "read -P 1 0 512k", "read -P 3 512k 1M", "read -P 0 2M 1M")
    assert node.replicas.inspect(VOLUME, "r1").layers == ("a", "b", "c")


def test_a_volume_that_was_clean_is_the_same_at_its_next_attachment(node: Node) -> None:
    address = node.control(node.start("r1"))
    write(address, "write -P 9 1M 3M")
    before = content(address)
    node.controllers.stop_all()
    node.replicas.stop_all()
    assert content(node.control(node.start("r1", incarnation=2, generation=2), generation=2)) == before


def test_layers_are_deleted_when_told_so_and_never_passed_over(node: Node) -> None:
    node.start("r1", ("a", "b"))
    node.replicas.stop(VOLUME, "r1", 1)
    wanted = {"incarnation": 2, "generation": 1, "size": SIZE, "chain": ("a", "c")}
    with pytest.raises(EngineError, match="its newest layer is b, which is none of a, c") as caught:
        node.replicas.start(VOLUME, "r1", **wanted, listen="unix")
    assert caught.value.permanent
    node.replicas.start(VOLUME, "r1", **wanted, listen="unix", obsolete=frozenset({"b"}))
    assert node.replicas.inspect(VOLUME, "r1").layers == ("a", "c")


def test_a_controller_that_never_was_never_will_be(node: Node) -> None:
    member = node.start("r1")
    ended = node.controllers.release(VOLUME, 1)
    assert (ended.clean, ended.begun) == (True, False)
    with pytest.raises(EngineError, match=r"Generation 1 of volume .* is spent") as caught:
        node.control(member)
    assert caught.value.permanent


def test_a_member_that_missed_writes_is_told_when_the_controller_ends(node: Node) -> None:
    members = [node.start(name) for name in ("r1", "r2")]
    address = node.control(*members)
    node.kill("r2")
    write(address, "write -P 1 0 4k")
    with pytest.raises(EngineError, match="no other one works"):
        node.controllers.drop(VOLUME, 1, "r1")
    assert node.controllers.release(VOLUME, 1).replicas == ("r1",)


def test_a_replica_whose_layers_are_not_those_it_should_have_does_not_start(node: Node) -> None:
    node.start("r1", ("a", "b"))
    node.replicas.stop(VOLUME, "r1", 1)
    with pytest.raises(EngineError, match="its layers are a, b, not b; rebuild it") as caught:
        node.start("r1", ("b",), incarnation=2)
    assert caught.value.permanent
    node.file("r1", "a").unlink()
    assert node.replicas.inspect(VOLUME, "r1").lost == ("b",)
    with pytest.raises(EngineError, match="layer a cannot be read"):
        node.start("r1", ("a", "b"), incarnation=2)


def test_a_member_that_cannot_be_reached_is_named(node: Node) -> None:
    members = [node.start(name) for name in ("r1", "r2")]
    node.kill("r2")
    with pytest.raises(EngineError, match=r"blockdev-add.*refused") as caught:
        node.control(*members)
    assert not caught.value.permanent
    # The call given again with those that are left finds a controller half made, and goes on with it.
    write(node.control(members[0]), "write -P 1 0 4k")


@pytest.mark.parametrize("name", ["", "A", "../x", "x/y", "-x", "x\n", "x" * 97])
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(EngineError, match="is no name"):
        Replicas(tmp_path).remove(VOLUME, name)


def test_a_home_too_long_for_sockets_is_told(nodes: object, tmp_path: Path, node: Node) -> None:
    far = Node(tmp_path / ("x" * 100), tmp_path / "tls", "n2")
    member = far.start("r1", listen="unix")
    with pytest.raises(EngineError, match="choose a shorter home"):
        far.control(member)
    far.kill_all()
