"""Ids for events that came without one."""

import os
import time


def new_id() -> str:
    """Return an id that nobody else has and that sorts by the time it was made: UUID version 7 (RFC 9562, 5.7)."""
    return uuid7(time.time_ns(), os.urandom(10))


def uuid7(time_ns: int, chance: bytes) -> str:
    """Return the UUID of a time in ns since the epoch and 10 random bytes."""
    number = (time_ns // 1_000_000) % (1 << 48) << 80 | int.from_bytes(chance, "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
