"""Audit logs for `deedlog events import`."""

import time
from collections import Counter
from typing import BinaryIO, Final

from infra.cli.errors import FAILED, CliError
from infra.cli.import_pace import FLUSH_SECONDS, PROGRESS_SECONDS, tell_of_age
from infra.cli.progress import say
from infra.config import Settings
from producers.audit import NotAnAuditLogError, publish, read_log, unpacked
from producers.publisher import Publisher, PublishError, TooLargeError
from schemas.topics import AUDIT

NAMES: Final = {"k8s_audit": "Kubernetes audit events", "aws_cloudtrail": "CloudTrail events"}


def import_log(settings: Settings, log: BinaryIO, name: str, node: str) -> int:
    """Put an audit log on record and say what was in it. Raises CliError, OSError and what `readable` explains."""
    counts: Counter[str] = Counter()
    oldest: dict[str, int] = {}
    told = time.monotonic()
    with Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/import", log_level=0) as out:
        try:
            for event in read_log(unpacked(log), node=node):
                try:
                    publish(out, event)
                except TooLargeError as error:
                    say(f"The event {event.id} is left out: {error}")
                    continue
                counts[event.source if event.id else ""] += 1
                oldest[event.source] = min(event.time, oldest.get(event.source, event.time))
                if time.monotonic() - told > PROGRESS_SECONDS:
                    told = time.monotonic()
                    say(f"{counts.total():,} events read")
        except NotAnAuditLogError as error:
            raise CliError(f"{name} is no audit log", str(error), "deedlog events import --help", FAILED) from error
        if left := out.flush(FLUSH_SECONDS):
            raise PublishError(f"{left} events were not taken within {FLUSH_SECONDS:.0f} s")
    tell(name, counts)
    for source, time_ns in oldest.items():
        tell_of_age(AUDIT[source], time_ns)
    return 0


def tell(name: str, counts: Counter[str]) -> None:
    """Say how many events of what kind were in the log."""
    for source, what in NAMES.items():
        if counts[source]:
            say(f"{counts[source]:,} {what} of {name} are on record")
    if counts[""]:
        say(f"{counts['']:,} texts are no events; the worker puts them aside: deedlog events tail dead-letters")
