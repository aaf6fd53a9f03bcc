"""The replicas of another node, asked over HTTPS."""

import http.client
import select
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from infra.volumes.errors import EngineError
from infra.volumes.requests import (
    DONE,
    IDLE_SECONDS,
    LONGEST_READ,
    PATH,
    AnyCall,
    Failure,
    Fence,
    LayerDigest,
    LayerSize,
    Lean,
    Prepare,
    ReadLayer,
    Serve,
    Take,
    Unserve,
    encode_call,
)
from infra.volumes.tls import client_context
from schemas.types.volumes import Address

CONNECT_SECONDS: Final = 2.0
KEEP_SECONDS: Final = IDLE_SECONDS / 2
"""Connections that were idle for longer are not used again: the other side is about to close them."""
LONGEST_ANSWER: Final = LONGEST_READ + (1 << 16)

Result = TypeVar("Result")


class RemotePeer:
    """A `Peer` whose replicas are on another node; may be used by many threads at once.

    Raises EngineError for whatever goes wrong: permanent is what the other node says is, never a failure on the way.
    """

    def __init__(self, host: str, port: int, certificates: Path) -> None:
        self._host = host
        self._port = port
        self._certificates = certificates
        self._lock = threading.Lock()
        self._idle: list[tuple[float, http.client.HTTPSConnection]] = []

    def prepare(self, volume: str, replica: str, incarnation: int, layer: str) -> bool:
        """Make the layer that will be the replica's head; return whether it already is."""
        return self._call(Prepare(volume=volume, replica=replica, incarnation=incarnation, layer=layer), bool)

    def take(self, volume: str, replica: str, incarnation: int, layer: str) -> None:
        """Make the prepared layer the replica's head."""
        self._call(Take(volume=volume, replica=replica, incarnation=incarnation, layer=layer), type(None))

    def fence(self, volume: str, replica: str, incarnation: int, generation: int) -> None:
        """Cut off every controller of an older generation."""
        call = Fence(volume=volume, replica=replica, incarnation=incarnation, generation=generation)
        self._call(call, type(None))

    def serve(self, volume: str, replica: str, layer: str) -> Address:
        """Export a frozen layer, and return where."""
        return self._call(Serve(volume=volume, replica=replica, layer=layer), Address)

    def unserve(self, volume: str, replica: str, layer: str) -> None:
        """End the export of a frozen layer."""
        self._call(Unserve(volume=volume, replica=replica, layer=layer), type(None))

    def lean(self, volume: str, replica: str, incarnation: int, backing: Address) -> None:
        """Have the replica read what its head does not hold from a layer that is served."""
        self._call(Lean(volume=volume, replica=replica, incarnation=incarnation, backing=backing), type(None))

    def layer_size(self, volume: str, replica: str, layer: str) -> int:
        """Return the size of a frozen layer's file in bytes."""
        return self._call(LayerSize(volume=volume, replica=replica, layer=layer), int)

    def read_layer(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        """Return bytes of a frozen layer's file."""
        return self._ask(ReadLayer(volume=volume, replica=replica, layer=layer, offset=offset, length=length))

    def layer_digest(self, volume: str, replica: str, layer: str, offset: int, length: int) -> bytes:
        """Return the SHA-256 of bytes of a frozen layer's file."""
        return self._ask(LayerDigest(volume=volume, replica=replica, layer=layer, offset=offset, length=length))

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _call(self, call: AnyCall, kind: type[Result]) -> Result:
        answer = self._ask(call)
        try:
            return msgspec.json.decode(answer, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._failed(call, f"its answer is not understood: {error}") from error

    def _ask(self, call: AnyCall) -> bytes:
        """Return the answer's body; raises EngineError."""
        end = time.monotonic() + call.SECONDS
        try:
            status, answer = self._exchanged(encode_call(call), end)
        except (OSError, http.client.HTTPException) as error:
            raise self._failed(call, _reason(error)) from error
        if status == DONE:
            return answer
        try:
            failure = msgspec.json.decode(answer, type=Failure)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._failed(call, f"it answers with status {status}") from error
        raise self._failed(call, f"{failure.what}: {failure.why}", failure.permanent)

    def _exchanged(self, body: bytes, end: float) -> tuple[int, bytes]:
        """Return status and body of the answer.

        Asks again if a connection that was kept turns out to be closed: every call may be repeated.
        """
        if kept := self._kept():
            with suppress(ConnectionError, ssl.SSLEOFError):
                return self._exchange(kept, body, end)
        return self._exchange(self._connected(end), body, end)

    def _connected(self, end: float) -> http.client.HTTPSConnection:
        # Read for each connection: certificates are renewed while this lives.
        context = client_context(self._certificates)
        seconds = max(0.001, min(CONNECT_SECONDS, end - time.monotonic()))
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=context)
        connection.connect()
        return connection

    def _exchange(self, connection: http.client.HTTPSConnection, body: bytes, end: float) -> tuple[int, bytes]:
        try:
            # Of each packet: over a slow network an answer may take as long as it keeps coming.
            connection.sock.settimeout(max(0.001, end - time.monotonic()))
            connection.request("POST", PATH, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = _body(response)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._keep(connection)
        return response.status, answer

    def _kept(self) -> http.client.HTTPSConnection | None:
        """Return a connection that was used before and is still open, as far as can be seen from here."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                since, connection = self._idle.pop()
            if time.monotonic() - since < KEEP_SECONDS and not _closed_there(connection):
                return connection
            connection.close()

    def _keep(self, connection: http.client.HTTPSConnection) -> None:
        with self._lock:
            self._idle.append((time.monotonic(), connection))

    def _failed(self, call: AnyCall, why: str, permanent: bool = False) -> EngineError:
        name = type(call).__struct_config__.tag
        whose = f"replica {call.replica} of volume {call.volume}"
        what = f"The node at {self._host}:{self._port} did not do {name!r} for {whose}"
        return EngineError(what, why, permanent=permanent)


def _body(response: http.client.HTTPResponse) -> bytes:
    """Return the body, in one piece of memory: copying megabytes costs as much as decrypting them."""
    if response.length is None or response.length > LONGEST_ANSWER:
        raise http.client.HTTPException(f"it answers with {response.length or 'an unknown number of'} bytes")
    return response.read()


def _closed_there(connection: http.client.HTTPSConnection) -> bool:
    """Return whether there is something to read though nothing was asked: the end."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _reason(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not believed: {error.verify_message}; both nodes need certificates of one CA"
        case ssl.SSLError(reason=str(reason)) if "ALERT" in reason:
            return f"it refuses this node's certificate ({reason}); both nodes need certificates of one CA"
        case TimeoutError():
            return "it does not answer in time"
        case _:
            return str(error) or type(error).__name__
