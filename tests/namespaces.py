"""Machines for tests: network namespaces that a bridge connects, all apart from this machine's own network.

Each namespace is held by a process that dies with the thread that made it, and a namespace goes with its last process:
nothing is left behind even by a test session that is killed.
"""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

Result = TypeVar("Result")

CLONE_NEWNET = 0x40000000
SECONDS = 20
PIECE = 1 << 16


class Namespace:
    """A network namespace with a loopback device of its own, and the address that others reach it at."""

    def __init__(self, name: str, address: str, pid: int) -> None:
        self.name = name
        self.address = address
        self.pid = pid

    def command(self, *argv: str) -> list[str]:
        """Return the words that run a command in here."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", *argv]

    def run(self, *argv: str) -> str:
        """Run a command in here and return what it printed."""
        done = subprocess.run(self.command(*argv), capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr}"
        return done.stdout

    def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function in a thread that is in here; sockets and threads that it makes are in here too."""
        results: list[Result] = []
        errors: list[BaseException] = []

        def entered() -> None:
            try:
                self._enter()
                results.append(function(*arguments))
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=entered)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def cut(self) -> None:
        """Take the cable out: packets to and from the others are lost from now on."""
        self.run("ip", "link", "set", "eth0", "down")

    def mend(self) -> None:
        """Put the cable in again."""
        self.run("ip", "link", "set", "eth0", "up")

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(descriptor, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter the namespace {self.name}")
        finally:
            os.close(descriptor)


class Bridge:
    """A switch, in a namespace of its own, that namespaces are plugged into."""

    def __init__(self, inside: Namespace) -> None:
        self._inside = inside

    @contextmanager
    def namespace(self, name: str, address: str) -> Iterator[Namespace]:
        """Make a namespace with this address (/24) while the context lasts; a name has at most 13 letters."""
        with _held(name, address) as made:
            cable = f"v-{name}"
            self._inside.run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(made.pid))
            self._inside.run("ip", "link", "set", cable, "master", "bridge", "up")
            made.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
            made.mend()
            try:
                yield made
            finally:
                # A process that is left in there must not keep the cable of a name that may be used again.
                self._inside.run("ip", "link", "delete", cable)


@contextmanager
def bridge() -> Iterator[Bridge]:
    """Make a bridge while the context lasts."""
    with _held("bridge", "") as inside:
        inside.run("ip", "link", "add", "bridge", "type", "bridge")
        inside.run("ip", "link", "set", "bridge", "up")
        yield Bridge(inside)


@contextmanager
def _held(name: str, address: str) -> Iterator[Namespace]:
    argv = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", "echo; exec sleep infinity"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline(), "no network namespace could be made; this needs root"
            made = Namespace(name, address, holder.pid)
            made.run("ip", "link", "set", "lo", "up")
            yield made
        finally:
            holder.kill()


@contextmanager
def relay(namespace: Namespace, *ports: int) -> Iterator[None]:
    """Let programs in the namespace reach these ports of this machine's 127.0.0.1 under the same address."""
    relays = [_Relay(namespace.call(socket.create_server, ("127.0.0.1", port)), port) for port in ports]
    try:
        yield
    finally:
        for one in relays:
            one.close()


class _Relay:
    """Forwards connections to a port of this machine, by two threads for each."""

    def __init__(self, listener: socket.socket, port: int) -> None:
        self._listener = listener
        self._port = port
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """End it, with all its connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                thread = threading.Thread(target=self._forward, args=(here,))
                self._threads.append(thread)
                thread.start()

    def _forward(self, here: socket.socket) -> None:
        with here, socket.socket() as there, suppress(OSError):
            self._open |= {here, there}
            there.connect(("127.0.0.1", self._port))
            back = threading.Thread(target=_pump, args=(there, here))
            back.start()
            _pump(here, there)
            back.join()
        self._open -= {here, there}


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE):
            target.sendall(piece)
    for end, how in ((source, socket.SHUT_RD), (target, socket.SHUT_WR)):
        with suppress(OSError):
            end.shutdown(how)
