"""Where artifacts are: registries, image layouts and memory, all the same to who copies between them.

What is written can be read as soon as `push` returned; a manifest is written after all that it points at. Everything
is safe to call from several threads at once, and everything may be repeated.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from infra.oci.descriptors import Descriptor
from infra.oci.digests import digest_of
from infra.oci.errors import InvalidContentError, MismatchError
from infra.oci.media_types import MANIFESTS
from infra.oci.sums import Sum


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to that many bytes; none at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill a buffer as far as there is something now; return how many bytes, 0 at the end."""


class Content(Protocol):
    """Content that can be read more than once, because an upload may have to begin again."""

    def open(self, start: int = 0) -> AbstractContextManager[Readable]:
        """Read from a byte on; a file is opened as such, so that its descriptor can be sent from."""


class ReadOnlyTarget(Protocol):
    """Where artifacts can be read."""

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest means. Raises NotFoundError."""

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on; what is read is not verified. Raises NotFoundError."""

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there."""

    def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is, with their artifact types and annotations."""

    def tags(self, last: str = "") -> Iterator[str]:
        """Yield the tags in their order, those after `last`."""


class Target(ReadOnlyTarget, Protocol):
    """Where artifacts can be read and written."""

    @property
    def eager_bytes(self) -> int:
        """Return up to which size a blob is written as fast as it is asked for; 0 if asking is always faster."""

    def push(self, descriptor: Descriptor, content: Content, progress: "Progress | None" = None) -> None:
        """Write content, also if it is there. Raises MismatchError if it is not what its descriptor says."""

    def tag(self, descriptor: Descriptor, reference: str) -> None:
        """Let a tag mean a manifest that is there. Raises NotFoundError."""

    def untag(self, reference: str) -> None:
        """Remove a tag, and nothing else. Raises NotFoundError, UnsupportedError."""

    def delete(self, descriptor: Descriptor) -> None:
        """Remove a manifest with its tags, or a blob. Raises NotFoundError, UnsupportedError."""

    def mount(self, descriptor: Descriptor, source: ReadOnlyTarget) -> bool:
        """Take a blob from another repository of the same registry without moving it; say whether that was done."""

    def gathered(self) -> AbstractContextManager[None]:
        """Write indexes of referrers once, at the end of the block, instead of after each push."""


Progress = Callable[[int], None]
"""Called with how many more bytes are done."""

MOST_MANIFEST_BYTES = 4 << 20
"""Largest manifest that is read into memory, as registries limit them (distribution-spec 1.1, pushing manifests)."""


class BytesContent:
    """Content in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def open(self, start: int = 0) -> AbstractContextManager[Readable]:
        """Read from a byte on."""
        from io import BytesIO

        stream = BytesIO(self.data)
        stream.seek(start)
        return stream


class FetchedContent:
    """Content of another target."""

    def __init__(self, target: ReadOnlyTarget, descriptor: Descriptor) -> None:
        self._target = target
        self._descriptor = descriptor

    def open(self, start: int = 0) -> AbstractContextManager[Readable]:
        """Read from a byte on."""
        return self._target.fetch(self._descriptor, start)


class Verifying:
    """A stream that passes on what it reads and knows, at the end, whether it was what a descriptor says."""

    def __init__(self, stream: Readable, descriptor: Descriptor) -> None:
        self._stream = stream
        self._sum = Sum(descriptor)

    def read(self, size: int = -1, /) -> bytes:
        """Return up to that many bytes. Raises MismatchError if there are more than there should be."""
        data = self._stream.read(size)
        self._sum.take(data)
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer; return how many bytes. Raises MismatchError if there are more than there should be."""
        count = self._stream.readinto(buffer) or 0
        self._sum.take(buffer[:count])
        return count

    def verify(self) -> None:
        """Raise MismatchError unless all that was read is what the descriptor says."""
        self._sum.verify()


def read_all(target: ReadOnlyTarget, descriptor: Descriptor, most: int = MOST_MANIFEST_BYTES) -> bytes:
    """Return verified content that fits in memory. Raises NotFoundError, InvalidContentError, MismatchError."""
    if descriptor.size > most:
        raise InvalidContentError(f"{descriptor.digest} has {descriptor.size:,} bytes, more than {most:,}")
    with target.fetch(descriptor) as stream:
        return read_verified(stream, descriptor)


def read_verified(stream: Readable, descriptor: Descriptor) -> bytes:
    """Return all that a stream holds. Raises MismatchError if it is not what the descriptor says."""
    verifying = Verifying(stream, descriptor)
    data = b"".join(iter(lambda: verifying.read(1 << 16), b""))
    verifying.verify()
    return data


def push_bytes(target: Target, descriptor: Descriptor, data: bytes) -> None:
    """Write content from memory. Raises MismatchError, InvalidContentError for manifests that nobody could read."""
    if len(data) > MOST_MANIFEST_BYTES and descriptor.media_type in MANIFESTS:
        raise InvalidContentError(f"that manifest has {len(data):,} bytes, more than {MOST_MANIFEST_BYTES:,}")
    if len(data) != descriptor.size or digest_of(data, descriptor.digest.partition(":")[0]) != descriptor.digest:
        raise MismatchError(f"content of {descriptor.digest} has another digest or size")
    target.push(descriptor, BytesContent(data))
