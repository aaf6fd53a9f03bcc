"""Uploads in pieces: after each failure the registry is asked how far it came, and it goes on from there.

Source: OCI distribution-spec 1.1, section Pushing a blob in chunks.
"""

import re
from typing import Final

from infra.oci.descriptors import Descriptor
from infra.oci.target import Content, Progress
from infra.registries.bodies import Body
from infra.registries.client import Client
from infra.registries.errors import BrokenConnectionError, MalformedReplyError, RegistryError
from infra.registries.replies import Reply
from infra.registries.requests import Request
from infra.registries.retrying import PASSING
from infra.registries.scopes import Scopes
from infra.registries.urls import MalformedUrlError, Url, follow, with_query

PIECE_BYTES: Final = 32 << 20
LEAST_BYTES: Final = 512 << 10
"""A proxy that takes no more than this at once is not worked around."""
RANGE: Final = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")


class Pieces:
    """An upload that was begun: where it goes on, and how many bytes are there."""

    def __init__(self, client: Client, scopes: Scopes, location: Url, least: int) -> None:
        self._client = client
        self._scopes = scopes
        self._location = location
        self._least = least
        """Bytes that a piece must have, unless it is the last."""
        self._size = max(client.options.chunk_bytes or PIECE_BYTES, least)
        self._position = 0
        self._failures = 0

    def push(self, descriptor: Descriptor, content: Content, tell: Progress) -> None:
        """Send a blob. Raises RegistryError, BrokenConnectionError, MismatchError; then progress is taken back."""
        try:
            while self._position < descriptor.size:
                self._push_next(descriptor, content, tell)
            url = with_query(self._location, digest=descriptor.digest)
            self._client.send(Request("PUT", url, scopes=self._scopes, once=True), {201, 204}).close()
        except BaseException:
            tell(-self._position)
            raise

    def _push_next(self, descriptor: Descriptor, content: Content, tell: Progress) -> None:
        before = self._position
        try:
            self._send(content, min(self._size, descriptor.size - before), tell)
            self._failures = 0
        except (BrokenConnectionError, RegistryError) as error:
            self._failures += 1
            if self._failures >= self._client.options.attempts or not _passes(error):
                raise
            self._shrink(error, descriptor.size)
            self._client.pause(max(self._failures - 1, 0), error)
            self._ask()
            tell(self._position - before)

    def _send(self, content: Content, count: int, tell: Progress) -> None:
        start = self._position
        headers = {"Content-Type": "application/octet-stream", "Content-Range": f"{start}-{start + count - 1}"}
        body = Body(content, count, start, tell)
        request = Request("PATCH", self._location, headers, body, self._scopes, once=True)
        with self._client.send(request, {202, 201, 204}) as reply:
            self._moved_to(reply, start + count)

    def _ask(self) -> None:
        """Ask how far it came. Raises RegistryError: the registry does not know it any more, or cannot say."""
        with self._client.send(Request("GET", self._location, scopes=self._scopes), {204, 200, 202}) as reply:
            self._moved_to(reply, parse_range(reply.get("range")))

    def _moved_to(self, reply: Reply, position: int) -> None:
        self._position = position
        if location := reply.get("location"):
            try:
                self._location = follow(self._location, location)
            except MalformedUrlError:
                raise MalformedReplyError("a registry does not say where an upload goes on") from None

    def _shrink(self, error: Exception, whole: int) -> None:
        """Halve the pieces if they were too large for what is before the registry."""
        if not isinstance(error, RegistryError) or error.status != 413:
            return
        half = max(min(self._size, whole) // 2, self._least, LEAST_BYTES)
        if half >= self._size:
            raise error
        # That is no failure that would happen again and again: the size has an end.
        self._size, self._failures = half, 0


def parse_range(text: str) -> int:
    """Return how many bytes a registry says it has: `0-99` are 100; `0-0` are none, for one byte nobody stops."""
    match = RANGE.fullmatch(text.strip())
    last = int(match[1]) if match is not None else 0
    return last + 1 if last else 0


def _passes(error: Exception) -> bool:
    return not isinstance(error, RegistryError) or error.status in PASSING or error.status in (413, 416)
