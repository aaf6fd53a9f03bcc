"""A server between a client and a registry that does to requests what networks and proxies do to them.

A plan decides about each request: nothing (it is passed on to the registry), or a fault.
"""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec


class Seen(msgspec.Struct):
    """A request as it came."""

    number: int
    method: str
    target: str
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True):
    """Answer this, and do not pass the request on."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""


class Raw(msgspec.Struct, frozen=True):
    """Answer these bytes one piece after the other, with a pause between two; then hang up."""

    pieces: tuple[bytes, ...]
    seconds: float = 0


class HangUp(msgspec.Struct, frozen=True):
    """Read so many bytes of the body of the request, and hang up without an answer."""

    after: int = 0


class Cut(msgspec.Struct, frozen=True):
    """Pass the request on, and hang up after so many bytes of the answer's body."""

    after: int


Fault = Answer | Raw | HangUp | Cut
Plan = Callable[[Seen], Fault | None]


class Faults:
    """What was planned and what came."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.plan: Plan = lambda _: None
        self.seen: list[Seen] = []
        self.port = 0
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def count(self, method: str, part: str = "") -> int:
        """Return how many requests there were of a method, to a target with something in it."""
        return sum(one.method == method and part in one.target for one in self.seen)

    def serve(self, sock: socket.socket) -> None:
        """Answer the requests of one connection."""
        with sock, sock.makefile("rb") as stream, suppress(OSError):
            while (seen := self._read_head(stream)) is not None:
                fault = self.plan(seen)
                length = int(seen.headers.get("content-length", "0"))
                if isinstance(fault, HangUp):
                    stream.read(min(fault.after, length))
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    return
                seen.body = stream.read(length)
                if not self._reply(sock, seen, fault):
                    return

    def _read_head(self, stream: object) -> Seen | None:
        lines = []
        while (line := stream.readline()) not in (b"\r\n", b""):  # type: ignore[attr-defined]
            lines.append(line.decode().rstrip("\r\n"))
        if not lines:
            return None
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines[1:])}
        with self._lock:
            seen = Seen(len(self.seen), method, target, headers)
            self.seen.append(seen)
        return seen

    def _reply(self, sock: socket.socket, seen: Seen, fault: Fault | None) -> bool:
        """Return whether the connection goes on."""
        if isinstance(fault, Raw):
            for piece in fault.pieces:
                sock.sendall(piece)
                time.sleep(fault.seconds)
            return False
        answer = fault if isinstance(fault, Answer) else self._pass_on(seen)
        most = fault.after if isinstance(fault, Cut) else len(answer.body)
        head = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, '')}"]
        fields = {name.lower(): value for name, value in answer.headers.items()}
        fields.setdefault("content-length", str(len(answer.body)))
        if seen.method == "HEAD":
            most = 0
        head += [f"{name}: {value}" for name, value in fields.items()]
        sock.sendall("\r\n".join([*head, "\r\n"]).encode() + answer.body[:most])
        return not isinstance(fault, Cut)

    def _pass_on(self, seen: Seen) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        headers = {name: value for name, value in seen.headers.items() if name not in ("connection",)}
        connection.request(seen.method, seen.target, seen.body or None, headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        fields = {name: value for name, value in response.getheaders() if name.lower() != "transfer-encoding"}
        return Answer(response.status, fields, body)


@contextmanager
def between(upstream: int = 0) -> Iterator[Faults]:
    """Serve between a client and a registry on a port of loopback; 0: there is none, every answer is planned."""
    faults = Faults(upstream)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        faults.port = listener.getsockname()[1]
        threading.Thread(target=_accept, args=(listener, faults), daemon=True).start()
        yield faults
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, faults: Faults) -> None:
    with suppress(OSError):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=faults.serve, args=(sock,), daemon=True).start()
