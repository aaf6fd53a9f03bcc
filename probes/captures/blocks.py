"""Splits a capture into its blocks: lists one by one, events many at a time."""

from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from probes.captures import layout
from probes.captures.damage import BrokenError, Damage
from probes.captures.unpacking import pieces

RUN_EVENTS: Final = 1 << 14
RUN_BYTES: Final = 2 << 20


class Block(msgspec.Struct, frozen=True):
    """A block that is no event: its type and body."""

    byte: int
    type: int
    body: bytes


class Run(msgspec.Struct, frozen=True):
    """Event blocks of one type that follow each other: `starts` are their places in `data`, which begins at `byte`."""

    byte: int
    type: int
    data: bytes
    starts: list[int]


def blocks(file: BinaryIO) -> Iterator[Block | Run | Damage]:
    """Yield the blocks of a capture in order; a Damage comes last, if the file does not end where a block does."""
    splitter = _Splitter(file)
    try:
        yield from splitter.split()
    except BrokenError as error:
        yield Damage(splitter.byte, str(error))


class _Splitter:
    """What is unpacked and not yet split; `byte` is where its first byte stands in the capture."""

    def __init__(self, file: BinaryIO) -> None:
        self._pieces = pieces(file)
        self._data = b""
        self._broken: BrokenError | None = None
        self.byte = 0

    def split(self) -> Iterator[Block | Run]:
        first = True
        while self._has(layout.BLOCK_HEAD.size, end_is_good=True):
            kind, length = layout.BLOCK_HEAD.unpack_from(self._data)
            if first and kind != layout.SECTION:
                raise BrokenError("this is no capture: it does not begin with a section header")
            first = False
            if kind in layout.EVENT_HEADS:
                yield self._run(kind)
            else:
                yield self._block(kind, length)

    def _block(self, kind: int, length: int) -> Block:
        self._check(kind, length, layout.MAX_LIST_BLOCK, 0)
        block = Block(self.byte, kind, self._data[8 : length - 4])
        if kind == layout.SECTION:
            _check_section(block.body)
        self._drop(length)
        return block

    def _run(self, kind: int) -> Run:
        """Return the event blocks of this type that are unpacked already, at least one."""
        before, counted = layout.EVENT_HEADS[kind]
        least = before + layout.HEADER_BYTES + layout.COUNT_BYTES * counted
        self._check(kind, layout.BLOCK_HEAD.unpack_from(self._data)[1], layout.MAX_EVENT_BLOCK, least)
        data, unpack, at = self._data, layout.BLOCK_HEAD.unpack_from, 0
        starts: list[int] = []
        end, least = min(len(data), RUN_BYTES) - layout.BLOCK_HEAD.size, least + layout.BLOCK_EXTRA
        while at <= end and len(starts) < RUN_EVENTS:
            type, length = unpack(data, at)
            after = at + length
            # the length at the block's end must be that at its beginning
            if type != kind or length < least or after > len(data) or data[after - 4 : after] != data[at + 4 : at + 8]:
                break
            starts.append(at)
            at = after
        run = Run(self.byte, kind, data[:at], starts)
        self._drop(at)
        return run

    def _check(self, kind: int, length: int, most: int, least: int) -> None:
        """Have the first block in memory as a whole. Raises BrokenError."""
        if not layout.BLOCK_EXTRA + least <= length <= most:
            raise BrokenError(f"a block of type {kind:#x} cannot have {length:,} bytes")
        self._has(length, end_is_good=False)
        if self._data[length - 4 : length] != self._data[4:8]:
            raise BrokenError(f"a block of type {kind:#x} does not end with its length")

    def _has(self, size: int, *, end_is_good: bool) -> bool:
        """Return whether that many bytes are in memory, unpacking more. Raises BrokenError at a bad end."""
        if len(self._data) < size:
            self._unpack(size)
        if len(self._data) >= size:
            return True
        if self._broken:
            raise self._broken
        if end_is_good and not self._data:
            return False
        raise BrokenError(f"it is cut off: {size:,} bytes should follow, and there are {len(self._data):,}")

    def _unpack(self, size: int) -> None:
        """Have so many bytes in memory, or all there are."""
        parts, have = [self._data], len(self._data)
        try:
            while have < size and (piece := next(self._pieces, b"")):
                parts.append(piece)
                have += len(piece)
        except BrokenError as error:
            self._broken = error
        self._data = b"".join(parts)

    def _drop(self, size: int) -> None:
        self._data = self._data[size:]
        self.byte += size


def _check_section(body: bytes) -> None:
    order, major = int.from_bytes(body[:4], "little"), int.from_bytes(body[4:6], "little")
    if order == int.from_bytes(layout.BYTE_ORDER.to_bytes(4, "little"), "big"):
        raise BrokenError("it was written by a big-endian machine; only little-endian captures can be read")
    if order != layout.BYTE_ORDER:
        raise BrokenError("this is no capture: its section header has no byte-order mark")
    if major != layout.MAJOR_VERSION:
        raise BrokenError(f"its format has version {major}; only {layout.MAJOR_VERSION} is known")
