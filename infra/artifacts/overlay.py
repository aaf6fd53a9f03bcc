"""A target with some manifests more than it has: such as were made here of what is there."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from io import BytesIO

import msgspec

from infra.oci.copying import fits
from infra.oci.descriptors import Descriptor, Platform, describe
from infra.oci.errors import InvalidContentError, NotFoundError
from infra.oci.manifests import parse_manifest
from infra.oci.media_types import INDEXES
from infra.oci.target import Readable, ReadOnlyTarget, read_all


class Overlay:
    """Reads manifests that were made, and all else from a target."""

    def __init__(self, under: ReadOnlyTarget, made: Mapping[str, bytes]) -> None:
        self._under = under
        self._made = made

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest means. Raises NotFoundError."""
        return self._under.resolve(reference)

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on. Raises NotFoundError."""
        data = self._made.get(descriptor.digest)
        return self._under.fetch(descriptor, start) if data is None else BytesIO(data[start:])

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there."""
        return descriptor.digest in self._made or self._under.exists(descriptor)

    def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is; of what was made there are none."""
        return iter(()) if subject.digest in self._made else self._under.referrers(subject, artifact_type)

    def tags(self, last: str = "") -> Iterator[str]:
        """Yield the tags in their order, those after `last`."""
        return self._under.tags(last)


def narrowed(source: ReadOnlyTarget, root: Descriptor, platforms: tuple[str, ...]) -> tuple[Descriptor, bytes]:
    """Return what is left of an index with only some platforms: one manifest, or an index that is made.

    The bytes are those of the index that is made, always the same; empty if none is. What is no index stays what it
    is. Raises NotFoundError, InvalidContentError.
    """
    if not platforms or root.media_type not in INDEXES:
        return root, b""
    data = read_all(source, root)
    wanted = [platform_of(text) for text in platforms]
    members = parse_manifest(data, root.media_type).manifests or ()
    left = [one for one in members if one.platform and any(fits(one.platform, platform) for platform in wanted)]
    if not left:
        raise NotFoundError(f"{root.digest} has nothing for {', '.join(platforms)}")
    if len(left) == 1:
        return left[0].bare(), b""
    return _index(root, data, {one.digest for one in left})


def _index(root: Descriptor, data: bytes, digests: set[str]) -> tuple[Descriptor, bytes]:
    fields = msgspec.json.decode(data)
    # All that the index says stays, also what is not known here.
    fields["manifests"] = [one for one in fields["manifests"] if one.get("digest") in digests]
    made = msgspec.json.encode(fields)
    return describe(made, root.media_type), made


def platform_of(text: str) -> Platform:
    """Return the platform of `os/architecture[/variant][:os_version]`. Raises InvalidContentError."""
    name, _, version = text.partition(":")
    parts = name.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise InvalidContentError(f"{text!r} is no platform", "such as linux/amd64 or linux/arm/v7")
    return Platform(parts[1], parts[0], version, variant=parts[2] if len(parts) == 3 else "")
