"""Replies on their way in: a head, and a body that is read as it comes and known to be whole at its end.

Source: RFC 9112 sections 6.3 (length of a body) and 7.1 (chunks).
"""

from collections.abc import Callable
from types import TracebackType
from typing import Final

from infra.registries.channels import Channel
from infra.registries.errors import BrokenConnectionError, MalformedReplyError
from infra.registries.heads import Framing, Head, framing, parse_head

DRAINED_BYTES: Final = 64 << 10
"""A rest up to this size is read so that the connection can be used again; with more a new one is cheaper."""
WHOLE_BUFFER: Final = 64 << 10
MOST_SIZE_DIGITS: Final = 15
MOST_INTERIM: Final = 100
"""Interim answers before the final one, and lines after a body that comes in chunks."""


class Reply:
    """An answer whose body is a stream; its end gives the connection back."""

    def __init__(self, channel: Channel, method: str, reusable: bool, release: Callable[[bool], None]) -> None:
        self.head = receive_head(channel)
        self._channel = channel
        self._release = release
        self._reusable = reusable and self.head.persistent
        frame: Framing = framing(self.head, method)
        self._left = 0 if frame.chunked else frame.length
        self._chunked = frame.chunked
        self._first_chunk = True
        self._ended = frame.length == 0
        self.length = frame.length
        self._released = False
        self._preloaded = b""
        if self._ended:
            self.close()

    @property
    def status(self) -> int:
        """Return the status code."""
        return self.head.status

    def get(self, name: str) -> str:
        """Return a field by its name in lower case; empty if there is none."""
        return self.head.get(name)

    def __enter__(self) -> "Reply":
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer as far as there is something; return how many bytes, 0 at the end.

        Raises BrokenConnectionError, MalformedReplyError.
        """
        if self._preloaded:
            return self._from_preloaded(buffer)
        if self._ended or not len(buffer):
            return 0
        if self._chunked and not self._left and not self._next_chunk():
            return self._end()
        count = self._channel.readinto(buffer if self._left is None else buffer[: self._left])
        if self._left is None:
            return count or self._end(reusable=False)
        if not count:
            raise BrokenConnectionError(f"the connection ended {self._left:,} bytes too early")
        self._left -= count
        if not self._left and not self._chunked:
            self._end()
        return count

    def preload(self, most: int) -> bytes:
        """Return the body as far as it has no more than so many bytes; it is read again by the next reads."""
        self._preloaded = self.read_most(most)
        return self._preloaded

    def _from_preloaded(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self._preloaded))
        buffer[:count] = self._preloaded[:count]
        self._preloaded = self._preloaded[count:]
        return count

    def read(self, size: int = -1, /) -> bytes:
        """Return up to that many bytes, or all; none at the end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(WHOLE_BUFFER), b""))
        known = self._left is not None and not self._chunked and not self._preloaded
        buffer = bytearray(min(size, max(self._left or 0, 1) if known else WHOLE_BUFFER))
        count = self.readinto(memoryview(buffer))
        return bytes(memoryview(buffer)[:count])

    def read_most(self, most: int) -> bytes:
        """Return the body as far as it has no more than so many bytes; the rest is left."""
        parts, left = [], most
        while left and (part := self.read(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Give the connection back, or end it if too much of the body is left."""
        if self._released:
            return
        self._released = True
        self._release(self._reusable and (self._ended or self._drain()))

    def _drain(self) -> bool:
        if not self._chunked and (self._left is None or self._left > DRAINED_BYTES):
            return False
        try:
            self.read_most(DRAINED_BYTES)
        except (BrokenConnectionError, MalformedReplyError):
            return False
        return self._ended

    def _end(self, reusable: bool = True) -> int:
        self._ended = True
        self._reusable = self._reusable and reusable
        self.close()
        return 0

    def _next_chunk(self) -> bool:
        if not self._first_chunk and self._channel.line():
            raise MalformedReplyError("a chunk is longer than it says")
        self._first_chunk = False
        size = self._channel.line().partition(b";")[0].strip()
        try:
            self._left = int(size, 16) if size.isalnum() and len(size) <= MOST_SIZE_DIGITS else -1
        except ValueError:
            self._left = -1
        if self._left < 0:
            raise MalformedReplyError("a chunk has no size")
        if not self._left:
            self._pass_over_trailer()
        return self._left > 0

    def _pass_over_trailer(self) -> None:
        for _ in range(MOST_INTERIM):
            if not self._channel.line():
                return
        raise MalformedReplyError("what comes after a body does not end")


def receive_head(channel: Channel) -> Head:
    """Return the head of the final answer; those of interim ones are left out."""
    for _ in range(MOST_INTERIM):
        head = parse_head(channel.head())
        if head.status >= 200:
            return head
        if head.status == 101:
            raise MalformedReplyError("the server wants to speak another protocol")
    raise MalformedReplyError("the final answer does not come")
