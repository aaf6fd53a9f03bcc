"""What all commands that read the log share: the window of time, and what is said when the log cannot be read."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from infra.cli.errors import FAILED, NOT_FOUND, TIMED_OUT, USAGE, CliError
from infra.cli.times import point
from infra.config import Settings

CONNECT_SECONDS: Final = 2.0
MILLISECOND: Final = 1_000_000

Count = Annotated[int | None, Parameter(name=("--number", "-n"))]
Follow = Annotated[bool, Parameter(name=("--follow", "-f"), negative="")]


class Window(msgspec.Struct, frozen=True):
    """From when up to, not including, when; ns since the epoch, None meaning no limit."""

    since_ns: int | None
    until_ns: int | None

    @property
    def since_ms(self) -> int | None:
        """Return the beginning in ms."""
        return None if self.since_ns is None else self.since_ns // MILLISECOND

    @property
    def until_ms(self) -> int | None:
        """Return the end in ms, rounded up."""
        return None if self.until_ns is None else -(-self.until_ns // MILLISECOND)


def window(since: str | None, until: str | None, *, names: tuple[str, str] = ("--since", "--until")) -> Window:
    """Return the window that two flags of these names describe. Raises CliError."""
    now = time.time_ns()
    begin, end = (
        None if text is None else point(name, text, now) for name, text in zip(names, (since, until), strict=True)
    )
    if begin is not None and end is not None and begin >= end:
        raise CliError(f"{names[0]} {since} is not before {names[1]} {until}", "There is no time between", "", USAGE)
    return Window(begin, end)


def count_of(number: int | None, default: int | None) -> int | None:
    """Return how many records are wanted at most. Raises CliError for a negative number."""
    if number is not None and number < 0:
        raise CliError(f"-n {number} is no number of records", "", "-n 10", USAGE)
    return default if number is None else number


def refuse_together(one: str, other: str, fix: str) -> None:
    """Raise CliError for two flags that contradict each other."""
    raise CliError(f"{one} and {other} do not go together", "", fix, USAGE)


@contextmanager
def readable(settings: Settings) -> Iterator[None]:
    """Turn what goes wrong while the log is read or written into what people are told."""
    from producers.publisher import PublishError, TooLargeError
    from schemas.registry import RefusedSchemaError, RegistryUnavailableError
    from schemas.topics import TOPICS
    from streams.log import LogError, LogUnavailableError, UnknownTopicError

    require_broker(settings)
    try:
        yield
    except UnknownTopicError as error:
        why = f"deedlog's own are {', '.join(TOPICS)}; the pipeline makes them when it starts"
        raise CliError(str(error), why, "deedlog status", NOT_FOUND) from error
    except LogUnavailableError as error:
        raise no_broker(settings, str(error)) from error
    except RegistryUnavailableError as error:
        raise CliError("The schema registry does not answer", str(error), "deedlog status", TIMED_OUT) from error
    except TooLargeError as error:
        raise CliError("The event is too large", str(error), exit_code=FAILED) from error
    except PublishError as error:
        raise CliError("Kafka did not take the event", str(error), "deedlog status", TIMED_OUT) from error
    except (LogError, RefusedSchemaError) as error:
        raise CliError(str(error), exit_code=FAILED) from error


def require_broker(settings: Settings) -> None:
    """Raise CliError at once if no broker takes connections: Kafka's client would try for long."""
    failure = OSError("no address")
    for server in settings.kafka.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
            return
        except (OSError, ValueError) as error:
            failure = OSError(f"{server}: {error}")
    raise no_broker(settings, str(failure))


def no_broker(settings: Settings, why: str) -> CliError:
    """Return what to say when Kafka does not answer."""
    fix = "deedlog up" if settings.embedded else "deedlog config show --origin"
    return CliError("Kafka does not answer", why, fix, FAILED)
