"""Bytes in and out of one socket, with an end to every wait.

A socket's own timeout ends a wait in which nothing moves; a peer that moves next to nothing is ended by the pace: it
counts only the time that is spent waiting for the peer, not what the caller does between two reads.
"""

import os
import select
import socket
import time
from typing import Final

import msgspec

from infra.registries.errors import BrokenConnectionError, MalformedReplyError
from infra.registries.heads import END, MOST_HEAD

LEAST_BYTES_PER_SECOND: Final = 128
"""What is slower, over a whole window of patience, is a stall."""
RECEIVE_BYTES: Final = 16 << 10
SEND_BYTES: Final = 4 << 20
"""Most bytes that are given to the kernel at once: between two of them progress is told."""
LAST_WORD_SECONDS: Final = 1.0
MOST_LINE: Final = 4 << 10


class Patience(msgspec.Struct, frozen=True):
    """How long is waited for a peer, in seconds."""

    stall: float = 60.0
    answer: float = 600.0


class Pace:
    """Ends what goes on, but too slowly to ever end."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._waited = 0.0
        self._moved = 0

    def moved(self, count: int, seconds: float) -> None:
        """Take in what moved while one waited so long. Raises BrokenConnectionError."""
        self._waited += seconds
        self._moved += count
        if self._waited < self._window:
            return
        if self._moved < LEAST_BYTES_PER_SECOND * self._waited:
            raise BrokenConnectionError(f"only {self._moved:,} bytes moved in {self._waited:.0f} s")
        self._waited, self._moved = 0.0, 0


class Channel:
    """A connected socket; what was received too much is kept for the next read."""

    def __init__(self, sock: socket.socket, patience: Patience, proxy_authorization: str | None = None) -> None:
        self.socket = sock
        self.patience = patience
        self.plain = type(sock) is socket.socket
        self.proxy_authorization = proxy_authorization
        """None: it does not lead to a proxy that is asked for whole URLs; empty: that does not ask who one is."""
        self.unanswered = True
        """Whether nothing was received since `begin` that was sent because of it."""
        self._kept = b""
        self._pace = Pace(patience.stall)
        sock.settimeout(patience.stall)

    def close(self) -> None:
        """End the connection."""
        self.socket.close()

    def begin(self) -> None:
        """Note that a request begins."""
        self.unanswered = True

    @property
    def idle(self) -> bool:
        """Say whether nothing has come that nobody asked for, such as the end of the connection."""
        return not self._kept and not self._readable()

    def _readable(self) -> bool:
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(0))

    def head(self) -> bytes:
        """Return what comes before the next empty line. Raises BrokenConnectionError, MalformedReplyError."""
        deadline = time.monotonic() + self.patience.answer
        data = self._kept
        try:
            while (end := data.find(END)) < 0:
                if len(data) > MOST_HEAD:
                    raise MalformedReplyError(f"the head of a reply has more than {MOST_HEAD:,} bytes")
                data += self._before(deadline)
        finally:
            self.socket.settimeout(self.patience.stall)
        self._kept = data[end + len(END) :]
        return data[:end]

    def _before(self, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise BrokenConnectionError(f"no answer came within {self.patience.answer:.0f} s")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except TimeoutError:
            # It is alive and slow: to ask again on another connection would not help.
            self.unanswered = False
            raise BrokenConnectionError(f"no answer came within {self.patience.answer:.0f} s") from None
        except OSError as error:
            raise BrokenConnectionError(f"the connection broke: {error}") from None
        if not data:
            raise BrokenConnectionError("the connection ended before the answer")
        self.unanswered = False
        return data

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer as far as there is something; return how many bytes, 0 at the end of the connection."""
        if self._kept:
            count = min(len(buffer), len(self._kept))
            buffer[:count] = self._kept[:count]
            self._kept = self._kept[count:]
            return count
        begun = time.monotonic()
        try:
            count = self.socket.recv_into(buffer)
        except TimeoutError:
            raise BrokenConnectionError(f"nothing came for {self.patience.stall:.0f} s") from None
        except OSError as error:
            raise BrokenConnectionError(f"the connection broke: {error}") from None
        self._pace.moved(count, time.monotonic() - begun)
        return count

    def line(self) -> bytes:
        """Return the next line without its end. Raises BrokenConnectionError, MalformedReplyError."""
        while (end := self._kept.find(b"\r\n")) < 0:
            if len(self._kept) > MOST_LINE:
                raise MalformedReplyError("a line in a chunked body is too long")
            buffer = bytearray(RECEIVE_BYTES)
            kept, self._kept = self._kept, b""
            count = self.readinto(memoryview(buffer))
            if not count:
                raise BrokenConnectionError("the connection ended in the middle of the answer")
            self._kept = kept + buffer[:count]
        line, self._kept = self._kept[:end], self._kept[end + 2 :]
        return line

    def send(self, data: bytes | memoryview) -> None:
        """Send all of it. Raises BrokenConnectionError."""
        try:
            self.socket.sendall(data)
        except TimeoutError:
            self.unanswered = False
            raise BrokenConnectionError(f"the data was not taken for {self.patience.stall:.0f} s") from None
        except OSError as error:
            raise BrokenConnectionError(f"the connection broke: {error}") from None

    @property
    def answers_yet(self) -> bool:
        """Say whether an answer is there although the other side takes no more."""
        try:
            self.socket.settimeout(LAST_WORD_SECONDS)
            self._kept += self.socket.recv(RECEIVE_BYTES)
        except OSError:
            return False
        return bool(self._kept)

    @property
    def answered(self) -> bool:
        """Say whether an answer came before all was sent; TLS has messages of its own that look the same."""
        return self.plain and self._readable()

    def send_file(self, file: int, start: int, count: int) -> int:
        """Send bytes of a file without seeing them, as many as the kernel takes; 0 at the end of the file.

        Raises BrokenConnectionError.
        """
        begun = time.monotonic()
        while True:
            try:
                sent = os.sendfile(self.socket.fileno(), file, start, min(count, SEND_BYTES))
            except BlockingIOError:
                self._wait_until_writable()
                continue
            except OSError as error:
                raise BrokenConnectionError(f"the connection broke: {error}") from None
            self._pace.moved(sent, time.monotonic() - begun)
            return sent

    def _wait_until_writable(self) -> None:
        poll = select.poll()
        poll.register(self.socket, select.POLLOUT)
        if not poll.poll(self.patience.stall * 1000):
            self.unanswered = False
            raise BrokenConnectionError(f"the data was not taken for {self.patience.stall:.0f} s")
