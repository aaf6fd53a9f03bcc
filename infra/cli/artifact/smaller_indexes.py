"""Indexes from which only some platforms are taken: the fields of the index and of what is kept stay as they are."""

from typing import TYPE_CHECKING, Final

import msgspec

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.printing import tell
from infra.oci.copying import all_referrers, copy_all, fits, select_platform, shown
from infra.oci.descriptors import Descriptor, Platform, describe
from infra.oci.media_types import INDEXES
from infra.oci.target import push_bytes, read_all

if TYPE_CHECKING:
    from infra.oci.target import ReadOnlyTarget, Target
    from infra.oci.watching import Watcher

SUBJECT_OF_ATTESTATION: Final = "vnd.docker.reference.digest"
"""Annotation by which BuildKit says which manifest of the same index an attestation is about."""


class SmallerIndex(msgspec.Struct, frozen=True):
    """What is copied instead of an index."""

    descriptor: Descriptor
    data: bytes
    kept: tuple[Descriptor, ...]
    concurrency: int
    recursive: bool
    is_smaller: bool = True
    """Whether it is another index than that of the source."""

    def copy(self, source: "ReadOnlyTarget", destination: "Target", watcher: "Watcher") -> None:
        """Copy what is kept, and write the index. Raises what the targets raise."""
        roots = list(self.kept)
        if self.recursive:
            roots += [one for kept in self.kept for one in all_referrers(source, kept, concurrency=self.concurrency)]
        copy_all(source, destination, roots, concurrency=self.concurrency, watcher=watcher)
        watcher.begun(self.descriptor)
        push_bytes(destination, self.descriptor, self.data)
        watcher.moved(self.descriptor, len(self.data))
        watcher.done(self.descriptor)


def choose(
    source: "ReadOnlyTarget",
    root: Descriptor,
    platforms: tuple[Platform, ...],
    named: str,
    concurrency: int,
    recursive: bool,
) -> SmallerIndex:
    """Return what is for the platforms; the index itself or a single manifest if that is all there is to it.

    Raises ArtifactError, OciError.
    """
    _check_index(root, named)
    data = read_all(source, root)
    fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    raws = msgspec.json.decode(fields.get("manifests", msgspec.Raw(b"[]")), type=list[msgspec.Raw])
    manifests = [msgspec.json.decode(raw, type=Descriptor) for raw in raws]
    kept = kept_of(manifests, platforms)
    if len(kept) == len(manifests):
        return SmallerIndex(root, data, (), concurrency, recursive, is_smaller=False)
    if len(kept) == 1 and (only := manifests[kept[0]].platform):
        return SmallerIndex(select_platform(source, root, only), b"", (), concurrency, recursive, is_smaller=False)
    if recursive:
        _warn(source, root)
    smaller = _written(fields, [raws[place] for place in kept])
    descriptor = describe(smaller, root.media_type)
    return SmallerIndex(descriptor, smaller, tuple(manifests[place] for place in kept), concurrency, recursive)


def _check_index(root: Descriptor, named: str) -> None:
    if root.media_type not in INDEXES:
        advice = "selecting multiple platforms requires a multi-platform source; use a single --platform value"
        raise ArtifactError(f'"{named}" is not an image index or a manifest list', recommendation=advice)


def _warn(source: "ReadOnlyTarget", root: Descriptor) -> None:
    if next(iter(source.referrers(root)), None):
        tell("Warning: what refers to the index is not copied: with fewer platforms it is another index")


def kept_of(manifests: list[Descriptor], platforms: tuple[Platform, ...]) -> list[int]:
    """Return the places of what is kept: what fits, attestations about it, and what is for no platform.

    Raises ArtifactError for a platform for which there is nothing.
    """
    _check_all_there(manifests, platforms)
    chosen = {place for place, one in enumerate(manifests) if one.platform and _fits_any(one.platform, platforms)}
    left = {one.digest for place, one in enumerate(manifests) if one.platform and place not in chosen}
    digests = {manifests[place].digest for place in chosen}
    return [place for place, one in enumerate(manifests) if _is_kept(one, place in chosen, digests, left)]


def _is_kept(one: Descriptor, chosen: bool, digests: set[str], left: set[str]) -> bool:
    if subject := _subject(one):
        return subject in digests
    return chosen if one.platform else one.digest not in left


def _subject(one: Descriptor) -> str:
    return (one.annotations or {}).get(SUBJECT_OF_ATTESTATION, "")


def _fits_any(platform: Platform, wanted: tuple[Platform, ...]) -> bool:
    return any(fits(platform, one) for one in wanted)


def _check_all_there(manifests: list[Descriptor], platforms: tuple[Platform, ...]) -> None:
    there = [one.platform for one in manifests if one.platform and not _subject(one)]
    missing = [shown(wanted) for wanted in platforms if not any(fits(one, wanted) for one in there)]
    if missing:
        available = ", ".join(dict.fromkeys(map(shown, there)))
        what = f"unmatched platforms: [{', '.join(missing)}]"
        raise ArtifactError(what, recommendation=f"available platforms in index: [{available}]")


def _written(fields: dict[str, msgspec.Raw], manifests: list[msgspec.Raw]) -> bytes:
    parts = {**fields, "manifests": msgspec.Raw(b"[" + b",".join(map(bytes, manifests)) + b"]")}
    return b"{" + b",".join(msgspec.json.encode(key) + b":" + bytes(raw) for key, raw in parts.items()) + b"}"
