"""Blobs of a repository: fetched, from any byte on; asked for; removed.

Source: OCI distribution-spec 1.1, section Pulling blobs; RFC 9110 section 14 (ranges).
"""

import re
from types import TracebackType
from typing import Final

from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError, MismatchError, UnsupportedError
from infra.oci.media_types import OCTETS
from infra.registries.client import Client
from infra.registries.errors import BrokenConnectionError, MalformedReplyError
from infra.registries.heads import parse_length
from infra.registries.manifests import check_reply, remove
from infra.registries.paths import Paths
from infra.registries.replies import Reply
from infra.registries.requests import Request

CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/(?:[0-9]{1,18}|\*)")
SKIP_BYTES: Final = 256 << 10


class Blobs:
    """The blobs of one repository."""

    def __init__(self, client: Client, paths: Paths) -> None:
        self._client = client
        self._paths = paths

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether a blob is there. Raises MismatchError if it has another size."""
        with self._client.send(
            Request("HEAD", self._paths.blob(descriptor), scopes=self._paths.pull), {200, 404}
        ) as reply:
            said = parse_length(reply.get("content-length"))
            if reply.status == 200 and said is not None and said != descriptor.size:
                raise MismatchError(f"{descriptor.digest} has {said:,} bytes there, not {descriptor.size:,}")
            return reply.status == 200

    def resolve(self, digest: str) -> Descriptor:
        """Return the descriptor of a blob by its digest. Raises NotFoundError, MalformedReplyError."""
        asked = Descriptor(OCTETS, digest, 0)
        with self._client.send(Request("HEAD", self._paths.blob(asked), scopes=self._paths.pull), {200}) as reply:
            said = parse_length(reply.get("content-length"))
        if said is None:
            raise MalformedReplyError(f"the registry does not say how large {digest} is")
        return Descriptor(OCTETS, digest, said)

    def delete(self, descriptor: Descriptor) -> None:
        """Remove a blob. Raises NotFoundError, UnsupportedError."""
        request = Request("DELETE", self._paths.blob(descriptor), scopes=self._paths.delete)
        remove(self._client, request, f"{self._client.origin.authority} does not remove blobs")

    def request(self, descriptor: Descriptor, start: int, end: int | None = None) -> Reply:
        """Return the answer that begins at a byte, and ends before another if one is named.

        Raises NotFoundError, MismatchError; UnsupportedError if the registry gives all of a blob for a part of it.
        """
        last = "" if end is None else str(end - 1)
        headers = {"Range": f"bytes={start}-{last}"} if start or end is not None else {}
        request = Request("GET", self._paths.blob(descriptor), headers, scopes=self._paths.pull)
        reply = self._client.send(request, {200, 206} if headers else {200})
        try:
            if reply.status == 206:
                check_range(reply, start, descriptor.size if end is None else end)
            else:
                check_reply(reply, descriptor)
                if end is not None and (start, end) != (0, descriptor.size):
                    raise UnsupportedError(f"{self._client.origin.authority} does not give parts of blobs")
                skip(reply, start)
        except BaseException:
            reply.close()
            raise
        return reply

    def pause(self, attempt: int) -> None:
        """Wait before the next attempt."""
        self._client.pause(attempt)

    @property
    def attempts(self) -> int:
        """Return how often something is tried."""
        return self._client.options.attempts


class BlobStream:
    """A blob from a byte on, or a part of it; if the connection breaks it is asked for the rest on another."""

    def __init__(self, blobs: Blobs, descriptor: Descriptor, start: int, end: int | None = None) -> None:
        if start > descriptor.size:
            raise InvalidContentError(f"{descriptor.digest} has no byte {start:,}")
        self._blobs = blobs
        self._descriptor = descriptor
        self._position = start
        self._end = end
        self._failures = 0
        self._reply: Reply | None = None
        if start < descriptor.size or not start:
            self._reply = blobs.request(descriptor, start, end)

    def __enter__(self) -> "BlobStream":
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def gives_parts(self) -> bool:
        """Say whether the registry is known to give parts of the blob."""
        reply = self._reply
        return reply is not None and (reply.status == 206 or "bytes" in reply.get("accept-ranges"))

    def close(self) -> None:
        """Give the connection back."""
        if self._reply is not None:
            self._reply.close()

    def read(self, size: int = -1, /) -> bytes:
        """Return up to that many bytes, or all; none at the end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(SKIP_BYTES), b""))
        buffer = bytearray(max(1, min(size, SKIP_BYTES, self._descriptor.size - self._position + 1)))
        count = self.readinto(memoryview(buffer)[:size])
        return bytes(memoryview(buffer)[:count])

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer as far as there is something; return how many bytes, 0 at the end.

        Raises BrokenConnectionError when it breaks again and again without a byte in between.
        """
        while self._reply is not None:
            try:
                count = self._reply.readinto(buffer)
            except BrokenConnectionError:
                self._go_on()
                continue
            self._position += count
            self._failures = 0 if count else self._failures
            return count
        return 0

    def _go_on(self) -> None:
        self.close()
        while True:
            self._failures += 1
            if self._failures >= self._blobs.attempts:
                raise BrokenConnectionError(
                    f"{self._descriptor.digest} broke off after {self._position:,} of {self._descriptor.size:,} bytes"
                ) from None
            self._blobs.pause(self._failures - 1)
            try:
                self._reply = self._blobs.request(self._descriptor, self._position, self._end)
                return
            except BrokenConnectionError:
                continue


def check_range(reply: Reply, start: int, end: int) -> None:
    """Raise MismatchError unless an answer is the part that was asked for."""
    match = CONTENT_RANGE.fullmatch(reply.get("content-range"))
    if match is None or int(match[1]) != start or int(match[2]) != end - 1:
        raise MismatchError(f"the registry gives {reply.get('content-range')!r} for bytes {start}-{end - 1}")
    if reply.length is not None and reply.length != end - start:
        raise MismatchError(f"the registry gives {reply.length:,} bytes for a part of {end - start:,}")


def skip(reply: Reply, count: int) -> None:
    """Read over what was not asked for. Raises MalformedReplyError if there is not so much."""
    buffer = memoryview(bytearray(min(count, SKIP_BYTES) or 1))
    while count:
        moved = reply.readinto(buffer[: min(count, len(buffer))])
        if not moved:
            raise MalformedReplyError(f"the answer ends {count:,} bytes before what was asked for")
        count -= moved
