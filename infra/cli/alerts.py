"""`deedlog alerts`: what the rules said."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Literal

from infra.cli.formats import Format, Output, structured, write
from infra.cli.progress import say
from infra.cli.reading import Count, Follow, count_of, readable, refuse_together, window
from infra.config import Settings, load_settings

if TYPE_CHECKING:
    from schemas.types.alerts import Alert

Priority = Literal["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"]
SHOWN: Final = 50
"""Alerts shown if it is not said how many or since when."""
JUST_BEFORE_SECONDS: Final = 5


def alerts(
    *,
    follow: Follow = False,
    since: str | None = None,
    until: str | None = None,
    priority: Priority = "debug",
    rule: str | None = None,
    number: Count = None,
    output: Output = "table",
) -> int:
    """Show alerts, oldest first: the last 50, those of some time, or with --follow new ones as they come.

    Parameters
    ----------
    follow
        Go on with new alerts until Ctrl-C.
    since
        From when on: how long ago (10m, 2h, 7d) or an ISO 8601 time.
    until
        Up to, not including, when; likewise.
    priority
        Only alerts at least as urgent.
    rule
        Only alerts of this rule.
    number
        Only so many of the last; 0 is none.
    output
        table and wide are for people; json and jsonl are one object a line; yaml is one document an alert.
    """
    settings, span = load_settings(), window(since, until)
    if follow and (until or number is not None):
        refuse_together("--follow", "--until" if until else "-n", "deedlog alerts --follow --since 10m")
    limit = count_of(number, None if since or until else SHOWN)
    picky = bool(since or until or rule or priority != "debug")
    with readable(settings):
        from streams.subscription import subscribe

        if follow and output in ("table", "wide"):
            say("following alerts; Ctrl-C ends")
        found = subscribe(
            settings.kafka,
            settings.registry,
            since_ms=span.since_ms,
            until_ms=span.until_ms,
            last=None if follow or picky else limit,
            follow=follow,
            priority=priority,
            rule=rule,
        )
        shown = show(found if follow or limit is None else deque(found, limit), output)
    if not shown and not follow:
        say("No alerts" + (f" since {since}" if since else "") + "; to look further back: deedlog alerts --since 7d")
    return 0


def follow(settings: Settings) -> None:
    """Show alerts from just before now on, without end."""
    with readable(settings):
        from streams.subscription import subscribe

        since_ms = (int(time.time()) - JUST_BEFORE_SECONDS) * 1000
        show(subscribe(settings.kafka, settings.registry, since_ms=since_ms, follow=True), "table")


def show(found: Iterable["Alert"], form: Format) -> int:
    """Write alerts as they come; return how many there were."""
    count, text = 0, _text(form)
    for alert in found:
        if not count:
            _write_head(form)
        write(text(alert))
        count += 1
    return count


def _write_head(form: Format) -> None:
    from infra.outputs.terminal import head

    if form in ("table", "wide"):
        write(head(wide=form == "wide"))


def _text(form: Format) -> Callable[["Alert"], str]:
    if form not in ("table", "wide"):
        return structured(form)
    from infra.outputs.terminal import alert_line

    return lambda alert: alert_line(alert, wide=form == "wide", colour=coloured())


def coloured() -> bool:
    """Return whether stdout is a terminal that may have colours (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
