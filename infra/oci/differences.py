"""What is different between two artifacts: annotations, config, files, and what refers to them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from infra.oci.descriptors import Descriptor
from infra.oci.manifests import Manifest, parse_manifest
from infra.oci.media_types import TITLE
from infra.oci.target import ReadOnlyTarget, read_all

Part = Literal["artifactType", "annotation", "config", "layer", "manifest", "referrer"]


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is not the same."""

    part: Part
    name: str
    before: str = ""
    """What it is in the first, empty if there is none; content by its digest."""
    after: str = ""


def compare(first: ReadOnlyTarget, one: Descriptor, second: ReadOnlyTarget, other: Descriptor) -> list[Difference]:
    """Return what is different between two artifacts, nothing if they are the same. Raises what the targets raise."""
    before = parse_manifest(read_all(first, one), one.media_type)
    after = parse_manifest(read_all(second, other), other.media_type)
    return [
        *_in_manifests(before, after),
        *_maps("referrer", _referrers(first, one), _referrers(second, other)),
    ]


def _in_manifests(before: Manifest, after: Manifest) -> Iterator[Difference]:
    yield from _maps("artifactType", {"": before.kind}, {"": after.kind})
    yield from _maps("annotation", before.annotations or {}, after.annotations or {})
    yield from _maps("config", _named([before.config]), _named([after.config]))
    yield from _maps("layer", _named(before.layers or before.blobs), _named(after.layers or after.blobs))
    yield from _maps("manifest", _named(before.manifests), _named(after.manifests))


def _maps(part: Part, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in [*before, *(name for name in after if name not in before)]:
        if before.get(name, "") != after.get(name, ""):
            yield Difference(part, name, before.get(name, ""), after.get(name, ""))


def _named(descriptors: Iterable[Descriptor | None] | None) -> dict[str, str]:
    """Return digests by the names of files; what has no name is told apart by its type and its place."""
    named: dict[str, str] = {}
    for number, one in enumerate(descriptors or ()):
        if one is not None:
            platform = f"{one.platform.os}/{one.platform.architecture}" if one.platform else ""
            title = (one.annotations or {}).get(TITLE) or platform or f"{one.media_type}#{number}"
            named[title] = one.digest
    return named


def _referrers(target: ReadOnlyTarget, one: Descriptor) -> dict[str, str]:
    return {f"{found.artifact_type} {found.digest}": found.digest for found in target.referrers(one)}
