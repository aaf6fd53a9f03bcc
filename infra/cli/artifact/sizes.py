"""Sizes and durations, short, for people."""

from typing import Final

UNITS: Final = ("B", "KB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Return a number of bytes in at most four digits."""
    value, power = float(count), 0
    while value >= 1024 and power < len(UNITS) - 1:
        value, power = value / 1024, power + 1
    places = 2 if value < 10 else 1 if value < 100 else 0
    number = f"{value:.{places}f}"
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{number} {UNITS[power]:>2}"


def duration(seconds: float) -> str:
    """Return a time as Go writes it, rounded to seconds, milliseconds or microseconds."""
    if seconds > 1:
        return _long(round(seconds))
    unit, factor = ("ms", 1e3) if seconds > 1e-3 else ("µs", 1e6)
    return f"{round(seconds * factor)}{unit}" if round(seconds * factor) else "0s"


def _long(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds // 60 % 60
    shown = f"{hours}h" if hours else ""
    shown += f"{minutes}m" if hours or minutes else ""
    return f"{shown}{seconds % 60}s"
