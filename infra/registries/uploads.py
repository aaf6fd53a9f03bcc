"""Uploads of blobs: in one request if they are small, else in one piece, else in pieces that can be gone on with.

Source: OCI distribution-spec 1.1, sections Pushing blobs, Pushing a blob in chunks, Mounting a blob.
"""

import re
import threading
from typing import Final

from infra.oci.descriptors import Descriptor
from infra.oci.target import Content, Progress, Verifying
from infra.registries.bodies import Body
from infra.registries.client import Client
from infra.registries.errors import BrokenConnectionError, MalformedReplyError, RegistryError
from infra.registries.paths import Paths
from infra.registries.pieces import Pieces
from infra.registries.replies import Reply
from infra.registries.requests import Request
from infra.registries.retrying import PASSING
from infra.registries.scopes import repository_scopes
from infra.registries.urls import MalformedUrlError, Url, follow, with_query

SINGLE_BYTES: Final = 128 << 10
"""Blobs up to this size are sent with the request that begins the upload; a registry may not take them so."""
OCTETS: Final = {"Content-Type": "application/octet-stream"}
VERIFY_BYTES: Final = 256 << 10
TOO_LARGE: Final = 413
LENGTH: Final = re.compile("[0-9]{1,18}")


class Uploads:
    """Writes blobs into one repository."""

    def __init__(self, client: Client, paths: Paths) -> None:
        self._client = client
        self._paths = paths
        self._takes_single = True
        self._begun: dict[str, Url] = {}
        self._lock = threading.Lock()

    @property
    def eager_bytes(self) -> int:
        """Return up to which size blobs are sent in one request; 0 if the registry is known not to take them so."""
        return SINGLE_BYTES if self._takes_single else 0

    def push(self, descriptor: Descriptor, content: Content, progress: Progress | None = None) -> None:
        """Write a blob; progress is taken back for what has to be sent again.

        Raises MismatchError, RegistryError, BrokenConnectionError.
        """
        tally = Tally(progress)
        try:
            self._push(descriptor, content, tally)
        except BaseException as error:
            tally(-tally.count)
            if isinstance(error, RegistryError) and error.status == 400:
                # Registries have several codes for content that is not what it is said to be.
                verify(descriptor, content)
            raise

    def _push(self, descriptor: Descriptor, content: Content, progress: Progress) -> None:
        begun = self._take_begun(descriptor)
        if begun is None and self._takes_single and descriptor.size <= SINGLE_BYTES:
            begun = self._push_single(descriptor, content, progress)
            if begun is None:
                return
        if self._client.options.chunk_bytes:
            self._push_in_pieces(descriptor, content, progress, begun)
        else:
            self._push_whole(descriptor, content, progress, begun)

    def mount(self, descriptor: Descriptor, from_repository: str) -> bool:
        """Take a blob from another repository of the registry; an upload that it begins instead is gone on with.

        Raises RegistryError only if the registry cannot be spoken with.
        """
        url = with_query(self._paths.uploads(), mount=descriptor.digest, **{"from": from_repository})
        scopes = self._paths.push | repository_scopes(from_repository, "pull")
        try:
            with self._client.send(Request("POST", url, scopes=scopes), {201, 202}) as reply:
                if reply.status == 202:
                    self._keep_begun(descriptor, self._location(url, reply))
                return reply.status == 201
        except RegistryError as error:
            # Not every registry lets one mount; what can be copied instead is not a failure.
            if error.status in (400, 401, 403, 404, 405):
                return False
            raise

    def _push_single(self, descriptor: Descriptor, content: Content, progress: Progress) -> Url | None:
        """Send a blob with the request that begins its upload; return where to send it if that was not taken."""
        url = with_query(self._paths.uploads(), digest=descriptor.digest)
        body = Body(content, descriptor.size, 0, progress)
        reply = self._sent(Request("POST", url, OCTETS, body, self._paths.push), {201, 202, 400, 404, 405, 411, 501})
        with reply:
            if reply.status == 201:
                return None
            self._takes_single = False
            if reply.status != 202:
                return self._begin()
            progress(-descriptor.size)
            return self._location(url, reply)

    def _push_whole(self, descriptor: Descriptor, content: Content, progress: Progress, begun: Url | None) -> None:
        """Send a blob in one piece; after that failed, send it in pieces, or a small one again in one."""
        url = begun or self._begin()
        try:
            self._put(url, descriptor, content, progress)
            return
        except (BrokenConnectionError, RegistryError) as error:
            if not _passes(error) or self._client.options.attempts < 2:
                raise
            self._client.pause(0, error)
        self._push_in_pieces(descriptor, content, progress, None)

    def _put(self, location: Url, descriptor: Descriptor, content: Content, progress: Progress) -> None:
        body = Body(content, descriptor.size, 0, progress)
        url = with_query(location, digest=descriptor.digest)
        self._client.send(Request("PUT", url, OCTETS, body, self._paths.push, once=True), {201, 204}).close()

    def _push_in_pieces(self, descriptor: Descriptor, content: Content, progress: Progress, begun: Url | None) -> None:
        """Send a blob in pieces; begin anew when the registry does not know any more how far it was."""
        attempts = self._client.options.attempts
        for attempt in range(attempts):
            location, least = (begun, 0) if begun is not None else self._begin_with_least()
            pieces = Pieces(self._client, self._paths.push, location, least)
            try:
                pieces.push(descriptor, content, progress)
                return
            except (BrokenConnectionError, RegistryError) as error:
                if not _passes(error) or attempt == attempts - 1:
                    raise
                self._client.pause(attempt, error)
            begun = None

    def _begin(self) -> Url:
        return self._begin_with_least()[0]

    def _begin_with_least(self) -> tuple[Url, int]:
        """Begin an upload; return where to send it, and the least size of pieces that the registry takes."""
        url = self._paths.uploads()
        with self._sent(Request("POST", url, scopes=self._paths.push), {202}) as reply:
            least = reply.get("oci-chunk-min-length")
            return self._location(url, reply), int(least) if LENGTH.fullmatch(least) else 0

    def _sent(self, request: Request, expected: set[int]) -> Reply:
        """Send a request that begins an upload: to begin another one does no harm."""
        attempts = self._client.options.attempts
        for attempt in range(attempts):
            try:
                return self._client.send(request, expected)
            except (BrokenConnectionError, RegistryError) as error:
                if not _passes(error) or attempt == attempts - 1:
                    raise
                self._client.pause(attempt, error)
        raise BrokenConnectionError("nothing was tried")

    def _location(self, url: Url, reply: Reply) -> Url:
        try:
            return follow(url, reply.get("location") if reply.get("location") else "http:")
        except MalformedUrlError:
            raise MalformedReplyError(f"{self._client.origin.authority} does not say where to upload to") from None

    def _keep_begun(self, descriptor: Descriptor, location: Url) -> None:
        with self._lock:
            self._begun[descriptor.digest] = location

    def _take_begun(self, descriptor: Descriptor) -> Url | None:
        with self._lock:
            return self._begun.pop(descriptor.digest, None)


class Tally:
    """Passes progress on, and knows how much it was."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.count = 0

    def __call__(self, count: int) -> None:
        """Take in progress."""
        self.count += count
        if self._progress is not None and count:
            self._progress(count)


def verify(descriptor: Descriptor, content: Content) -> None:
    """Raise MismatchError if content is not what its descriptor says."""
    buffer = memoryview(bytearray(VERIFY_BYTES))
    with content.open() as stream:
        verifying = Verifying(stream, descriptor)
        while verifying.readinto(buffer):
            pass
        verifying.verify()


def _passes(error: Exception) -> bool:
    """Say whether a failure of an upload may be over when it is tried otherwise or again."""
    if isinstance(error, RegistryError):
        # The session of an upload is gone when the registry was started anew: 404.
        return error.status in PASSING or error.status in (TOO_LARGE, 404, 416)
    return True
