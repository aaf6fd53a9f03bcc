"""Artifacts in memory: for what is small and soon gone."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO

from infra.oci.descriptors import Descriptor
from infra.oci.digests import is_digest
from infra.oci.errors import NotFoundError
from infra.oci.graph import Graph
from infra.oci.manifests import is_manifest
from infra.oci.references import check_tag
from infra.oci.target import Content, Progress, Readable, ReadOnlyTarget, Verifying


class Memory:
    """A target that holds everything in memory."""

    def __init__(self) -> None:
        self._content: dict[str, bytes] = {}
        self._types: dict[str, str] = {}
        self._tags: dict[str, Descriptor] = {}
        self._graph = Graph()
        self._lock = threading.RLock()

    @property
    def eager_bytes(self) -> int:
        """Return 0: to look costs nothing here."""
        return 0

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest means. Raises NotFoundError."""
        with self._lock:
            if reference in self._tags:
                return self._tags[reference]
            if is_digest(reference) and reference in self._content:
                return Descriptor(self._types[reference], reference, len(self._content[reference]))
        raise NotFoundError(f"there is no {reference}")

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on. Raises NotFoundError."""
        with self._lock:
            data = self._content.get(descriptor.digest)
        if data is None:
            raise NotFoundError(f"there is no {descriptor.digest}")
        stream = BytesIO(data)
        stream.seek(start)
        return stream

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there."""
        with self._lock:
            return descriptor.digest in self._content

    def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is."""
        with self._lock:
            return iter(tuple(self._graph.referrers(subject.digest, artifact_type)))

    def tags(self, last: str = "") -> Iterator[str]:
        """Yield the tags in their order, those after `last`."""
        with self._lock:
            return iter(sorted(tag for tag in self._tags if tag > last))

    def push(self, descriptor: Descriptor, content: Content, progress: Progress | None = None) -> None:
        """Write content. Raises MismatchError if it is not what its descriptor says."""
        with content.open() as stream:
            verifying = Verifying(stream, descriptor)
            parts = []
            while part := verifying.read(1 << 20):
                parts.append(part)
                if progress:
                    progress(len(part))
            verifying.verify()
        with self._lock:
            self._content[descriptor.digest] = b"".join(parts)
            self._types[descriptor.digest] = descriptor.media_type
            if is_manifest(descriptor):
                self._graph.note(descriptor, self._content[descriptor.digest])

    def tag(self, descriptor: Descriptor, reference: str) -> None:
        """Let a tag mean a manifest that is there. Raises NotFoundError, InvalidReferenceError."""
        with self._lock:
            if descriptor.digest not in self._content:
                raise NotFoundError(f"there is no {descriptor.digest}")
            if reference != descriptor.digest:
                self._tags[check_tag(reference)] = descriptor.bare()

    def untag(self, reference: str) -> None:
        """Remove a tag. Raises NotFoundError."""
        with self._lock:
            if self._tags.pop(reference, None) is None:
                raise NotFoundError(f"there is no tag {reference}")

    def delete(self, descriptor: Descriptor) -> None:
        """Remove a manifest with its tags, or a blob. Raises NotFoundError."""
        with self._lock:
            if self._content.pop(descriptor.digest, None) is None:
                raise NotFoundError(f"there is no {descriptor.digest}")
            self._types.pop(descriptor.digest)
            self._graph.forget(descriptor.digest)
            self._tags = {tag: one for tag, one in self._tags.items() if one.digest != descriptor.digest}

    def mount(self, descriptor: Descriptor, source: ReadOnlyTarget) -> bool:
        """Take nothing from elsewhere without copying it."""
        del descriptor, source
        return False

    def gathered(self) -> AbstractContextManager[None]:
        """Do nothing: there are no indexes to be written."""
        return nullcontext()
