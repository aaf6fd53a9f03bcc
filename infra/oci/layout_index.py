"""The index of an image layout as a value: what it says of tags and manifests, and what it is after a change.

Fields that are not known stay as they are. Source: OCI image-spec 1.1, image-layout.md, section index.json file.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from infra.oci.canonical import encode, encode_in_order
from infra.oci.descriptors import Descriptor
from infra.oci.errors import InvalidContentError, InvalidReferenceError
from infra.oci.graph import Graph
from infra.oci.manifests import is_manifest
from infra.oci.media_types import IMAGE_INDEX, REF_NAME

EMPTY: Final = b'{"schemaVersion":2,"mediaType":"%b","manifests":[]}' % IMAGE_INDEX.encode()


class Index(msgspec.Struct, frozen=True):
    """An index and all its fields."""

    manifests: tuple[Descriptor, ...]
    fields: dict[str, Any]


PART: Final = r"[A-Za-z0-9_]+(?:(?:[-._:@+]|--)[A-Za-z0-9_]+)*"
NAME: Final = re.compile(f"{PART}(?:/{PART})*")
"""What a name in an index looks like: image-spec 1.1, annotations.md, org.opencontainers.image.ref.name, and `_`."""

Change = Callable[[Index], Index]


def parse(data: bytes, place: str) -> Index:
    """Return the index. Raises InvalidContentError."""
    try:
        fields = msgspec.json.decode(data, type=dict[str, Any])
        return Index(msgspec.convert(fields.get("manifests") or (), tuple[Descriptor, ...]), fields)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidContentError(f"{place} is no index: {error}") from None


def written(index: Index) -> bytes:
    """Return the index as it is written."""
    return encode_in_order({**index.fields, "manifests": msgspec.Raw(encode(index.manifests))})


def check_name(name: str) -> str:
    """Return the name. Raises InvalidReferenceError."""
    if not NAME.fullmatch(name):
        what = f"{name!r} cannot be a name in an image layout"
        raise InvalidReferenceError(what, "names look like v1 or example.com/app:v1")
    return name


def tags(index: Index) -> dict[str, Descriptor]:
    """Return what each tag means."""
    return {tag: one for one in index.manifests if (tag := _tag(one))}


def find(index: Index, reference: str) -> Descriptor | None:
    """Return what a tag or digest means, without the tag."""
    if found := tags(index).get(reference):
        return _without_tag(found)
    return next((one.bare() for one in index.manifests if one.digest == reference), None)


def added(index: Index, descriptor: Descriptor) -> Index:
    """Return the index with a manifest, which keeps its tags."""
    if any(one.digest == descriptor.digest for one in index.manifests):
        return index
    return _with(index, (*index.manifests, _without_tag(descriptor)))


def tagged(index: Index, descriptor: Descriptor, tag: str) -> Index:
    """Return the index in which a tag means a manifest; what it meant before stays in the index."""
    before = tags(index).get(tag)
    if before and before.digest == descriptor.digest:
        return index
    kept = untagged(index, tag) if before else index
    entry = _with_tag(descriptor, tag)
    # One without a tag of its own needs no second entry.
    others = tuple(one for one in kept.manifests if one.digest != descriptor.digest or _tag(one))
    return _with(index, (*others, entry))


def untagged(index: Index, tag: str) -> Index:
    """Return the index without a tag; the manifest stays in it."""
    kept = tuple(one for one in index.manifests if _tag(one) != tag)
    gone = tags(index)[tag]
    if any(one.digest == gone.digest for one in kept):
        return _with(index, kept)
    return _with(index, (*kept, _without_tag(gone)))


def removed(index: Index, digest: str) -> Index:
    """Return the index without a manifest and its tags."""
    kept = tuple(one for one in index.manifests if one.digest != digest)
    return _with(index, kept) if len(kept) < len(index.manifests) else index


def note_all(index: Index, graph: Graph, read: Callable[[Descriptor], bytes | None]) -> None:
    """Let the graph know all manifests that the index leads to."""
    for descriptor in _leads_to(index, graph, read):
        del descriptor


def _leads_to(index: Index, graph: Graph, read: Callable[[Descriptor], bytes | None]) -> Iterator[Descriptor]:
    waiting = [one for one in index.manifests if is_manifest(one)]
    while waiting:
        one = waiting.pop()
        if graph.knows(one.digest) or (data := read(one)) is None:
            continue
        manifest = graph.note(one, data)
        waiting.extend(inner for inner in (manifest and manifest.manifests) or () if is_manifest(inner))
        yield one


def _with(index: Index, manifests: tuple[Descriptor, ...]) -> Index:
    return Index(manifests, index.fields)


def _tag(descriptor: Descriptor) -> str:
    return (descriptor.annotations or {}).get(REF_NAME, "")


def _with_tag(descriptor: Descriptor, tag: str) -> Descriptor:
    return msgspec.structs.replace(descriptor, annotations={**(descriptor.annotations or {}), REF_NAME: tag})


def _without_tag(descriptor: Descriptor) -> Descriptor:
    notes = {name: text for name, text in (descriptor.annotations or {}).items() if name != REF_NAME}
    return msgspec.structs.replace(descriptor, annotations=notes or None)
