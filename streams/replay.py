"""Judges recorded history by rules: the same rules give the same alerts, with the same ids, as they gave live."""

import logging
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.registry import Registry
from schemas.topics import SYSCALLS
from schemas.types.alerts import Alert
from streams.detection.judge import Judge
from streams.detection.rules import RuleSet
from streams.judging import Trouble, judged
from streams.log import read
from streams.message import Message

MILLISECOND: Final = 1_000_000
SPAN_NS: Final = 60_000_000_000
"""How long a batch may be, ns: its message bears the time of its last event, and the first may be wanted."""

log = logging.getLogger(__name__)


def replay(
    bootstrap_servers: str, registry: Registry | str, rules: RuleSet, since_ns: int, until_ns: int
) -> Iterator[Alert]:
    """Yield the alerts of all events in [since_ns, until_ns), ns since the epoch, about in the order of time.

    Messages that cannot be judged are logged and passed over; they were put aside when they came. Raises LogError.
    """
    messages = read(
        bootstrap_servers,
        SYSCALLS,
        registry=registry,
        since_ms=since_ns // MILLISECOND,
        until_ms=(until_ns + SPAN_NS) // MILLISECOND + 1,
    )
    return within(alerts_of(Judge(rules), messages), since_ns, until_ns)


def alerts_of(judge: Judge, messages: Iterable[Message]) -> Iterator[Alert]:
    """Yield the alerts of all batches."""
    for message in messages:
        outcome = judged(judge, message)
        if isinstance(outcome, Trouble):
            where = f"{message.topic}/{message.partition}/{message.offset}"
            log.warning("%s is passed over: %s: %s", where, outcome.reason, outcome.detail)
        else:
            yield from outcome


def within(alerts: Iterable[Alert], since_ns: int, until_ns: int) -> Iterator[Alert]:
    """Yield the alerts whose event was in [since_ns, until_ns)."""
    return (alert for alert in alerts if since_ns <= alert.time < until_ns)
