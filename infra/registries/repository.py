"""A repository of a registry as a target: what is copied from and to, like image layouts and memory."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Final

from infra.oci.descriptors import Descriptor
from infra.oci.digests import check_digest
from infra.oci.errors import InvalidContentError
from infra.oci.manifests import Manifest, as_referrer, is_manifest, parse_manifest
from infra.oci.references import check_tag
from infra.oci.target import (
    MOST_MANIFEST_BYTES,
    BytesContent,
    Content,
    Progress,
    Readable,
    ReadOnlyTarget,
    read_verified,
)
from infra.registries.blobs import Blobs, BlobStream, skip
from infra.registries.client import Client
from infra.registries.listing import in_order, pages
from infra.registries.manifests import Manifests
from infra.registries.paths import Paths
from infra.registries.recent import Recent
from infra.registries.referrers import Referrers
from infra.registries.replies import Reply
from infra.registries.requests import Request
from infra.registries.together import Together
from infra.registries.turns import Turns
from infra.registries.uploads import Uploads
from infra.registries.urls import with_query

if TYPE_CHECKING:
    from infra.registries.fallback_index import FallbackIndex


AHEAD_BYTES: Final = 32 << 20
"""With more than that of a blob to come it is worth to see how fast it comes."""
WORTH_REMEMBERING: Final = 1 << 20
"""Blobs that are smaller are sent faster than it is worth to remember where they are."""


class Repository:
    """A repository; safe to use from several threads, which share its connections."""

    def __init__(self, client: Client, registry: str, name: str) -> None:
        self.registry = registry
        self.name = name
        self._client = client
        self._paths = Paths(client.origin, name)
        self._manifests = Manifests(client, self._paths)
        self.blobs = Blobs(client, self._paths)
        self._uploads = Uploads(client, self._paths)
        self._referrers = Referrers(client, self._paths, self._manifests)
        self._recent = Recent()
        self._subjects = Turns()
        self._together: Together | None = None

    def __enter__(self) -> "Repository":
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __str__(self) -> str:
        """Return its name with that of the registry."""
        return f"{self.registry}/{self.name}"

    def close(self) -> None:
        """End all connections to the registry."""
        self._client.close()

    @property
    def eager_bytes(self) -> int:
        """Return up to which size a blob takes one request to write, as many as it takes to ask for it."""
        return self._uploads.eager_bytes

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest of a manifest means. Raises NotFoundError, MismatchError."""
        return self._manifests.resolve(reference)

    def resolve_blob(self, digest: str) -> Descriptor:
        """Return size and digest of a blob of which only the digest is known. Raises NotFoundError."""
        return self.blobs.resolve(check_digest(digest))

    def get(self, reference: str) -> tuple[Descriptor, bytes]:
        """Return a manifest by tag or digest, verified, in one request. Raises NotFoundError, MismatchError."""
        descriptor, data = self._manifests.get(reference)
        self._recent.keep(descriptor.digest, data)
        return descriptor, data

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on. Raises NotFoundError, MismatchError if the registry has something else."""
        if not is_manifest(descriptor):
            return self._fetch_blob(descriptor, start)
        if (data := self._recent.get(descriptor)) is not None:
            return BytesContent(data).open(start)
        reply = self._manifests.fetch(descriptor)
        skip(reply, start)
        return reply

    def _fetch_blob(self, descriptor: Descriptor, start: int) -> AbstractContextManager[Readable]:
        if descriptor.size - start < AHEAD_BYTES:
            return BlobStream(self.blobs, descriptor, start)
        from infra.registries.ahead import AdaptiveStream

        return AdaptiveStream(self.blobs, descriptor, start)

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there."""
        return (self._manifests if is_manifest(descriptor) else self.blobs).exists(descriptor)

    def push(self, descriptor: Descriptor, content: Content, progress: Progress | None = None) -> None:
        """Write content. Raises MismatchError if it is not what its descriptor says, RegistryError.

        Progress may be negative: that much has to be sent again.
        """
        if not is_manifest(descriptor):
            self._push_blob(descriptor, content, progress)
            return
        data = _read(descriptor, content)
        self._push_manifest(descriptor, data)
        if progress is not None:
            progress(len(data))

    def _push_blob(self, descriptor: Descriptor, content: Content, progress: Progress | None) -> None:
        cache = self._client.options.cache
        if cache is None or descriptor.size < WORTH_REMEMBERING:
            self._uploads.push(descriptor, content, progress)
            return
        from infra.registries.known_places import KnownPlaces

        places = KnownPlaces(cache)
        before = places.find(self.registry, descriptor)
        if before in ("", self.name) or not self.mount_from(descriptor, before):
            self._uploads.push(descriptor, content, progress)
        elif progress is not None:
            progress(descriptor.size)
        places.keep(self.registry, self.name, descriptor)

    def _push_manifest(self, descriptor: Descriptor, data: bytes) -> None:
        manifest = _parsed(descriptor, data)
        if manifest is None or manifest.subject is None:
            self._manifests.put(descriptor.digest, descriptor, data)
        else:
            reply = self._put_referrer(manifest.subject, descriptor, data)
            self._note_subject(descriptor, manifest, manifest.subject, reply)
        self._recent.keep(descriptor.digest, data)

    def _put_referrer(self, subject: Descriptor, descriptor: Descriptor, data: bytes) -> Reply:
        if self._together and self._referrers.support.known:
            self._together.note(subject, descriptor, data)
            return self._manifests.put(descriptor.digest, descriptor, data)
        # Registries keep a list of referrers, and some lose entries when two come at once.
        with self._subjects.of(subject.digest):
            return self._manifests.put(descriptor.digest, descriptor, data)

    def _note_subject(self, descriptor: Descriptor, manifest: Manifest, subject: Descriptor, reply: Reply) -> None:
        support = self._referrers.support
        if reply.get("oci-subject"):
            support.found(True)
        if support.known if support.said else bool(reply.get("oci-subject")):
            return
        if not self._referrers.has_api(subject):
            self._index.add(subject, as_referrer(descriptor, manifest))

    def mount(self, descriptor: Descriptor, source: ReadOnlyTarget) -> bool:
        """Take a blob from another repository of the same registry without moving it; say whether that was done."""
        if not isinstance(source, Repository) or source.registry != self.registry or is_manifest(descriptor):
            return False
        return source.name != self.name and self.mount_from(descriptor, source.name)

    def mount_from(self, descriptor: Descriptor, repository: str) -> bool:
        """Take a blob from a repository of this registry by its name; say whether that was done."""
        return self._uploads.mount(descriptor, repository)

    @cached_property
    def _index(self) -> "FallbackIndex":
        from infra.registries.fallback_index import FallbackIndex

        return FallbackIndex(self._client, self._manifests, self._referrers)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Let referrers be pushed at once: indexes are written, and lists looked at, once at the end of the block."""
        outermost, together = self._together is None, self._together or Together()
        self._together = together
        try:
            with self._index.gathered():
                yield
        finally:
            self._together = None if outermost else together
        for descriptor, data in together.lost(self.referrers) if outermost else ():
            self._push_manifest(descriptor, data)

    def tag(self, descriptor: Descriptor, reference: str) -> None:
        """Let a tag mean a manifest that is there. Raises NotFoundError, InvalidReferenceError."""
        if reference == descriptor.digest:
            self.resolve(reference)
            return
        data = self._recent.get(descriptor)
        if data is None:
            found, data = self._manifests.get(descriptor.digest)
            descriptor = Descriptor(descriptor.media_type or found.media_type, found.digest, found.size)
        self._manifests.put(check_tag(reference), descriptor, data)

    def untag(self, reference: str) -> None:
        """Remove a tag, and nothing else. Raises NotFoundError, UnsupportedError."""
        self._manifests.delete(check_tag(reference))

    def delete(self, descriptor: Descriptor) -> None:
        """Remove a manifest with its tags, or a blob. Raises NotFoundError, UnsupportedError."""
        if not is_manifest(descriptor):
            self.blobs.delete(descriptor)
            return
        found, data = self._manifests.get(descriptor.digest)
        self._manifests.delete(descriptor.digest)
        self._recent.forget(descriptor.digest)
        manifest = _parsed(found, data)
        if manifest is not None and manifest.subject is not None and not self._referrers.has_api(manifest.subject):
            self._index.remove(manifest.subject, descriptor.digest)

    def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is, with their artifact types and annotations."""
        return self._referrers.list(subject, artifact_type)

    def tags(self, last: str = "") -> Iterator[str]:
        """Yield the tags in the registry's order, those after `last`. Raises NotFoundError."""
        url = with_query(self._paths.tags(), last=last) if last else self._paths.tags()
        for page in pages(self._client, Request("GET", url, scopes=self._paths.pull)):
            # Not every registry knows `last`, and they differ in whether case matters to their order.
            yield from (tag for tag in in_order(page.tags or []) if tag > last or tag.lower() > last.lower())


def _read(descriptor: Descriptor, content: Content) -> bytes:
    if descriptor.size > MOST_MANIFEST_BYTES:
        what = f"{descriptor.digest} has {descriptor.size:,} bytes; registries take manifests"
        raise InvalidContentError(f"{what} of at most {MOST_MANIFEST_BYTES:,}")
    with content.open() as stream:
        return read_verified(stream, descriptor)


def _parsed(descriptor: Descriptor, data: bytes) -> Manifest | None:
    try:
        return parse_manifest(data, descriptor.media_type)
    except InvalidContentError:
        # The registry took it, and it has no subject that could be read.
        return None
