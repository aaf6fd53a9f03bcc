"""Artifacts as tests need them: packed and put into a target."""

from infra.oci.descriptors import Descriptor, describe
from infra.oci.media_types import CREATED, IMAGE_INDEX, TITLE
from infra.oci.packing import pack, pack_index
from infra.oci.target import Target, push_bytes

CREATED_THEN = "2026-01-01T00:00:00Z"


def layer(target: Target, data: bytes, title: str = "", media_type: str = "text/plain") -> Descriptor:
    """Put a blob into a target; return its descriptor, with a title if there is one."""
    blob = describe(data, media_type)
    push_bytes(target, blob, data)
    return Descriptor(media_type, blob.digest, blob.size, annotations={TITLE: title} if title else None)


def artifact(
    target: Target,
    *layers: Descriptor,
    tag: str = "",
    kind: str = "application/vnd.test",
    subject: Descriptor | None = None,
    **annotations: str,
) -> Descriptor:
    """Put an artifact into a target; return the descriptor of its manifest."""
    notes = {**annotations, CREATED: CREATED_THEN}
    packed = pack(layers, artifact_type=kind, subject=subject and subject.bare(), annotations=notes)
    for blob, data in packed.blobs:
        push_bytes(target, blob, data)
    push_bytes(target, packed.descriptor, packed.data)
    if tag:
        target.tag(packed.descriptor, tag)
    return packed.descriptor.bare()


def index(target: Target, *manifests: Descriptor, tag: str = "") -> Descriptor:
    """Put an index into a target; return its descriptor."""
    data = pack_index(manifests)
    descriptor = describe(data, IMAGE_INDEX)
    push_bytes(target, descriptor, data)
    if tag:
        target.tag(descriptor, tag)
    return descriptor
