"""Sockets and the other calls that carry numbers, made for real."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from probes.events import CALLS
from tests.batches import Event
from tests.integration.probes.conftest import Watch

pytestmark = pytest.mark.probe
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {call.name: call.number for call in CALLS}
LOOPBACK = {socket.AF_INET: ("127.0.0.1", bytes([127, 0, 0, 1])), socket.AF_INET6: ("::1", bytes(15) + b"\1")}


def mine(watch: Watch, *types: str, count: int) -> list[Event]:
    return watch.events(lambda e: e.process.pid == os.getpid() and e.type in types, count=count)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_connection_tells_both_ends(watch: Watch, family: socket.AddressFamily) -> None:
    text, address = LOOPBACK[family]
    with socket.socket(family) as server, socket.socket(family) as client:
        server.bind((text, 0))
        server.listen(7)
        port = server.getsockname()[1]
        client.connect((text, port))
        accepted, peer = server.accept()
        accepted.close()
    bind, listen, connect, accept = mine(watch, "bind", "listen", "connect", "accept", "accept4", count=4)
    assert {e.family for e in (bind, listen, connect, accept)} == {family}
    assert bind.local == (address, 0)  # what was asked for
    assert (listen.local, listen.argument) == ((address, port), 7)
    assert (connect.remote, connect.local, connect.protocol) == (
        (address, port),
        (address, peer[1]),
        socket.IPPROTO_TCP,
    )
    assert (accept.local, accept.remote) == ((address, port), (address, peer[1]))


def test_a_connection_that_is_refused_tells_where_it_was_to_go(watch: Watch) -> None:
    with socket.socket() as closed, socket.socket() as client:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            client.connect(("127.0.0.1", port))
    (connect,) = mine(watch, "connect", count=1)
    assert (connect.result, connect.remote) == (-111, (bytes([127, 0, 0, 1]), port))


def test_datagrams_tell_where_they_go(watch: Watch) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        to = receiver.getsockname()
        sender.sendto(b"one", to)
        sender.sendmsg([b"two"], [], 0, to)
        sender.connect(to)
        sender.sendall(b"three")
    events = mine(watch, "sendto", "sendmsg", count=3)
    assert [e.type for e in events] == ["sendto", "sendmsg", "sendto"]
    assert {e.remote for e in events} == {(bytes([127, 0, 0, 1]), to[1])}
    assert {e.protocol for e in events} == {socket.IPPROTO_UDP}


def test_a_unix_socket_tells_its_path(watch: Watch, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
    (connect,) = mine(watch, "connect", count=1)
    assert (connect.family, connect.path) == (socket.AF_UNIX, path.encode())


def test_a_shell_on_a_socket_is_seen_as_such(watch: Watch) -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        os.dup2(client.fileno(), 198, inheritable=True)
        os.close(198)
        port = server.getsockname()[1]
    one.close()
    other.close()
    (dup,) = watch.events(lambda e: e.type == "dup2" and e.argument == 198)
    assert (dup.family, dup.remote) == (socket.AF_INET, (bytes([127, 0, 0, 1]), port))
    assert dup.kind == 0o14


IN_A_CHILD = {
    "setuid": ("import os; os.setuid(65534)", lambda e: (e.argument, e.result) == (65534, 0)),
    "setgid": ("import os; os.setgid(65534)", lambda e: (e.argument, e.result) == (65534, 0)),
    "ptrace": (
        "import ctypes; ctypes.CDLL(None).ptrace(16, 1234567, 0, 0)",
        lambda e: (e.argument, e.target) == (16, 1234567),
    ),
    "kill": ("import os; os.kill(os.getppid(), 0)", lambda e: (e.argument, e.target) == (0, os.getpid())),
    "bpf": ("import ctypes; ctypes.CDLL(None).syscall(321, 0, 0, 0)", lambda e: e.argument == 0 and e.result < 0),
    "userfaultfd": ("import ctypes; ctypes.CDLL(None).syscall(323, 0o4000)", lambda e: e.flags == 0o4000),
    "init_module": ("import ctypes; ctypes.CDLL(None).syscall(175, 0, 0, 0)", lambda e: e.result < 0),
    "socket": ("import socket; socket.socket(17, 3).close()", lambda e: e.argument == 17),
}


@pytest.mark.parametrize("name", IN_A_CHILD)
def test_calls_that_carry_numbers(watch: Watch, name: str) -> None:
    code, expected = IN_A_CHILD[name]
    child = subprocess.Popen([sys.executable, "-S", "-c", code], stderr=subprocess.DEVNULL)
    child.wait(20)
    seen = [e for e in watch.until_exit(child.pid) if e.type == name]
    assert any(expected(event) for event in seen), seen


def test_a_module_from_a_file_tells_the_file(watch: Watch, tmp_path: Path) -> None:
    module = tmp_path / "module.ko"
    module.write_bytes(b"none")
    with module.open("rb") as file:
        assert libc.syscall(NUMBERS["finit_module"], file.fileno(), b"", 0) < 0
    (event,) = mine(watch, "finit_module", count=1)
    assert event.file == os.fsencode(module)


def test_signals_of_the_shell_are_told(watch: Watch) -> None:
    sleeper = subprocess.Popen(["sleep", "30"])
    sleeper.send_signal(signal.SIGUSR1)
    sleeper.wait()
    (event,) = mine(watch, "kill", count=1)
    assert (event.target, event.argument) == (sleeper.pid, signal.SIGUSR1)
