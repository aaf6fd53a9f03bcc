"""Machines for tests: network namespaces that a bridge connects, all apart from this machine's own network.

Each namespace is held by a process that dies with the thread that made it, and a namespace goes with its last process:
nothing is left behind even by a test session that is killed.
"""

import asyncio
import ctypes
import os
import queue
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
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
    listeners = [namespace.call(socket.create_server, ("127.0.0.1", port)) for port in ports]
    started: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()

    async def forward() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        with ExitStack() as servers:
            for port, listener in zip(ports, listeners, strict=True):
                servers.enter_context(closing(await asyncio.start_server(_forwarder(port), sock=listener)))
            started.put(lambda: loop.call_soon_threadsafe(stop.set))
            await stop.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.05)  # sockets are closed a turn after they were told to

    thread = threading.Thread(target=asyncio.run, args=(forward(),))
    thread.start()
    stop = started.get(timeout=SECONDS)
    try:
        yield
    finally:
        stop()
        thread.join()


def _forwarder(port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError), _aborted(writer):
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
            with _aborted(there_writer):
                await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))

    return forward


@contextmanager
def _aborted(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    writer.write_eof()
