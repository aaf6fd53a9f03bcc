"""`deedlog events import`: recorded events of another machine or time, put on record here."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

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
    """Put recorded events on record: a .scap capture of system calls, or an audit log.

    An event keeps its id when the same file is imported again. Of a capture, the session in the ids is printed.

    Parameters
    ----------
    file
        A capture that Falco or sysdig wrote, an audit log of Kubernetes or a file of CloudTrail, as it is or packed
        by gzip. What it is tells its content.
    node
        What the events are of: of a capture the machine, by default as it says; of an audit log the cluster or
        account.
    """
    settings = load_settings()
    try:
        with file.open("rb") as opened, readable(settings):
            from producers.audit import is_log

            if is_log(opened):
                from infra.cli.importing_audit import import_log

                return import_log(settings, opened, file.name, node)
            return import_capture(settings, opened, file, node)
    except FileNotFoundError:
        raise CliError(f"There is no {file}", "", "ls", NOT_FOUND) from None
    except OSError as error:
        raise CliError(f"{file} cannot be read", error.strerror or str(error), f"ls -l {file}", FAILED) from error


def import_capture(settings: Settings, opened: BinaryIO, file: Path, node: str) -> int:
    """Put a capture on record. Raises what `readable` explains."""
    from probes.captures.reading import Capture, session_of

    capture = Capture(opened, session=session_of(file), node=node, fallback=file.stem)
    oldest = publish(settings, capture)
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
    tell_of_age(SYSCALLS, oldest)


def tell_of_age(topic: str, oldest: int | None) -> None:
    """Say if events, the first of which is of a time in ns, are older than their topic keeps them."""
    from schemas.topics import TOPICS

    kept = TOPICS[topic].retention_ms
    if oldest is not None and kept is not None and time.time_ns() // 1_000_000 - oldest // 1_000_000 > kept:
        days = kept // DAY_MS
        say(f"They are older than the {days} days that {topic} is kept, and may go from Kafka soon: replay them now")
