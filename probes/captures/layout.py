"""Numbers and layouts of the capture format, version 1 (falcosecurity/libs, userspace/libscap/scap_savefile.h).

A block is its type, its length, its body, and its length once more; all integers are little-endian.
"""

import struct
from typing import Final

import numpy as np

BLOCK_HEAD: Final = struct.Struct("<II")
BLOCK_EXTRA: Final = 12
"""Bytes of a block that are not its body."""

SECTION: Final = 0x0A0D0D0A
BYTE_ORDER: Final = 0x1A2B3C4D
MAJOR_VERSION: Final = 1

MACHINE: Final = frozenset({0x201, 0x8002ABCD})
PROCESSES: Final = {
    **{0x202: 1, 0x8000ABCD: 1, 0x207: 2, 0x8013ABCD: 2, 0x209: 3, 0x8014ABCD: 3},
    **{0x210: 4, 0x211: 5, 0x212: 6, 0x213: 7, 0x214: 8, 0x215: 9},
}
"""Block types of process lists, and the version of their layout."""
DESCRIPTORS: Final = {0x203: 1, 0x8001ABCD: 1, 0x218: 2}
USERS: Final = {0x206: 1, 0x8012ABCD: 1, 0x220: 2}

EVENT_HEADS: Final = {
    **{0x204: (2, False), 0x8010ABCD: (2, False), 0x208: (6, False)},
    **{0x216: (2, True), 0x221: (2, True), 0x217: (6, True), 0x222: (6, True)},
}
"""Block types of events: bytes before the event's own header (CPU, flags), and if that tells a count of parameters."""

MAX_EVENT_BLOCK: Final = 1 << 24
MAX_LIST_BLOCK: Final = 1 << 28

HEADER: Final = np.dtype([("time", "<u8"), ("tid", "<u8"), ("length", "<u4"), ("type", "<u2")])
HEADER_BYTES: Final = HEADER.itemsize
COUNT_BYTES: Final = 4
"""Size of the count of parameters, which follows the header of newer events."""
