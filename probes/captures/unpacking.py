"""The bytes of a capture, unpacked: captures are gzip files, or plain ones."""

import zlib
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from probes.captures.damage import BrokenError

if TYPE_CHECKING:
    from zlib import _Decompress as Unpacker

GZIP: Final = b"\x1f\x8b"
PIECE: Final = 1 << 20
LITTLE: Final = 256
GZIP_WINDOW: Final = 31


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield the unpacked content of a file, at most PIECE bytes at a time.

    Raises BrokenError, after all that could be unpacked, if gzip data is damaged or cut off (RFC 1952).
    """
    packed = file.read(PIECE)
    if not packed.startswith(GZIP):
        while packed:
            yield packed
            packed = file.read(PIECE)
        return
    while packed:
        packed = yield from _member(file, packed)


def _member(file: BinaryIO, packed: bytes) -> Generator[bytes, None, bytes]:
    """Yield one member of a gzip file; return the packed bytes after it."""
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    while packed:
        before = unpacker.copy()
        try:
            piece = unpacker.decompress(packed, PIECE)
        except zlib.error as error:
            yield from _salvage(before, packed)
            raise BrokenError(f"the gzip data is damaged ({error})") from None
        if piece:
            yield piece
        if unpacker.eof:
            return unpacker.unused_data or file.read(PIECE)
        packed = unpacker.unconsumed_tail or file.read(PIECE)
    raise BrokenError("the gzip data is cut off")


def _salvage(unpacker: "Unpacker", packed: bytes) -> Iterator[bytes]:
    """Yield what can be unpacked before the damage, a little at a time: a failing step gives nothing."""
    with suppress(zlib.error):
        while piece := unpacker.decompress(packed, LITTLE):
            yield piece
            packed = unpacker.unconsumed_tail
