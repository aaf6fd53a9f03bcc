"""Judges recorded history by rules: the same rules give the same alerts, with the same ids, as they gave live."""

import heapq
import logging
from collections.abc import Iterator
from typing import Final

from schemas.registry import Registry
from schemas.topics import Topic
from schemas.types.alerts import Alert
from schemas.types.syscalls import SyscallBatch
from streams.detection.rules import RuleSet
from streams.judges import TOPICS, Judges
from streams.judging import Trouble, judged
from streams.log import read
from streams.message import Message

MILLISECOND: Final = 1_000_000
SPAN_NS: Final = 3600 * 1_000_000_000
"""How long a batch may be, ns. Its message bears the time of its last event; the first may be much earlier on a quiet
node that could not reach Kafka for a while."""

log = logging.getLogger(__name__)


def replay(
    bootstrap_servers: str, registry: Registry | str, rules: RuleSet, since_ns: int, until_ns: int
) -> Iterator[Alert]:
    """Yield the alerts of all events in [since_ns, until_ns), ns since the epoch, about in the order of time.

    Messages that cannot be judged are logged and passed over; they were put aside when they came. Raises LogError.
    """
    judges = Judges(rules)

    def of_topic(topic: Topic) -> Iterator[Alert]:
        messages = read(
            bootstrap_servers,
            topic,
            registry=registry,
            since_ms=since_ns // MILLISECOND,
            until_ms=(until_ns + SPAN_NS) // MILLISECOND + 1,
        )
        return (alert for message in messages for alert in alerts_of(judges, message, since_ns, until_ns))

    return heapq.merge(*map(of_topic, TOPICS), key=lambda alert: alert.time)


def alerts_of(judges: Judges, message: Message, since_ns: int, until_ns: int) -> list[Alert]:
    """Return the alerts of those events of a message that are in [since_ns, until_ns)."""
    batch = message.event
    if isinstance(batch, SyscallBatch) and (batch.last_time < since_ns or batch.first_time >= until_ns):
        return []
    outcome = judged(judges, message)
    if isinstance(outcome, Trouble):
        where = f"{message.topic}/{message.partition}/{message.offset}"
        log.warning("%s is passed over: %s: %s", where, outcome.reason, outcome.detail)
        return []
    return [alert for alert in outcome if since_ns <= alert.time < until_ns]
