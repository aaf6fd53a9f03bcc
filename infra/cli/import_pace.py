"""How long an import takes and waits, and whether what it brings will stay."""

import time
from typing import Final

from infra.cli.progress import say
from schemas.topics import DAY_MS, Topic

PROGRESS_SECONDS: Final = 2.0
FLUSH_SECONDS: Final = 60.0


def tell_of_age(topic: Topic, oldest: int | None) -> None:
    """Say if events, the first of which is of a time in ns, are older than their topic keeps them."""
    kept = topic.retention_ms
    if oldest is not None and kept is not None and time.time_ns() // 1_000_000 - oldest // 1_000_000 > kept:
        days = kept // DAY_MS
        say(f"They are older than the {days} days that {topic.name} is kept, and may soon be gone: replay now")
