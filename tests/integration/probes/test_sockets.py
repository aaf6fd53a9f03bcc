"""Sockets and the other calls that carry numbers, made for real."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from probes.events import CALLS
from schemas.call_filter import EVERYTHING, CallFilter
from tests.batches import Event, events_of
from tests.integration.probes.conftest import WANTED, Watch

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


def test_an_address_of_zeros_is_told_beside_sockets_that_have_none(watch: Watch) -> None:
    with ExitStack() as stack:
        made = [stack.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for family in (*LOOPBACK, socket.AF_UNIX)]
        one, other = map(stack.enter_context, socket.socketpair())
        one.send(b"x")
        other.send(b"x")
        with suppress(OSError):
            made[2].sendto(b"x", "/nowhere")
        made[0].sendto(b"x", ("127.0.0.1", 9))
        made[1].sendto(b"x", ("::1", 9))
    found = mine(watch, "sendto", count=5)
    assert [(e.family, e.local[0]) for e in found[-2:]] == [(2, bytes(4)), (10, bytes(16))]
    assert {e.local for e in found[:-2]} == {(b"", 0)}


NAME_CHANGED, CONNECTED = 3, 5
UNCHANGED, BOTH = 1, 7


def test_datagrams_tell_whether_they_go_elsewhere(watch: Watch) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        places = [("127.0.0.1", 9), ("127.0.0.1", 9), ("127.0.0.1", 10), ("127.0.0.2", 10)]
        for number, place in enumerate(places):
            sender.sendto(b"x" * (number + 1), place)
        sender.connect(("127.0.0.1", 9))
        sender.send(b"x" * 5)
        with suppress(ConnectionRefusedError):
            sender.send(b"x" * 6)
    found = {e.result: e.socket_flags for e in mine(watch, "sendto", count=6)}
    assert [found.get(n) for n in range(1, 5)] == [NAME_CHANGED, UNCHANGED, NAME_CHANGED, NAME_CHANGED]
    assert found[5] == BOTH


def test_a_socket_that_is_connected_keeps_its_name(watch: Watch) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        sender.connect(receiver.getsockname())
        sender.send(b"1")
        sender.sendto(b"22", receiver.getsockname())
        sender.sendto(b"333", ("127.0.0.1", 9))
    found = {e.result: e.socket_flags for e in mine(watch, "sendto", count=3)}
    assert found == {1: CONNECTED, 2: CONNECTED, 3: BOTH}


def test_what_is_received_tells_from_where_and_whether_from_elsewhere(watch: Watch) -> None:
    watch.kernel.want(WANTED | dict.fromkeys(("recvfrom", "recvmsg"), EVERYTHING))
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        with socket.socket(type=socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            for number, sender in enumerate((one, one, other)):
                sender.sendto(b"x" * (number + 1), receiver.getsockname())
                receiver.recvfrom(99) if number else receiver.recvmsg(99)
        ports = [one.getsockname()[1], one.getsockname()[1], other.getsockname()[1]]
    found = sorted(mine(watch, "recvfrom", "recvmsg", count=3), key=lambda e: e.result)
    watch.kernel.want(WANTED)
    assert [(e.type, e.remote, e.socket_flags) for e in found] == [
        ("recvmsg", (bytes([127, 0, 0, 1]), ports[0]), NAME_CHANGED),
        ("recvfrom", (bytes([127, 0, 0, 1]), ports[1]), UNCHANGED),
        ("recvfrom", (bytes([127, 0, 0, 1]), ports[2]), NAME_CHANGED),
    ]


def test_a_connection_has_one_peer_whatever_address_is_given(watch: Watch) -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        client.sendto(b"x", ("192.0.2.7", 22))
        port = server.getsockname()[1]
    (sent,) = mine(watch, "sendto", count=1)
    assert (sent.remote, sent.socket_flags) == ((bytes([127, 0, 0, 1]), port), CONNECTED)


def test_only_changes_are_recorded_where_nothing_else_is_asked_for(watch: Watch) -> None:
    watch.kernel.want({"sendto": CallFilter(only_changes=True)})
    try:
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for number in range(50):
                sender.sendto(b"x" * (number + 1), ("127.0.0.1", 9 + number // 25))
        assert [e.result for e in mine(watch, "sendto", count=2)] == [1, 26]
        assert not mine_now(watch)
    finally:
        watch.kernel.want(WANTED)


def mine_now(watch: Watch) -> list[Event]:
    return [e for e in events_of(watch.batch()) if e.process.pid == os.getpid() and e.type == "sendto"]


@pytest.mark.parametrize("data", [b"\xca\xfe\xba\xbe\0\0\0\x41", b"one\0", b"GET / " + b"x" * 200])
def test_what_is_sent_and_received_is_told_if_it_is_asked_for(watch: Watch, data: bytes) -> None:
    asked = CallFilter(with_data=True)
    watch.kernel.want(dict.fromkeys(("sendto", "sendmsg", "recvfrom", "recvmsg"), asked))
    try:
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with one, other, socket.socket(type=socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            one.send(data)
            assert other.recv(999) == data
            one.sendmsg([data[:3], data[3:]])
            other.recvmsg(999)
            receiver.sendto(data, receiver.getsockname())
            receiver.recvfrom(999)
        found = mine(watch, "sendto", "sendmsg", "recvfrom", "recvmsg", count=6)
    finally:
        watch.kernel.want(WANTED)
    parts = {"sendmsg": data[:3]}
    assert len(found) == 6
    assert all(e.data == parts.get(e.type, data)[:80] for e in found)
    assert {e.remote[0] for e in found if e.family == socket.AF_INET} == {bytes([127, 0, 0, 1])}


def test_what_is_not_asked_for_is_not_told(watch: Watch) -> None:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other:
        one.send(b"secret")
    (sent,) = mine(watch, "sendto", count=1)
    assert (sent.result, sent.data) == (6, b"")


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
