"""Notices that the lifecycle service does nothing any more, or has no inbox though nobody else has them."""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class Stillness:
    """Remembers since when a mark is the same."""

    def __init__(self) -> None:
        self._mark: object = None
        self._since = 0.0

    def seconds(self, mark: object, now: float) -> float:
        """Return for how long the mark has been this one; `now` in seconds of any clock."""
        if mark != self._mark or not self._since:
            self._mark, self._since = mark, now
        return now - self._since


def watch(progress: Callable[[], object], idle: Callable[[], bool], forgotten: Callable[[], bool]) -> None:
    """End the process, with exit code 1, if `progress` stays the same, or it is `idle` and `forgotten`, for a minute.

    What hangs in a client of Kafka cannot be ended from within: who started the process starts it again.
    """

    def run() -> None:
        moving, used = Stillness(), Stillness()
        while True:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if moving.seconds(progress(), now) > PATIENCE_SECONDS:
                _end("it stands still")
            if used.seconds(None if idle() else object(), now) > PATIENCE_SECONDS and forgotten():
                _end("it has no inboxes, and nobody else has all of them")

    threading.Thread(target=run, name="stillness", daemon=True).start()


def owned_by_others(admin: AdminClient, group: str, instance: str, wanted: int) -> bool:
    """Say whether other members of a group have so many partitions; also if the brokers do not answer."""
    try:
        asked: Any = admin.describe_consumer_groups([group], request_timeout=ANSWER_SECONDS)
        members = asked[group].result(ANSWER_SECONDS).members
    except (KafkaException, TimeoutError):
        return True
    others = [member for member in members if member.group_instance_id != instance]
    return sum(len(member.assignment.topic_partitions) for member in others if member.assignment) >= wanted


def _end(why: str) -> None:
    log.error("ending to be started again: %s", why)
    os._exit(1)
