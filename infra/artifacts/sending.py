"""Sends what clients did with artifacts from the spool to the log: `python -m infra.artifacts.sending`.

It is started by a client where no pipeline runs at home, and ends when nothing is left or Kafka does not answer: what
was not sent waits for the next time. A record whose sending was not noted down is sent again, under the same id and
number, and counts once.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Final

import msgspec
from confluent_kafka import KafkaException

from infra.artifacts.acts import spool_of
from infra.artifacts.spool import Line, Spool
from infra.config import Settings, load_settings
from infra.version import VERSION
from producers.commands import send
from producers.publisher import Publisher, PublishError
from schemas.codec import UnencodableError
from schemas.registry import RegistryUnavailableError
from schemas.topics import ARTIFACTS_INBOX
from schemas.types.artifacts import ActBegan, ActFailed
from streams.artifacts.naming import is_digest
from streams.artifacts.vocabulary import DONE
from streams.lifecycles.lifecycle import Event

PATIENCE_SECONDS: Final = 30.0
FLUSH_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.2
HALVES: Final[Mapping[str, type]] = {"began": ActBegan, "failed": ActFailed}

log = logging.getLogger(__name__)


class Sender:
    """Sends the records of a spool, in their order."""

    def __init__(self, spool: Spool, publisher: Publisher) -> None:
        self._spool = spool
        self._publisher = publisher
        self._client = VERSION

    def send(self, until: float) -> bool:
        """Send what is there; return False if Kafka has not taken all of it by then (of the monotonic clock).

        Raises RegistryUnavailableError, and PublishError for records that Kafka refuses.
        """
        while True:
            lines, end = self._spool.read()
            if not lines:
                if self._spool.waits():  # nothing but damaged lines
                    self._spool.mark(end)
                return True
            spool = self._spool.id
            for line in lines:
                self._one(line, spool)
            while self._publisher.flush(min(FLUSH_SECONDS, max(until - time.monotonic(), 0.1))):
                if time.monotonic() >= until:
                    return False
            self._spool.mark(end)

    def _one(self, line: Line, spool: str) -> None:
        record = line.record
        event = event_of(line, spool, self._client)
        if event is None:
            log.error("a record of the spool makes no sense and is left out: %s", record)
            return
        act = record.fields.get("act", "")
        half = "began" if record.half == "began" else "ended"
        try:
            send(
                self._publisher,
                ARTIFACTS_INBOX,
                record.digest,
                event,
                id=f"{act}/{half}",
                actor=str(record.fields.get("by", "")) or None,
            )
        except (UnencodableError, PublishError) as error:
            log.error("a record of the spool cannot be sent and is left out: %s", error)


def event_of(line: Line, spool: str, client: str) -> Event | None:
    """Return what a record says, as the log has it; None if it makes no sense."""
    record = line.record
    type_ = HALVES.get(record.half) or DONE.get(record.verb)
    if type_ is None or record.verb not in DONE or not is_digest(record.digest) or not record.fields.get("act"):
        return None
    verb = {"verb": record.verb} if record.half in HALVES else {}
    told = {"client": client} | record.fields | verb | {"spool": spool, "number": line.number}
    try:
        event: Event = msgspec.convert(told, type_)
    except msgspec.ValidationError:
        return None
    return event


def serve(settings: Settings, stop: threading.Event) -> None:
    """Send what comes into the spool of a home until `stop` is set; what goes wrong is tried again."""
    spool = spool_of(settings)
    while not stop.is_set():
        with spool.sender() as alone:
            if alone:
                _serve(settings, spool, stop)
        stop.wait(1.0)


def _serve(settings: Settings, spool: Spool, stop: threading.Event) -> None:
    try:
        with publisher_of(settings) as publisher:
            sender = Sender(spool, publisher)
            while not stop.wait(LOOK_SECONDS):
                if spool.waits():
                    sender.send(time.monotonic() + PATIENCE_SECONDS)
    except (RegistryUnavailableError, PublishError, KafkaException, OSError) as error:
        log.warning("acts of clients cannot be sent now: %s", error)
    except Exception:
        log.exception("acts of clients cannot be sent: this is a defect of deedlog")


def publisher_of(settings: Settings) -> Publisher:
    """Return a publisher of what clients did."""
    return Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/artifacts", log_level=0)


def main() -> int:
    """Send all that is in the spool, unless another one is at it; give up after a while."""
    settings = load_settings()
    spool, until = spool_of(settings), time.monotonic() + PATIENCE_SECONDS
    # Who appends while this one ends finds the lock taken: so it looks once more without it.
    while spool.waits() and time.monotonic() < until:
        with spool.sender() as alone:
            if not alone:
                return 0
            try:
                done = Sender(spool, publisher_of(settings)).send(until)
            except RegistryUnavailableError:
                time.sleep(1.0)
                continue
            except (PublishError, KafkaException, OSError):
                return 1
            if not done:
                # The client of Kafka would hold up an end in good order.
                os._exit(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
