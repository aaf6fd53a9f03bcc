"""Makes manifests of files, as the OCI image specification 1.1 and the artifact guidance want them.

Source: OCI image-spec 1.1, manifest.md, section Guidelines for Artifact Usage.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from infra.oci.canonical import encode_in_order
from infra.oci.descriptors import EMPTY, Descriptor, describe
from infra.oci.errors import InvalidContentError
from infra.oci.manifests import Annotations
from infra.oci.media_types import CREATED, EMPTY_JSON, IMAGE_MANIFEST, UNKNOWN_CONFIG

MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
"""RFC 6838, section 4.2."""
RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")

ImageSpec = Literal["v1.0", "v1.1"]


class Packed(msgspec.Struct, frozen=True):
    """A manifest with the blobs that were made for it."""

    descriptor: Descriptor
    """With artifact type and annotations."""
    data: bytes
    blobs: tuple[tuple[Descriptor, bytes], ...]


def pack(
    layers: Sequence[Descriptor],
    *,
    artifact_type: str = "",
    config: Descriptor | None = None,
    config_annotations: Annotations | None = None,
    annotations: Annotations | None = None,
    subject: Descriptor | None = None,
    version: ImageSpec = "v1.1",
    created: str = "",
) -> Packed:
    """Return the manifest of layers; `created` is an RFC 3339 time for manifests that do not say it themselves.

    Raises InvalidContentError.
    """
    notes = dated(annotations or {}, created)
    blobs: dict[str, tuple[Descriptor, bytes]] = {}
    if version == "v1.0":
        if subject:
            raise InvalidContentError("image-spec v1.0 knows no subject", "--image-spec v1.1")
        config = config or _custom_config(artifact_type or UNKNOWN_CONFIG, config_annotations, blobs)
        kind, shown, listed = "", config.media_type, tuple(layers)
    else:
        kind = shown = _artifact_type(artifact_type, config)
        config = config or _empty(config_annotations, blobs)
        listed = tuple(layers) or (_empty(None, blobs),)
    _check_media_type(config.media_type, "config media type")
    data = _manifest(kind, config, listed, subject, notes)
    descriptor = msgspec.structs.replace(describe(data, IMAGE_MANIFEST), artifact_type=shown, annotations=notes)
    return Packed(descriptor, data, tuple(blobs.values()))


def dated(annotations: Annotations, created: str) -> Annotations:
    """Return annotations with the time of creation. Raises InvalidContentError if they have one that is none."""
    if CREATED not in annotations:
        return {**annotations, CREATED: created or _now()}
    if not RFC3339.fullmatch(annotations[CREATED]):
        raise InvalidContentError(f"{CREATED} is {annotations[CREATED]!r}, no RFC 3339 time")
    return dict(annotations)


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _artifact_type(artifact_type: str, config: Descriptor | None) -> str:
    if not artifact_type and (config is None or config.media_type == EMPTY_JSON):
        raise InvalidContentError("an artifact without a config needs an artifact type", "--artifact-type TYPE")
    if artifact_type:
        _check_media_type(artifact_type, "artifact type")
    return artifact_type


def _check_media_type(text: str, what: str) -> None:
    if not MEDIA_TYPE.fullmatch(text):
        raise InvalidContentError(f"{text!r} is no {what}", "it looks like application/vnd.example+type")


def _empty(annotations: Annotations | None, blobs: dict[str, tuple[Descriptor, bytes]]) -> Descriptor:
    descriptor = msgspec.structs.replace(EMPTY, annotations=annotations or None)
    blobs[descriptor.digest] = (descriptor, b"{}")
    return descriptor


def _custom_config(
    media_type: str, annotations: Annotations | None, blobs: dict[str, tuple[Descriptor, bytes]]
) -> Descriptor:
    _check_media_type(media_type, "artifact type")
    descriptor = msgspec.structs.replace(describe(b"{}", media_type), annotations=annotations or None)
    blobs[descriptor.digest] = (descriptor, b"{}")
    return descriptor


def _manifest(
    kind: str, config: Descriptor, layers: tuple[Descriptor, ...], subject: Descriptor | None, notes: Annotations
) -> bytes:
    fields = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": kind,
        "config": config,
        "layers": layers,
        "subject": subject,
        "annotations": notes,
    }
    return encode_in_order({name: value for name, value in fields.items() if value not in ("", None)})


def pack_index(
    manifests: Sequence[Descriptor],
    *,
    artifact_type: str = "",
    annotations: Annotations | None = None,
    subject: Descriptor | None = None,
) -> bytes:
    """Return an index of manifests."""
    from infra.oci.media_types import IMAGE_INDEX

    fields = {
        "schemaVersion": 2,
        "mediaType": IMAGE_INDEX,
        "artifactType": artifact_type,
        "manifests": tuple(manifests),
        "subject": subject,
        "annotations": annotations or None,
    }
    return encode_in_order({name: value for name, value in fields.items() if value not in ("", None)})
