"""The machines that tests are given: apart from each other and from the host, and gone afterwards."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.namespaces import Bridge, Namespace, bridge, relay

pytestmark = pytest.mark.volume

SECONDS = 10


@pytest.fixture(scope="module")
def switch() -> Iterator[Bridge]:
    with bridge() as made:
        yield made


@pytest.fixture
def pair(switch: Bridge) -> Iterator[tuple[Namespace, Namespace]]:
    with switch.namespace("left", "10.90.0.1") as left, switch.namespace("right", "10.90.0.2") as right:
        yield left, right


def connect(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, SECONDS)


def test_two_namespaces_reach_each_other(pair: tuple[Namespace, Namespace]) -> None:
    left, right = pair
    with (
        right.call(socket.create_server, (right.address, 7000)) as listener,
        left.call(connect, (right.address, 7000)) as client,
        listener.accept()[0] as server,
    ):
        client.sendall(b"here")
        assert server.recv(4) == b"here"
        assert server.getpeername()[0] == left.address


def test_a_cut_cable_is_mended_again(pair: tuple[Namespace, Namespace]) -> None:
    left, right = pair
    with right.call(socket.create_server, (right.address, 7000)):
        right.cut()
        with pytest.raises(OSError):
            left.call(socket.create_connection, (right.address, 7000), 0.3)
        right.mend()
        left.call(connect, (right.address, 7000)).close()


def test_the_host_sees_nothing_of_them(pair: tuple[Namespace, Namespace]) -> None:
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert "v-left" not in links
    assert [line.split()[1].partition("@")[0] for line in pair[0].run("ip", "-o", "link").splitlines()] == [
        "lo:",
        "eth0",
    ]


def test_they_are_gone_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), bridge() as switch, switch.namespace("left", "10.90.0.1") as left:
        _ = 1 // 0
    assert not Path(f"/proc/{left.pid}").exists()


def test_a_relay_carries_what_programs_in_a_namespace_say_to_the_host(switch: Bridge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answering = threading.Thread(target=answer_in_capitals, args=(listener,))
        answering.start()
        with switch.namespace("left", "10.90.0.1") as left, relay(left, port):
            code = f"import socket; s = socket.create_connection(('127.0.0.1', {port}), 5); s.sendall(b'x' * 100000); "
            code += "s.shutdown(1); print(len(s.makefile('rb').read()))"
            assert left.run("python3", "-c", code) == "100000\n"
        answering.join()


def test_what_no_relay_carries_is_not_reached(switch: Bridge) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        switch.namespace("left", "10.90.0.1") as left,
        pytest.raises(ConnectionRefusedError),
    ):
        left.call(connect, listener.getsockname())


def answer_in_capitals(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        while piece := connection.recv(65536):
            connection.sendall(piece.upper())
