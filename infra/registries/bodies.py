"""Bodies on their way out: small ones with the head, files by the kernel, all else through one buffer."""

import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Final

import msgspec

from infra.oci.errors import MismatchError
from infra.oci.target import BytesContent, Content, Progress, Readable
from infra.registries.channels import Channel

WITH_HEAD: Final = 64 << 10
"""Bodies up to so many bytes are sent together with the head: one system call, one packet more or less."""
BUFFER_BYTES: Final = 256 << 10


class Body(msgspec.Struct, frozen=True):
    """What is sent with a request; it may be sent again."""

    content: Content
    length: int
    start: int = 0
    progress: Progress | None = None


def bytes_body(data: bytes) -> Body:
    """Return a body from memory."""
    return Body(BytesContent(data), len(data))


class Sending:
    """One attempt to send a body; `sent` is how far it came."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self.sent = 0

    def run(self, channel: Channel, head: bytes) -> bool:
        """Send head and body; return False if an answer came first. Raises BrokenConnectionError, MismatchError."""
        if self._body.length <= WITH_HEAD:
            channel.send(head + self._small())
            self._moved(self._body.length)
            return True
        channel.send(head)
        with self._body.content.open(self._body.start) as stream:
            send = self._sender(channel, stream)
            while self.sent < self._body.length:
                if channel.answered:
                    return False
                self._send_next(send)
        return True

    def take_back(self) -> None:
        """Tell that what was sent does not count, because it will be sent again."""
        self._moved(-self.sent)

    def _small(self) -> bytes:
        parts, left = [], self._body.length
        with self._body.content.open(self._body.start) as stream:
            while left and (part := stream.read(left)):
                parts.append(part)
                left -= len(part)
        if left:
            raise self._short(self._body.length - left)
        return b"".join(parts)

    def _send_next(self, send: Callable[[int], int]) -> None:
        count = send(self._body.length - self.sent)
        if not count:
            raise self._short(self.sent)
        self._moved(count)

    def _sender(self, channel: Channel, stream: Readable) -> Callable[[int], int]:
        file = regular_file(stream) if channel.plain else None
        if file is not None:
            begin = self._body.start
            return lambda most: channel.send_file(file, begin + self.sent, most)
        buffer = memoryview(bytearray(min(BUFFER_BYTES, self._body.length)))

        def send(most: int) -> int:
            count = stream.readinto(buffer[:most]) or 0
            channel.send(buffer[:count])
            return count

        return send

    def _moved(self, count: int) -> None:
        self.sent += count
        if self._body.progress is not None and count:
            self._body.progress(count)

    def _short(self, got: int) -> MismatchError:
        return MismatchError(f"the content has {got:,} bytes, not {self._body.length:,}", "was it changed meanwhile?")


def regular_file(stream: Readable | AbstractContextManager[Readable]) -> int | None:
    """Return the descriptor of a stream that is a regular file from its beginning to its end, else nothing."""
    with suppress(AttributeError, OSError, ValueError):
        file: int = stream.fileno()  # type: ignore[union-attr]
        return file if stat.S_ISREG(os.fstat(file).st_mode) else None
    return None
