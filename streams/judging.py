"""What the worker does with a message: judge it, publish what follows, put aside what cannot be judged.

A message is done when Kafka has acknowledged all that followed from it, so nothing is lost with the process. What
repeats after a crash has the same ids.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import msgspec

from producers.publisher import Publisher, PublishError, TooLargeError
from schemas.calls import calls_in
from schemas.codec import UndecodableError, UnencodableError
from schemas.registry import RegistryUnavailableError
from schemas.topics import ALERTS
from schemas.types.alerts import Alert
from schemas.types.audit import AuditEvent
from schemas.types.syscalls import SyscallBatch
from streams.dead_letters import put_aside
from streams.detection.audit.event import InvalidEventError
from streams.detection.columns import InvalidBatchError
from streams.detection.rules import RuleSet
from streams.judges import Judges
from streams.message import Message

DETECTION: Final = "detection"
OUTPUTS: Final = "outputs"
FLUSH_SECONDS: Final = 0.5
OUTPUT_ATTEMPTS: Final = 3

log = logging.getLogger(__name__)


class Trouble(msgspec.Struct, frozen=True):
    """Why a message cannot be handled: a short stable reason, and what exactly."""

    reason: str
    detail: str


class Output(Protocol):
    """A destination of alerts."""

    def write(self, alerts: Sequence[Alert]) -> object:
        """Deliver alerts; raise what makes it fail."""


class StoppedError(Exception):
    """The worker stops; the message is not done."""


class Counts(msgspec.Struct):
    """What was done since the start."""

    batches: int = 0
    events: int = 0
    """Those of batches."""
    audit_events: int = 0
    alerts: int = 0
    put_aside: int = 0


class Work:
    """Patience with what is outside: what fails is tried again until it works or the worker stops."""

    def __init__(self, publisher: Publisher, stop: threading.Event) -> None:
        self.publisher = publisher
        self.stop = stop
        self.counts = Counts()
        self.failure: Exception | None = None
        """What nobody knows how to go on from; the process should end and be started again."""

    def patiently(self, work: Callable[[], None]) -> None:
        """Do the work and wait until Kafka has what it published; raise StoppedError if the worker stops before."""
        for pause in _pauses():
            try:
                work()
                return self.flush()
            except (RegistryUnavailableError, PublishError) as error:
                log.warning("cannot publish, tried again in %.1f s: %s", pause, error)
            if self.stop.wait(pause):
                raise StoppedError
        raise AssertionError("pauses have no end")

    def flush(self) -> None:
        """Wait until Kafka has all that was published."""
        while self.publisher.flush(FLUSH_SECONDS):
            if self.stop.is_set():
                raise StoppedError

    def put_aside(self, message: Message, trouble: Trouble, component: str) -> None:
        """Publish the message to dead-letters."""
        where = f"{message.topic}/{message.partition}/{message.offset}"
        log.warning("%s put aside by %s: %s: %s", where, component, trouble.reason, trouble.detail)
        put_aside(self.publisher, message, (trouble.reason, trouble.detail), component)
        self.counts.put_aside += 1


class Detection(Work):
    """Judges batches and audit events by rules, which may be exchanged at any time."""

    def __init__(self, rules: RuleSet, publisher: Publisher, stop: threading.Event) -> None:
        super().__init__(publisher, stop)
        self.judges = Judges(rules)

    def use(self, rules: RuleSet) -> None:
        """Judge by these rules from the next message on."""
        self.judges = Judges(rules)

    def handle(self, message: Message) -> None:
        """Publish the alerts of a message, or it itself to dead-letters; return when Kafka has them."""
        self.patiently(lambda: self._publish(message, judged(self.judges, message)))
        match message.event:
            case SyscallBatch() as batch:
                self.counts.batches += 1
                self.counts.events += calls_in(batch)
            case AuditEvent():
                self.counts.audit_events += 1
            case _:
                pass

    def _publish(self, message: Message, outcome: "list[Alert] | Trouble") -> None:
        if isinstance(outcome, Trouble):
            return self.put_aside(message, outcome, DETECTION)
        cause = message.envelope.id if message.envelope else None
        for alert in outcome:
            try:
                self.publisher.publish(
                    ALERTS,
                    alert,
                    key=alert.rule,
                    subject=alert.node,
                    id=alert.id,
                    time_ns=alert.time,
                    causation_id=cause,
                )
                self.counts.alerts += 1
            except (TooLargeError, UnencodableError) as error:
                self.put_aside(message, Trouble("failed", f"alert {alert.id}: {error}"), DETECTION)
        return None


class Delivery(Work):
    """Writes alerts to outputs. An output that fails does not keep the others from theirs."""

    def __init__(self, outputs: Sequence[Output], publisher: Publisher, stop: threading.Event) -> None:
        super().__init__(publisher, stop)
        self.outputs = outputs

    def handle(self, message: Message) -> None:
        """Write the alert to every output; return when it is written, or put aside."""
        alert = message.event
        if isinstance(alert, Alert):
            troubles = [trouble for output in self.outputs if (trouble := self._written(alert, output))]
        else:
            troubles = [unexpected(alert)]
        for trouble in troubles:
            self.patiently(lambda trouble=trouble: self.put_aside(message, trouble, OUTPUTS))  # type: ignore[misc]
        self.counts.alerts += 1

    def _written(self, alert: Alert, output: Output) -> Trouble | None:
        """Write to one output, a few times if need be; return why it would not."""
        pauses = _pauses()
        for attempt in range(1, OUTPUT_ATTEMPTS + 1):
            try:
                output.write([alert])
                return None
            except Exception as error:
                trouble = Trouble("failed", f"output {output}: {type(error).__name__}: {error}")
            if attempt < OUTPUT_ATTEMPTS and self.stop.wait(next(pauses)):
                raise StoppedError
        return trouble


def judged(judges: Judges, message: Message) -> list[Alert] | Trouble:
    """Return the alerts of a message, or why it cannot be judged. Raises RegistryUnavailableError."""
    event = message.event
    if not isinstance(event, SyscallBatch | AuditEvent):
        return unexpected(event)
    try:
        return judges.judge(event, message.offset)
    except InvalidBatchError as error:
        return Trouble("invalid-batch", error.detail)
    except InvalidEventError as error:
        return Trouble("invalid-event", str(error))
    except Exception as error:
        log.exception("%s/%s/%s cannot be judged", message.topic, message.partition, message.offset)
        return Trouble("failed", f"{type(error).__name__}: {error}")


def unexpected(event: msgspec.Struct | UndecodableError) -> Trouble:
    """Return what is wrong with a message that holds something else than its topic should."""
    if isinstance(event, UndecodableError):
        return Trouble(event.reason, event.detail)
    return Trouble("undecodable", f"{type(event).__name__} does not belong on this topic")


def _pauses() -> Iterator[float]:
    """Yield the seconds between attempts, longer and longer up to a limit."""
    pause = 0.25
    while True:
        yield pause
        pause = min(pause * 2, 5.0)
