"""`deedlog events import`: recorded system calls of another machine or time, put on record here."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from infra.cli.errors import FAILED, NOT_FOUND, CliError
from infra.cli.formats import write
from infra.cli.progress import say
from infra.cli.reading import readable
from infra.config import Settings, load_settings

if TYPE_CHECKING:
    from probes.captures.reading import Capture

PROGRESS_SECONDS: Final = 2.0
FLUSH_SECONDS: Final = 60.0
NAMED_OTHERS: Final = 12
SYSCALLS: Final = "syscalls"
DAY_MS: Final = 86_400_000


def import_(file: Path, /, *, node: Annotated[str, Parameter(show_default=False)] = "") -> int:
    """Put the system calls of a recorded .scap capture on record; the session in their ids is printed.

    An event keeps its id when the same capture is imported again.

    Parameters
    ----------
    file
        A capture that Falco or sysdig wrote, as it is or packed by gzip.
    node
        Name of the node in the events, by default the machine that the capture was recorded on.
    """
    settings = load_settings()
    try:
        with file.open("rb") as opened, readable(settings):
            from probes.captures.reading import Capture, session_of

            capture = Capture(opened, session=session_of(file), node=node, fallback=file.stem)
            oldest = publish(settings, capture)
    except FileNotFoundError:
        raise CliError(f"There is no {file}", "", "ls *.scap", NOT_FOUND) from None
    except OSError as error:
        raise CliError(f"{file} cannot be read", error.strerror or str(error), f"ls -l {file}", FAILED) from error
    tell(file, capture, oldest)
    write(capture.session)
    if capture.damage:
        raise CliError(f"{file} is damaged: {capture.damage}", "All before that is on record", exit_code=FAILED)
    return 0


def publish(settings: Settings, capture: "Capture") -> int | None:
    """Publish all batches of a capture; return the time of the first event. Raises what `readable` explains."""
    from producers.publisher import Publisher, PublishError
    from schemas.topics import TOPICS

    oldest, told = None, time.monotonic()
    with Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/import", log_level=0) as out:
        for batch in capture.batches():
            oldest = batch.first_time if oldest is None else oldest
            id = f"{batch.session}-{batch.sequence}-{batch.last_time:x}"
            out.publish(TOPICS[SYSCALLS], batch, key=batch.node, subject=batch.node, id=id, time_ns=batch.last_time)
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                say(f"{capture.events:,} events read")
        if left := out.flush(FLUSH_SECONDS):
            raise PublishError(f"{left} batches were not taken within {FLUSH_SECONDS:.0f} s")
    return oldest


def tell(file: Path, capture: "Capture", oldest: int | None) -> None:
    """Say what was imported, and what was not."""
    say(f"{capture.decoded:,} of {capture.events:,} events of {file.name} are on record as of {capture.node}")
    others = capture.others.most_common()
    if others:
        rest = f" and {len(others) - NAMED_OTHERS} more kinds" if len(others) > NAMED_OTHERS else ""
        named = ", ".join(f"{name} {count:,}" for name, count in others[:NAMED_OTHERS])
        say(f"{capture.others.total():,} are of kinds that batches do not hold: {named}{rest}")
    kept = kept_ms()
    if oldest is not None and kept is not None and time.time_ns() // 1_000_000 - oldest // 1_000_000 > kept:
        days = kept // DAY_MS
        say(f"They are older than the {days} days that {SYSCALLS} is kept, and may go from Kafka soon: replay them now")


def kept_ms() -> int | None:
    """Return how long the topic keeps events."""
    from schemas.topics import TOPICS

    return TOPICS[SYSCALLS].retention_ms
