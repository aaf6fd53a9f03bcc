"""What of a copied layer is on the disk for good: a file beside the copy that only grows, read again after a crash.

One line of JSON that says what is copied, then the digest of every chunk in turn, 32 bytes each.
"""

from typing import Final

import msgspec

DIGEST: Final = 32
"""Bytes of a digest: SHA-256."""
LONGEST_LINE: Final = 4096


class Origin(msgspec.Struct, frozen=True):
    """What is copied: a layer of a replica, and its size in bytes. Replicas hold the same in different bytes."""

    volume: str
    replica: str
    layer: str
    size: int
    chunk: int
    """Bytes of a chunk; the last one may be shorter."""

    @property
    def chunks(self) -> int:
        """Return how many chunks there are."""
        return -(-self.size // self.chunk)

    def length(self, index: int) -> int:
        """Return how many bytes a chunk has."""
        return min(self.chunk, self.size - index * self.chunk)


class Record(msgspec.Struct, frozen=True):
    """The origin of a copy, and the digests of the chunks that are durable, from the first on without a gap."""

    origin: Origin
    digests: tuple[bytes, ...]


def encode_origin(origin: Origin) -> bytes:
    """Return the first line of the file."""
    return msgspec.json.encode(origin) + b"\n"


def decode_record(content: bytes) -> Record | None:
    """Return what the file says, None if its first line is torn; a torn digest at its end is left out."""
    line, end, digests = content.partition(b"\n")
    if not end or len(line) > LONGEST_LINE:
        return None
    try:
        origin = msgspec.json.decode(line, type=Origin)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if origin.size < 0 or origin.chunk <= 0:
        return None
    count = min(len(digests) // DIGEST, origin.chunks)
    return Record(origin, tuple(digests[i * DIGEST : (i + 1) * DIGEST] for i in range(count)))
