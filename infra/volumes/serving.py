"""Serves this node's replicas to the other nodes, over HTTPS with certificates on both sides.

A thread for each connection: nodes keep few, and long. Megabytes are then encrypted without holding up other threads,
and whoever is refused for his certificate is told so, neither of which asyncio's TLS does.
"""

import logging
import socket
import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Final

from infra.volumes.answering import BAD, Answer, answer, failed
from infra.volumes.errors import EngineError
from infra.volumes.peer import Peer
from infra.volumes.requests import IDLE_SECONDS, PATH
from infra.volumes.tls import server_context

LONGEST_BODY: Final = 64 << 10
HANDSHAKE_SECONDS: Final = 5.0
STOP_SECONDS: Final = 3.0
LINGER_SECONDS: Final = 1.0
MOST_CONNECTIONS: Final = 256
PAUSE: Final = 0.2

log = logging.getLogger(__name__)


class PeerServer:
    """A server, from when it is made until it is closed."""

    def __init__(self, peer: Peer, host: str, port: int, certificates: Path) -> None:
        """Listen on this address alone; port 0 takes a free one. Raises EngineError if that cannot be done."""
        try:
            self._context = server_context(certificates)
        except OSError as error:
            why = f"the certificates in {certificates} cannot be used: {error}"
            raise EngineError(f"Replicas cannot be served on {host}", why) from error
        self._peer = peer
        self._listener = _listen(host, port)
        self.port: int = self._listener.getsockname()[1]
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._accepting = threading.Thread(target=self._accept, name="peers", daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Take no more requests, and wait a few seconds for the answers to those that were made."""
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        with self._lock:
            left = dict(self._open)
        for connection in left.values():
            # Not the method of SSLSocket, which would end the encryption of an answer under way as well.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RD)
        end = time.monotonic() + STOP_SECONDS
        for thread in left:
            thread.join(max(0.0, end - time.monotonic()))

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, (host, *_) = self._listener.accept()
            except OSError as error:
                if not self._closing.is_set():
                    log.warning("no connection can be taken: %s", error)
                    self._closing.wait(PAUSE)
                continue
            if not self._room.acquire(blocking=False):
                log.warning("%s is sent away: there are %d connections already", host, MOST_CONNECTIONS)
                connection.close()
                continue
            thread = threading.Thread(target=self._converse, args=(connection, host), name="peer", daemon=True)
            with self._lock:
                self._open[thread] = connection
            thread.start()

    def _converse(self, connection: socket.socket, host: str) -> None:
        """Answer all requests of a connection."""
        connection.settimeout(HANDSHAKE_SECONDS)
        try:
            with self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
                with self._lock:
                    self._open[threading.current_thread()] = secure
                _shake_hands(secure)
                if not self._closing.is_set():
                    _Conversation(self._peer, secure)
        except OSError as error:
            log.info("connection of %s ended: %s", host, error)
        finally:
            with self._lock:
                del self._open[threading.current_thread()]
            self._room.release()


class _Conversation(BaseHTTPRequestHandler):
    """Reads requests of one connection and writes the answers, until it is closed."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def __init__(self, peer: Peer, connection: ssl.SSLSocket) -> None:
        self._peer = peer
        super().__init__(connection, connection.getpeername(), None)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > LONGEST_BODY:
            self.close_connection = True
            why = f"it is not told that it has at most {LONGEST_BODY} bytes"
            return self._send(failed(BAD, "The request is refused", why, permanent=True))
        if self.path != PATH:
            return self._send(failed(BAD, "The request is refused", f"calls are posted to {PATH}", permanent=True))
        body = self.rfile.read(int(length))
        return self._send(answer(self._peer, body))

    def _send(self, answered: Answer) -> None:
        self.send_response(answered.status)
        self.send_header("Content-Length", str(len(answered.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answered.body)

    def version_string(self) -> str:
        """Return the name of this server, without the versions of what it is made of."""
        return "deedlog"

    def log_message(self, format: str, *arguments: object) -> None:
        """Log requests only for those who look for a fault."""
        log.debug(format, *arguments)


def _shake_hands(secure: ssl.SSLSocket) -> None:
    """Agree on the encryption; raises OSError, when the other side had time to read why."""
    try:
        secure.do_handshake()
    except OSError:
        # A connection closed before all is read is reset, and takes what was said last with it.
        end = time.monotonic() + LINGER_SECONDS
        with suppress(OSError):
            secure.settimeout(LINGER_SECONDS)
            socket.socket.shutdown(secure, socket.SHUT_WR)
            while socket.socket.recv(secure, LONGEST_BODY) and time.monotonic() < end:
                pass
        raise


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        what = f"Replicas cannot be served on {host}:{port}"
        raise EngineError(what, f"{error}; see: ss -ltnp 'sport = :{port}'") from error
