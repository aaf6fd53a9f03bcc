"""Alerts as they come, each once: the way in for programs that act on them."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from schemas.registry import Registry, RegistryUnavailableError
from schemas.topics import ALERTS
from schemas.types.alerts import Alert
from streams.log import read
from streams.message import Message
from streams.priorities import PRIORITIES

REMEMBERED: Final = 100_000
REGISTRY_PAUSE_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


def subscribe(
    bootstrap_servers: str,
    registry: Registry | str,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    last: int | None = None,
    follow: bool = True,
    priority: str = "debug",
    rule: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Alert]:
    """Yield alerts of at least this priority, each id once; by default the new ones, without end.

    With `since_ms` (ms since the epoch) those since then, too. Messages that are no alerts are logged and passed over.
    Raises LogError, and ValueError for a priority that is none.
    """
    if follow and since_ms is None and last is None:
        last = 0
    urgent = at_least(priority)
    messages = read(
        bootstrap_servers,
        ALERTS,
        registry=registry,
        since_ms=since_ms,
        until_ms=until_ms,
        last=last,
        follow=follow,
        stop=stop,
    )
    alerts = alerts_in(messages, patient=follow)
    return once(alert for alert in alerts if alert.priority in urgent and rule in (None, alert.rule))


def at_least(priority: str) -> frozenset[str]:
    """Return the priorities that are as urgent or more. Raises ValueError for what is none."""
    if priority not in PRIORITIES:
        raise ValueError(f"{priority!r} is no priority: {', '.join(PRIORITIES)}")
    return frozenset(PRIORITIES[: PRIORITIES.index(priority) + 1])


def alerts_in(messages: Iterable[Message], *, patient: bool) -> Iterator[Alert]:
    """Yield the alerts in messages, passing over what is none; a patient reader waits for the registry."""
    for message in messages:
        event = _patiently(message) if patient else message.event
        if isinstance(event, Alert):
            yield event
        else:
            log.warning("%s/%s@%s is no alert: %s", message.topic, message.partition, message.offset, event)


def _patiently(message: Message) -> object:
    while True:
        try:
            return message.event
        except RegistryUnavailableError as error:
            log.warning("%s", error)
            time.sleep(REGISTRY_PAUSE_SECONDS)


def once(alerts: Iterable[Alert]) -> Iterator[Alert]:
    """Yield alerts whose id was not among the last 100,000: after a crash some are on the topic twice."""
    seen: dict[str, None] = {}
    for alert in alerts:
        if alert.id not in seen:
            yield alert
        seen[alert.id] = None
        if len(seen) > REMEMBERED:
            del seen[next(iter(seen))]
