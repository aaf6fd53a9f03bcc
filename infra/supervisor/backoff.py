"""How long to wait before a process that died is started again."""

from typing import Final

FIRST_SECONDS: Final = 0.5
LONGEST_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
JITTER: Final = 0.2


def failures_after(failures: int, lived: float) -> int:
    """Return the deaths in a row, now that it died again after `lived` seconds.

    A life of STEADY_SECONDS forgives all deaths before it.
    """
    return 1 if lived >= STEADY_SECONDS else failures + 1


def pause(failures: int, chance: float) -> float:
    """Return the seconds to wait after that many deaths in a row; `chance` in [0, 1) spreads them.

    Doubles from FIRST_SECONDS; the spread, up to JITTER of it, comes off, so LONGEST_SECONDS is never passed.
    """
    doubled = FIRST_SECONDS * 2.0 ** min(failures - 1, 16)
    return min(doubled, LONGEST_SECONDS) * (1 - JITTER * chance)
