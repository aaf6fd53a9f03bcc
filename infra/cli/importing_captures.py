"""Captures for `deedlog events import`."""

import time
from pathlib import Path
from typing import BinaryIO, Final

from infra.cli.errors import FAILED, CliError
from infra.cli.formats import write
from infra.cli.import_pace import FLUSH_SECONDS, PROGRESS_SECONDS, tell_of_age
from infra.cli.progress import say
from infra.config import Settings
from probes.captures.reading import Capture, session_of
from producers.publisher import Publisher, PublishError
from schemas.topics import SYSCALLS

NAMED_OTHERS: Final = 12


def import_capture(settings: Settings, opened: BinaryIO, file: Path, node: str) -> int:
    """Put a capture on record. Raises what `readable` explains."""
    capture = Capture(opened, session=session_of(file), node=node, fallback=file.stem)
    oldest = publish(settings, capture)
    tell(file, capture, oldest)
    write(capture.session)
    if capture.damage:
        raise CliError(f"{file} is damaged: {capture.damage}", "All before that is on record", exit_code=FAILED)
    return 0


def publish(settings: Settings, capture: Capture) -> int | None:
    """Publish all batches of a capture; return the time of the first event. Raises what `readable` explains."""
    oldest, told = None, time.monotonic()
    with Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/import", log_level=0) as out:
        for batch in capture.batches():
            oldest = batch.first_time if oldest is None else oldest
            id = f"{batch.session}-{batch.sequence}-{batch.last_time:x}"
            out.publish(SYSCALLS, batch, key=batch.node, subject=batch.node, id=id, time_ns=batch.last_time)
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                say(f"{capture.events:,} events read")
        if left := out.flush(FLUSH_SECONDS):
            raise PublishError(f"{left} batches were not taken within {FLUSH_SECONDS:.0f} s")
    return oldest


def tell(file: Path, capture: Capture, oldest: int | None) -> None:
    """Say what was imported, and what was not."""
    say(f"{capture.decoded:,} of {capture.events:,} events of {file.name} are on record as of {capture.node}")
    others = capture.others.most_common()
    if others:
        rest = f" and {len(others) - NAMED_OTHERS} more kinds" if len(others) > NAMED_OTHERS else ""
        named = ", ".join(f"{name} {count:,}" for name, count in others[:NAMED_OTHERS])
        say(f"{capture.others.total():,} are of kinds that batches do not hold: {named}{rest}")
    tell_of_age(SYSCALLS, oldest)
