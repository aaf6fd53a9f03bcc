"""Of all services of a kind that use one Kafka, one leads: what is to be done once is done by it.

Who leads has the one partition of a topic in a consumer group; nothing is read. A service keeps its name for all its
lives, so it leads on when it begins anew, and another one takes over when it is gone for as long as a session lasts.
"""

import logging
import threading
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException

from infra.config import Settings
from infra.services.instance import instance_of
from schemas.topics import PIPELINE

POLL_SECONDS: Final = 0.25
SESSION_SECONDS: Final = 10.0

log = logging.getLogger(__name__)


class Leadership:
    """Whether this service leads."""

    def __init__(self, settings: Settings, group: str) -> None:
        """Join the group; raises KafkaException."""
        self.leads = threading.Event()
        self.lost = threading.Event()
        """Set when it led and does no more, or cannot know: it must end then."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.kafka,
                "group.id": group,
                "group.instance.id": instance_of(settings),
                "session.timeout.ms": int(SESSION_SECONDS * 1000),
                "heartbeat.interval.ms": 1000,
                # One that joins takes nothing from who leads.
                "partition.assignment.strategy": "cooperative-sticky",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        self._consumer.subscribe(
            [PIPELINE.name], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def follow(self, stop: threading.Event) -> None:
        """Take part in the group until `stop` is set."""
        try:
            while not stop.is_set() and not self.lost.is_set():
                self._consumer.poll(POLL_SECONDS)
        except KafkaException as error:
            log.warning("it is not known any more who leads: %s", error)
            self.lost.set()

    def _assigned(self, consumer: Any, partitions: list[Any]) -> None:
        if partitions:
            consumer.incremental_assign(partitions)
            consumer.pause(partitions)
            self.leads.set()

    def _revoked(self, _consumer: Any, partitions: list[Any]) -> None:
        if partitions:
            self.lost.set()
