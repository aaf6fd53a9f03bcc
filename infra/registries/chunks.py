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
from infra.registries.paths import Paths
from infra.registries.replies import Reply
from infra.registries.requests import Request
from infra.registries.retrying import PASSING
from infra.registries.urls import MalformedUrlError, Url, follow, with_query

MOST_CHUNK: Final = 32 << 20
LEAST_CHUNK: Final = 512 << 10
"""A proxy that takes no more than this at once is not worked around."""
RANGE: Final = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")


class Session:
    """An upload that was begun: where it goes on, and how many bytes are there."""

    def __init__(self, location: Url) -> None:
        self.location = location
        self.position = 0

    def moved_to(self, reply: Reply, position: int) -> None:
        """Take in where a reply says that the upload goes on. Raises MalformedReplyError."""
        self.position = position
        if location := reply.get("location"):
            try:
                self.location = follow(self.location, location)
            except MalformedUrlError:
                raise MalformedReplyError("a registry does not say where an upload goes on") from None


def push_chunks(
    client: Client,
    paths: Paths,
    location: Url,
    descriptor: Descriptor,
    content: Content,
    chunk: int,
    least: int,
    progress: Progress | None,
) -> None:
    """Send a blob in pieces to where an upload was begun.

    Raises RegistryError, BrokenConnectionError, MismatchError.
    """
    session, failures = Session(location), 0
    while session.position < descriptor.size:
        before = session.position
        try:
            _send_one(client, paths, session, content, min(chunk, descriptor.size - before), progress)
            failures = 0
        except (BrokenConnectionError, RegistryError) as error:
            failures += 1
            if failures >= client.options.attempts or not _passes(error):
                raise
            chunk = _smaller(error, chunk, least)
            client.pause(failures - 1)
            _ask(client, paths, session)
            if progress is not None and session.position != before:
                progress(session.position - before)
    _finish(client, paths, session, descriptor)


def _send_one(
    client: Client, paths: Paths, session: Session, content: Content, count: int, progress: Progress | None
) -> None:
    start = session.position
    headers = {"Content-Type": "application/octet-stream", "Content-Range": f"{start}-{start + count - 1}"}
    body = Body(content, count, start, progress)
    request = Request("PATCH", session.location, headers, body, paths.push, once=True)
    with client.send(request, {202, 201, 204}) as reply:
        session.moved_to(reply, start + count)


def _ask(client: Client, paths: Paths, session: Session) -> None:
    """Ask how far an upload came. Raises RegistryError: the registry does not know it any more, or cannot say."""
    with client.send(Request("GET", session.location, scopes=paths.push), {204, 200, 202}) as reply:
        session.moved_to(reply, parse_range(reply.get("range")))


def parse_range(text: str) -> int:
    """Return how many bytes a registry says it has: `0-99` are 100; `0-0` are none, for one byte nobody stops."""
    match = RANGE.fullmatch(text.strip())
    last = int(match[1]) if match is not None else 0
    return last + 1 if last else 0


def _finish(client: Client, paths: Paths, session: Session, descriptor: Descriptor) -> None:
    url = with_query(session.location, digest=descriptor.digest)
    client.send(Request("PUT", url, {}, None, paths.push), {201, 204}).close()


def _passes(error: Exception) -> bool:
    return not isinstance(error, RegistryError) or error.status in PASSING or error.status in (413, 416)


def _smaller(error: Exception, chunk: int, least: int) -> int:
    """Return the size of the next pieces: half, if they were too large for what is before the registry."""
    if not isinstance(error, RegistryError) or error.status != 413:
        return chunk
    half = max(chunk // 2, least, LEAST_CHUNK)
    if half >= chunk:
        raise error
    return half
