"""What points at content: its type, digest and size.

Source: OCI image-spec 1.1, descriptor.md. The order of the fields is that in which they are written as JSON.
"""

from typing import Annotated, Final

import msgspec

from infra.oci.digests import digest_of
from infra.oci.media_types import EMPTY_JSON

WRITTEN: Final = r"\A([a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+)?\Z"
"""Digests of any algorithm: they become parts of paths and of requests. Some lists have empty ones."""
MOST_BYTES: Final = (1 << 63) - 1


class Platform(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an image runs on."""

    architecture: str
    os: str
    os_version: str = msgspec.field(default="", name="os.version")
    os_features: tuple[str, ...] = msgspec.field(default=(), name="os.features")
    variant: str = ""


class Descriptor(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What some content is, and how to tell that one has got it."""

    media_type: str
    digest: Annotated[str, msgspec.Meta(pattern=WRITTEN)]
    size: Annotated[int, msgspec.Meta(ge=0, le=MOST_BYTES)]
    """Bytes."""
    urls: tuple[str, ...] | None = None
    annotations: dict[str, str] | None = None
    data: str | None = None
    """The content itself in base64, if it is small."""
    platform: Platform | None = None
    artifact_type: str = ""

    @property
    def hex(self) -> str:
        """Return the digest without its algorithm."""
        return self.digest.partition(":")[2]

    def bare(self) -> "Descriptor":
        """Return only what identifies the content."""
        return Descriptor(self.media_type, self.digest, self.size)


def describe(data: bytes, media_type: str) -> Descriptor:
    """Return the descriptor of data."""
    return Descriptor(media_type, digest_of(data), len(data))


EMPTY: Final = msgspec.structs.replace(describe(b"{}", EMPTY_JSON), data="e30=")
"""The empty JSON object, which stands where a manifest must have something and there is nothing."""
