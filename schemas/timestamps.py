"""Points in time as RFC 3339 text with nanoseconds, which `datetime` cannot hold."""

import re
from calendar import timegm
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000_000_000
RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


def format_rfc3339(time_ns: int) -> str:
    """Return the time in UTC, such as `2026-11-23T09:25:39.123456789Z`; zeros at the end are left out.

    Takes ns since the epoch; raises ValueError outside of the years 1 to 9999.
    """
    seconds, rest = divmod(time_ns, SECOND)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{_whole_text(seconds)}{fraction}Z"


def parse_rfc3339(text: str) -> int:
    """Return ns since the epoch; digits beyond the ninth are cut. Raises ValueError. Source: RFC 3339, 5.6."""
    match = RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no RFC 3339 time such as 2026-11-23T09:25:39Z")
    date, clock, fraction, sign, hours, minutes = match.groups()
    seconds = _whole_seconds(date, clock)
    if sign:
        seconds -= int(f"{sign}1") * _offset(int(hours), int(minutes))
    return seconds * SECOND + int((fraction or "").ljust(9, "0"))


# Events come many a second, and calendars are slow.
@lru_cache(1 << 10)
def _whole_text(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    except (OverflowError, OSError, ValueError):
        raise ValueError(f"{seconds} s is no time of the years 1 to 9999") from None


@lru_cache(1 << 10)
def _whole_seconds(date: str, clock: str) -> int:
    return timegm(datetime.fromisoformat(f"{date}T{clock}").timetuple())


def _offset(hours: int, minutes: int) -> int:
    if hours > 23 or minutes > 59:
        raise ValueError(f"{hours:02}:{minutes:02} is no offset from UTC")
    return (hours * 60 + minutes) * 60
