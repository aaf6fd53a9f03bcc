"""When to send a request again, and how long to wait before.

Sources: RFC 9110 section 10.2.3 (Retry-After); RFC 6585 section 4 (429).
"""

import time
from collections.abc import Callable
from typing import Final

PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses of failures that may be over soon."""
FIRST_SECONDS: Final = 0.2
MOST_SECONDS: Final = 10.0
MOST_ASKED_SECONDS: Final = 60.0
"""A server may ask for more; nobody waits longer."""
Sleep = Callable[[float], None]


def pause(attempt: int, retry_after: str, now: float | None = None, chance: float | None = None) -> float:
    """Return how many seconds to wait after attempt 0, 1, ...: what the server asks for, else more each time.

    `chance` of 0 to 1 spreads those who all failed at the same moment.
    """
    asked = parse_retry_after(retry_after, time.time() if now is None else now)
    if asked is not None:
        return min(asked, MOST_ASKED_SECONDS)
    spread = 0.5 + (_chance() if chance is None else chance)
    return min(FIRST_SECONDS * (1 << min(attempt, 16)), MOST_SECONDS) * spread


def parse_retry_after(text: str, now: float) -> float | None:
    """Return the seconds that a Retry-After means at a Unix time: a number, or a date. Nothing: it says neither."""
    stripped = text.strip()
    if stripped.isascii() and stripped.isdigit():
        return float(stripped[:9])
    if not stripped:
        return None
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(stripped).timestamp() - now)
    except (ValueError, OverflowError, TypeError):
        return None


def _chance() -> float:
    import random

    return random.random()
