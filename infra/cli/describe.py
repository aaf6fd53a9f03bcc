"""`deedlog describe`: all that is known of an entity, for people."""

import time
from typing import Final

from infra.cli.entities import moment_of, one_target, opened
from infra.cli.formats import write
from infra.config import load_settings

EVENTS: Final = 20


def describe(kind: str, name: str | None = None, /, *, at: str | None = None, events: int = EVENTS) -> int:
    """Show all that is known of an entity, what is pending, what can be done if it failed, and its last events.

    Parameters
    ----------
    kind
        volume, node, artifact, mirror, retention, quarantine or promotion; or KIND/NAME, and no name.
    name
        Name of the entity.
    at
        As of a time, such as 10m (ago) or 2026-11-23T09:30, or of the entity's event with this number.
    events
        How many events are shown at most.
    """
    lifecycle, meant = one_target(kind, name)
    moment = moment_of(at)
    with opened(load_settings()) as log:
        from infra.cli.describing import page

        entity = log.entity(lifecycle, meant, moment)
        history = [one for one in log.view(lifecycle).history(meant) if one.sequence <= entity.sequence]
        now = moment.time_ns or (time.time_ns() if moment.now else entity.changed_ns)
        write(page(lifecycle, meant, entity, history[len(history) - min(max(events, 0), len(history)) :], now))
    return 0
