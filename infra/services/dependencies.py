"""What a service waits for before it works: the broker, the topics of the table, the schemas in the registry."""

import http.client
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.config import Settings
from infra.notify import notify
from schemas.registry import opener
from schemas.topics import TOPICS

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 0.25
ANSWER_SECONDS: Final = 1.0
"""Short, because nobody hears `stop` meanwhile."""

log = logging.getLogger(__name__)


def wait_for_log(settings: Settings, stop: threading.Event) -> bool:
    """Block until broker, topics and schemas are there; False if `stop` was set before that.

    What is waited for is logged, and told to the supervisor, once for each change.
    """
    admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0, "reconnect.backoff.max.ms": 500})
    return wait_for(lambda: missing(settings, admin), stop)


def wait_for(lacking: Callable[[], str], stop: threading.Event) -> bool:
    """Block until `lacking()` returns nothing; False if `stop` was set before that."""
    said = ""
    for pause in pauses():
        what = lacking()
        if not what or stop.is_set():
            break
        if what != said:
            log.info("waiting for %s", what)
            notify(status=f"waiting for {what}")
        said = what
        stop.wait(pause)
    if said:
        notify(status="")
    return not stop.is_set()


def pauses() -> Iterator[float]:
    """Yield the pauses between two looks without end, in seconds, longer and longer up to a limit."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)


def missing(settings: Settings, admin: AdminClient) -> str:
    """Return what of the log is not there yet, in words; empty if all is."""
    try:
        there = set(admin.list_topics(timeout=ANSWER_SECONDS).topics)
    except KafkaException:
        return f"the broker at {settings.kafka}"
    if absent := TOPICS.keys() - there:
        return f"the topics {', '.join(sorted(absent))}"
    return missing_schemas(settings.registry)


def missing_schemas(registry: str) -> str:
    """Return which subjects the registry at this URL lacks, in words; empty if it has all."""
    try:
        there = subjects(registry)
    except (OSError, http.client.HTTPException, ValueError):
        return f"the schema registry at {registry}"
    wanted = {topic.subject(schema) for topic in TOPICS.values() for schema in topic.schemas}
    absent = sorted(wanted - there)
    return f"the schemas of {', '.join(absent)}" if absent else ""


def subjects(registry: str) -> set[str]:
    """Return the subjects that the registry has; raises OSError, HTTPException or ValueError."""
    request = urllib.request.Request(f"{registry.rstrip('/')}/subjects", headers={"Accept": "application/json"})
    with opener(registry).open(request, timeout=ANSWER_SECONDS) as response:
        answer = json.load(response)
    if not isinstance(answer, list) or not all(isinstance(subject, str) for subject in answer):
        raise ValueError(f"that is no list of subjects: {str(answer)[:80]}")
    return set(answer)
