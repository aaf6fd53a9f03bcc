"""Replicas of a node, real storage daemons, asked by another node as if they were its own."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from infra.volumes.certificates import ensure
from infra.volumes.errors import EngineError
from infra.volumes.peers import RemotePeer
from infra.volumes.replicas import Replicas
from infra.volumes.serving import PeerServer
from infra.volumes.words import LayerSource
from schemas.types.volumes import Address
from tests.namespaces import Namespace, bridge

pytestmark = pytest.mark.volume

PORT = 7444
SIZE = 64 << 20
SECONDS = 20


class Node(msgspec.Struct):
    """A node with its replicas and, of the other node, those that it can ask."""

    space: Namespace
    tls: Path
    own: Replicas
    others: RemotePeer

    def write(self, address: Address, *commands: str) -> None:
        """Carry out commands of qemu-io on an export, from this node."""
        self._qemu_io(address, "--discard=unmap", *commands)

    def read(self, address: Address, *commands: str) -> None:
        """Carry out commands of qemu-io that read an export."""
        self._qemu_io(address, "--read-only", *commands)

    def _qemu_io(self, address: Address, how: str, *commands: str) -> None:
        credentials = f"tls-creds-x509,id=tls,dir={self.tls},endpoint=client,verify-peer=on"
        place = f"server.type=inet,server.host={address.host},server.port={address.port},export={address.export}"
        words = ["qemu-io", how, "--object", credentials, "--image-opts", f"driver=nbd,{place},tls-creds=tls"]
        for command in commands:
            words += ["-c", command]
        told = self.space.run(*words)
        assert "failed" not in told, told


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """The left node, which asks, and the right one, which serves its replicas."""
    with (
        bridge() as switch,
        switch.namespace("left", "10.90.0.1") as left,
        switch.namespace("right", "10.90.0.2") as right,
    ):
        tls = {space.name: ensure(tmp_path / "tls", space.name, [space.address]) for space in (left, right)}
        replicas = Replicas(tmp_path / "right", right.address, tls["right"])
        remote = RemotePeer(right.address, PORT, tls["left"])
        own = Replicas(tmp_path / "left", left.address, tls["left"], lambda _: remote)
        server = right.call(PeerServer, replicas, right.address, PORT, tls["right"])
        with closing(server), closing(remote):
            yield Node(left, tls["left"], own, remote), Node(right, tls["right"], replicas, remote)
        for each in (own, replicas):
            each.stop_all()
            each.remove("v1", "r1")
            each.remove("v1", "r2")


def start(node: Node, replica: str, chain: tuple[str, ...]) -> Address:
    return node.space.call(
        lambda: node.own.start(
            "v1",
            replica,
            incarnation=1,
            generation=1,
            size=SIZE,
            chain=chain,
            listen="tcp",
            obsolete=frozenset(),
        )
    )


def test_a_snapshot_is_taken_and_copied_over_the_network(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    left, right = nodes
    address = start(right, "r1", ("l1",))
    left.write(address, "write -P 0x61 0 8M", "write -P 0x62 40M 1M", "flush")
    with pytest.raises(EngineError) as caught:
        left.space.call(left.others.layer_size, "v1", "r1", "l1")
    assert "l1" in str(caught.value)

    assert not left.space.call(left.others.prepare, "v1", "r1", 1, "l2")
    left.space.call(left.others.take, "v1", "r1", 1, "l2")
    assert left.space.call(left.others.prepare, "v1", "r1", 1, "l2")
    left.write(address, "write -P 0x63 0 1M", "flush")

    source = LayerSource(name="l1", node="right", volume="v1", replica="r1")
    left.space.call(left.own.build, "v1", "r2", SIZE, (source,))
    copied = start(left, "r2", ("l1", "l2"))
    left.read(copied, "read -P 0x61 0 8M", "read -P 0x62 40M 1M", "read -P 0 8M 32M")
    taken, given = tmp_path / "left/v1/r2/l1.qcow2", tmp_path / "right/v1/r1/l1.qcow2"
    subprocess.run(["qemu-img", "compare", "-U", taken, given], check=True, capture_output=True, timeout=SECONDS)


def test_a_frozen_layer_is_shown_and_hidden_by_another_node(nodes: tuple[Node, Node]) -> None:
    left, right = nodes
    left.write(start(right, "r1", ("l1",)), "write -P 0x61 0 8M", "flush")
    left.space.call(left.others.prepare, "v1", "r1", 1, "l2")
    left.space.call(left.others.take, "v1", "r1", 1, "l2")
    shown = left.space.call(left.others.serve, "v1", "r1", "l1")
    assert shown.host == right.space.address
    left.read(shown, "read -P 0x61 0 8M")
    left.space.call(left.others.unserve, "v1", "r1", "l1")
    with pytest.raises(AssertionError, match="refused"):
        left.read(shown, "read -P 0x61 0 8M")


def test_an_older_generation_is_fenced_from_another_node(nodes: tuple[Node, Node]) -> None:
    left, right = nodes
    address = start(right, "r1", ("l1",))
    left.space.call(left.others.fence, "v1", "r1", 1, 2)
    with pytest.raises(AssertionError, match="not available"):
        left.write(address, "write 0 1M")
    with pytest.raises(EngineError) as caught:
        left.space.call(left.others.fence, "v1", "r1", 1, 1)
    assert caught.value.permanent
    assert f"{right.space.address}:{PORT}" in caught.value.what
