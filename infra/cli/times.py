"""Points in time as people write them: how long ago, or an ISO 8601 time."""

import re
from datetime import datetime
from typing import Final

from infra.cli.errors import USAGE, CliError
from schemas.timestamps import parse_rfc3339

UNITS: Final = {
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3600 * 1_000_000_000,
    "d": 86_400 * 1_000_000_000,
    "w": 7 * 86_400 * 1_000_000_000,
}
PART: Final = re.compile(r"(\d{1,12})(ms|[smhdw])", re.ASCII)
DURATION: Final = re.compile(rf"(?:{PART.pattern})+", re.ASCII)
LATEST: Final = 2**63 - 1


def point(name: str, text: str, now_ns: int) -> int:
    """Return ns since the epoch for what a flag of this name was given.

    `10m` and `1h30m` are that long before now, `now` is now, anything else is an ISO 8601 time; without an offset
    it is in this machine's zone. Raises CliError.
    """
    try:
        return parse_point(text, now_ns)
    except ValueError:
        why = "It takes how long ago (10m, 2h, 7d, 1h30m) or a time (2026-11-23T09:30, 2026-11-23T09:30:00Z)"
        raise CliError(f"{name} {text} is no time", why, f"{name} 10m", USAGE) from None


def parse_point(text: str, now_ns: int) -> int:
    """Return ns since the epoch, from 0 to the year 2262. Raises ValueError."""
    if text == "now":
        return now_ns
    if DURATION.fullmatch(text):
        return _between(now_ns - parse_duration(text))
    try:
        return _between(parse_rfc3339(text))
    except ValueError:
        # No offset, or one of ISO 8601's shorter forms.
        return _between(_iso(text))


def parse_duration(text: str) -> int:
    """Return ns for a duration such as 90s or 1h30m. Raises ValueError."""
    if not DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration such as 10m")
    return sum(int(count) * UNITS[unit] for count, unit in PART.findall(text))


def _iso(text: str) -> int:
    moment = datetime.fromisoformat(text)
    try:
        seconds = moment.replace(microsecond=0).timestamp()
    except (OverflowError, OSError) as error:
        raise ValueError(str(error)) from None
    return int(seconds) * UNITS["s"] + moment.microsecond * 1000


def _between(time_ns: int) -> int:
    if not 0 <= time_ns <= LATEST:
        raise ValueError(f"{time_ns} ns is before 1970 or after 2262")
    return time_ns


def seconds_of(name: str, text: str) -> float:
    """Return the seconds that a flag of this name was given: 30s, 5m, or a number of seconds. Raises CliError."""
    try:
        return float(text) if text.replace(".", "", 1).isdecimal() else parse_duration(text) / UNITS["s"]
    except ValueError:
        raise CliError(f"{name} {text} is no duration", "It takes 90s, 5m, 1h30m", f"{name} 30s", USAGE) from None
