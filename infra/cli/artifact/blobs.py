"""Blobs by their digests: in registries they are found elsewhere than manifests."""

from typing import TYPE_CHECKING

from infra.cli.artifact.targets import Place
from infra.oci.descriptors import Descriptor

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget


def resolve_blob(target: "ReadOnlyTarget", place: Place) -> Descriptor:
    """Return the descriptor of the blob at a place. Raises NotFoundError."""
    if not place.is_remote:
        return target.resolve(place.reference)
    from infra.registries.repository import Repository

    assert isinstance(target, Repository)
    return target.resolve_blob(place.reference)
