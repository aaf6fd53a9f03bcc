"""Manifests and indexes: what they point at, read from bytes that are never written anew.

Source: OCI image-spec 1.1, manifest.md and image-index.md. Fields that are not known stay in the bytes.
"""

from typing import Any, Final

import msgspec

from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError
from infra.oci.media_types import ARTIFACT_MANIFEST, INDEXES, MANIFESTS

Annotations = dict[str, str]


class Manifest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An image manifest, an index or an artifact manifest; fields that one has not are empty."""

    schema_version: int = 2
    media_type: str = ""
    artifact_type: str = ""
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] | None = None
    manifests: tuple[Descriptor, ...] | None = None
    blobs: tuple[Descriptor, ...] | None = None
    subject: Descriptor | None = None
    annotations: Annotations | None = None

    @property
    def kind(self) -> str:
        """Return the artifact type: its own, else the media type of the config."""
        return self.artifact_type or (self.config.media_type if self.config else "")


_DECODER: Final[Any] = msgspec.json.Decoder(Manifest)


def parse_manifest(data: bytes, media_type: str) -> Manifest:
    """Return what a manifest says. Raises InvalidContentError."""
    try:
        manifest: Manifest = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidContentError(f"that is no manifest ({media_type}): {error}") from None
    if manifest.media_type and manifest.media_type != media_type:
        raise InvalidContentError(f"the manifest says that it is {manifest.media_type}, not {media_type}")
    if media_type in INDEXES and (manifest.layers or manifest.config):
        raise InvalidContentError("an index must have neither config nor layers")
    return manifest


def successors(manifest: Manifest) -> tuple[Descriptor, ...]:
    """Return all that a manifest points at: subject, config, layers, manifests of an index."""
    subject = (manifest.subject,) if manifest.subject else ()
    config = (manifest.config,) if manifest.config else ()
    return (*subject, *config, *(manifest.layers or ()), *(manifest.blobs or ()), *(manifest.manifests or ()))


def is_manifest(descriptor: Descriptor) -> bool:
    """Say whether a descriptor is one of a manifest rather than of a blob."""
    return descriptor.media_type in MANIFESTS


def as_referrer(descriptor: Descriptor, manifest: Manifest) -> Descriptor:
    """Return the descriptor as it stands in a list of referrers: with artifact type and annotations."""
    kind = manifest.artifact_type or ("" if descriptor.media_type == ARTIFACT_MANIFEST else manifest.kind)
    return msgspec.structs.replace(descriptor.bare(), artifact_type=kind, annotations=manifest.annotations)
