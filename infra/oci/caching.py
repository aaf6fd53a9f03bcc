"""A target that is read through a layout on this machine: what was read once is not fetched again."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

from infra.oci.descriptors import Descriptor
from infra.oci.layout import Layout
from infra.oci.target import FetchedContent, Readable, ReadOnlyTarget


class CachedTarget:
    """Reads content from a cache, and puts there what it has not; tags and referrers are always asked for anew."""

    def __init__(self, source: ReadOnlyTarget, cache: Layout) -> None:
        self._source = source
        self._cache = cache

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest means. Raises NotFoundError."""
        return self._source.resolve(reference)

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on. Raises NotFoundError, and MismatchError if what is fetched is something else."""
        if not self._cache.intact(descriptor):
            self._cache.push(descriptor, FetchedContent(self._source, descriptor))
        return self._cache.fetch(descriptor, start)

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there."""
        return self._cache.exists(descriptor) or self._source.exists(descriptor)

    def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is."""
        return self._source.referrers(subject, artifact_type)

    def tags(self, last: str = "") -> Iterator[str]:
        """Yield the tags in their order, those after `last`."""
        return self._source.tags(last)
