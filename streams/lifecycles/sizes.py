"""Numbers of bytes as people write and read them."""

import re
from fractions import Fraction
from typing import Final

UNITS: Final = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}
"""Powers of two; Kubernetes' `Ki` and `Mi`, and `K` and `M`, are the same to us: a volume is made of whole blocks."""
PATTERN: Final = re.compile(r"(\d{1,19}(?:\.\d{1,9})?)\s?([kmgtpe]?)(?:i?b?)", re.ASCII | re.IGNORECASE)
PARTS: Final = (("EiB", 60), ("PiB", 50), ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10))


def parse_size(text: str) -> int:
    """Return bytes for `1Gi`, `512MiB`, `1.5G` or `4096`: units are powers of 1024. Raises ValueError."""
    found = PATTERN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no size such as 10Gi")
    exact = Fraction(found[1]) * (1 << UNITS[found[2].lower()])
    if exact != int(exact) or exact >= 1 << 63:
        raise ValueError(f"{text!r} is no whole number of bytes below 8 EiB")
    return int(exact)


def size(count: int) -> str:
    """Return a number of bytes in its largest unit, to three digits: `1.5 GiB`."""
    for unit, shift in PARTS:
        # What would be shown as 1024 of a unit is one of the next.
        if abs(count) >= (1 << shift) - (1 << shift - 10) // 2:
            whole = count / (1 << shift)
            return f"{whole:.3g} {unit}" if abs(whole) < 999.5 else f"{whole:.0f} {unit}"
    return f"{count} B"


def exactly(count: int) -> str:
    """Return a number of bytes so that `parse_size` gives it back: `10Gi`, or the number."""
    for unit, shift in PARTS:
        if count and count % (1 << shift) == 0:
            return f"{count >> shift}{unit[:2]}"
    return str(count)
