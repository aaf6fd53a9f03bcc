"""Durations as people write them in manifests: `90s`, `1h30m`, `7d`."""

import re
from typing import Final

UNITS: Final = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
PATTERN: Final = re.compile("".join(rf"(?:(\d{{1,9}}){unit})?" for unit, _ in UNITS), re.ASCII)
LONGEST: Final = 10 * 365 * 86_400


def parse_duration(text: str) -> int:
    """Return the seconds of a duration; empty is 0. Raises ValueError."""
    found = PATTERN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no duration such as 30m, 1h30m or 7d")
    seconds = sum(int(count or 0) * unit for count, (_, unit) in zip(found.groups(), UNITS, strict=True))
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is more than ten years")
    return seconds


def duration(seconds: int) -> str:
    """Return seconds so that `parse_duration` gives them back; 0 is empty."""
    text = ""
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text
