"""Copies from one machine to another, in network namespaces, while processes are killed and the network fails."""

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from infra.volumes.certificates import ensure
from infra.volumes.copying import CHUNK, REQUESTS, STEP, copy_layer
from infra.volumes.peers import RemotePeer
from infra.volumes.serving import PeerServer
from tests.layers import FolderPeer
from tests.namespaces import Namespace, bridge
from tests.peer_programs import LAYER

pytestmark = pytest.mark.volume

PORT = 7444
SECONDS = 60
SIZE = 5 * STEP * CHUNK + 12345
PIECE = 1 << 16


class Nodes(msgspec.Struct):
    """Two nodes: the layer is on the right one, and copied to the left one."""

    left: Namespace
    right: Namespace
    certificates: dict[str, Path]
    source: FolderPeer
    layer: Path
    target: Path

    def remote(self, port: int = PORT) -> RemotePeer:
        return RemotePeer(self.right.address, port, self.certificates["left"])

    def copy(self, port: int = PORT) -> list[int]:
        """Copy within this process, from the left node; return the steps."""
        steps: list[int] = []
        with closing(self.remote(port)) as remote:
            self.left.call(copy_layer, remote, *LAYER, self.target, lambda done, _: steps.append(done))
        return steps

    def program(self, where: Namespace, what: str, path: Path) -> subprocess.Popen[str]:
        """Start one of the programs on a node; it dies with this process."""
        words = ("setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.peer_programs", what)
        place = (self.right.address, str(PORT), str(self.certificates[where.name]), str(path))
        root = Path(__file__).parents[3]
        return subprocess.Popen(where.command(*words, *place), stdout=subprocess.PIPE, text=True, cwd=root)

    def assert_copied(self) -> None:
        done = subprocess.run(["cmp", self.layer, self.target], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert [path.name for path in self.target.parent.iterdir()] == [self.target.name]


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = FolderPeer(tmp_path_factory.mktemp("source")).put(*LAYER, os.urandom(SIZE))
    yield path
    path.unlink()


@pytest.fixture
def nodes(layer: Path, tmp_path: Path) -> Iterator[Nodes]:
    target = tmp_path / "target" / "base.qcow2"
    target.parent.mkdir()
    with (
        bridge() as switch,
        switch.namespace("left", "10.90.0.1") as left,
        switch.namespace("right", "10.90.0.2") as right,
    ):
        certificates = {node.name: ensure(tmp_path / "tls", node.name, [node.address]) for node in (left, right)}
        yield Nodes(left, right, certificates, FolderPeer(layer.parents[2]), layer, target)
    target.unlink(missing_ok=True)


@pytest.fixture
def serving(nodes: Nodes) -> Iterator[None]:
    server = nodes.right.call(PeerServer, nodes.source, nodes.right.address, PORT, nodes.certificates["right"])
    with closing(server):
        yield


@pytest.mark.usefixtures("serving")
def test_a_server_listens_on_its_nodes_address_alone(nodes: Nodes) -> None:
    nodes.left.call(socket.create_connection, (nodes.right.address, PORT), 5).close()
    with pytest.raises(ConnectionRefusedError):
        nodes.right.call(socket.create_connection, ("127.0.0.1", PORT), 5)


@pytest.mark.usefixtures("serving")
def test_a_copier_that_is_killed_again_and_again_gets_there(nodes: Nodes) -> None:
    chance, kills = random.Random(), 0
    while not nodes.target.exists():
        with nodes.program(nodes.left, "copy", nodes.target) as copier:
            assert copier.stdout is not None
            begun = int(copier.stdout.readline().split()[0])
            for line in copier.stdout:
                if int(line.split()[0]) > begun:
                    time.sleep(chance.uniform(0, 0.25))
                    copier.kill()
        if copier.returncode:
            kills += 1
            assert kills <= 2 * SIZE // (STEP * CHUNK), "it does not get on"
    assert kills
    nodes.assert_copied()
    again = STEP + 3 * REQUESTS
    assert nodes.source.read <= SIZE + kills * again * CHUNK


def test_a_source_that_is_killed_comes_back_meanwhile(nodes: Nodes) -> None:
    done: list[int] = []
    copier = threading.Thread(target=lambda: done.extend(nodes.copy()))
    with serving_program(nodes):
        copier.start()
        wait_until(lambda: growing(nodes.target))
    time.sleep(0.5)
    with serving_program(nodes):
        copier.join(SECONDS)
    assert done[-1] == SIZE
    nodes.assert_copied()


@pytest.mark.usefixtures("serving")
def test_a_network_that_fails_for_a_while_is_waited_for(nodes: Nodes) -> None:
    done: list[int] = []
    copier = threading.Thread(target=lambda: done.extend(nodes.copy()))
    copier.start()
    wait_until(lambda: growing(nodes.target))
    nodes.right.cut()
    time.sleep(2)
    assert copier.is_alive()
    nodes.right.mend()
    copier.join(SECONDS)
    assert done[-1] == SIZE
    nodes.assert_copied()


@pytest.mark.usefixtures("serving")
def test_bits_that_change_on_the_way_never_arrive(nodes: Nodes) -> None:
    with damaging(nodes, every=90 << 20) as damaged:
        nodes.copy(PORT + 1)
    assert damaged
    nodes.assert_copied()


@contextmanager
def serving_program(nodes: Nodes) -> Iterator[None]:
    with nodes.program(nodes.right, "serve", nodes.source.folder) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "serving\n"
        yield
        server.kill()


@contextmanager
def damaging(nodes: Nodes, every: int) -> Iterator[list[int]]:
    """Forward a port of the right node, and change one bit of every so many bytes; yields where."""
    damaged: list[int] = []
    passed = 0

    def pump(source: socket.socket, sink: socket.socket, damages: bool) -> None:
        nonlocal passed
        with source, sink:
            while piece := received(source):
                if damages:
                    passed += len(piece)
                    if passed > every * (len(damaged) + 1):
                        damaged.append(passed)
                        piece = piece[:-1] + bytes([piece[-1] ^ 1])
                try:
                    sink.sendall(piece)
                except OSError:
                    return

    def forward() -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            there = nodes.right.call(socket.create_connection, (nodes.right.address, PORT), 5)
            threading.Thread(target=pump, args=(here, there, False), daemon=True).start()
            threading.Thread(target=pump, args=(there, here, True), daemon=True).start()

    with nodes.right.call(socket.create_server, (nodes.right.address, PORT + 1)) as listener:
        forwarding = threading.Thread(target=forward)
        forwarding.start()
        yield damaged
        listener.shutdown(socket.SHUT_RDWR)
        forwarding.join()


def received(source: socket.socket) -> bytes:
    try:
        return source.recv(PIECE)
    except OSError:
        return b""


def growing(target: Path) -> bool:
    part = target.with_name(f"{target.name}.part")
    return part.exists() and part.stat().st_blocks * 512 > 3 * CHUNK


def wait_until(holds: object) -> None:
    end = time.monotonic() + SECONDS
    assert callable(holds)
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
