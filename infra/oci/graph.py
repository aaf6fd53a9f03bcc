"""Which manifests point at which content, for targets that have to find referrers by themselves."""

from collections.abc import Iterable, Iterator

from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError
from infra.oci.manifests import Manifest, as_referrer, parse_manifest


class Graph:
    """The subjects of manifests; manifests are read once."""

    def __init__(self) -> None:
        self._referrers: dict[str, dict[str, Descriptor]] = {}
        self._known: set[str] = set()

    def note(self, descriptor: Descriptor, data: bytes) -> Manifest | None:
        """Take note of a manifest; return it, None if it is none."""
        self._known.add(descriptor.digest)
        try:
            manifest = parse_manifest(data, descriptor.media_type)
        except InvalidContentError:
            return None
        if manifest.subject:
            referrer = as_referrer(descriptor, manifest)
            self._referrers.setdefault(manifest.subject.digest, {})[descriptor.digest] = referrer
        return manifest

    def knows(self, digest: str) -> bool:
        """Say whether a manifest was noted."""
        return digest in self._known

    def forget(self, digest: str) -> None:
        """Take note that a manifest is no more."""
        self._known.discard(digest)
        for referrers in self._referrers.values():
            referrers.pop(digest, None)

    def referrers(self, subject: str, artifact_type: str) -> Iterator[Descriptor]:
        """Yield the manifests that have a subject, in the order that they were noted."""
        yield from matching(tuple(self._referrers.get(subject, {}).values()), artifact_type)


def matching(referrers: Iterable[Descriptor], artifact_type: str) -> Iterator[Descriptor]:
    """Yield the referrers of an artifact type, all if it is empty."""
    return (one for one in referrers if not artifact_type or one.artifact_type == artifact_type)
