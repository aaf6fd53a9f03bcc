"""Waits for what becomes of an entity, and tells its phases meanwhile."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from infra.cli.entities import Log
from infra.cli.errors import FAILED, TIMED_OUT, CliError
from infra.cli.progress import say

if TYPE_CHECKING:
    from streams.lifecycles.entity import Entity
    from streams.lifecycles.lifecycle import Lifecycle

LOOK_SECONDS: Final = 0.1


def wait_for(
    log: Log,
    lifecycle: "Lifecycle[Any]",
    name: str,
    enough: "Callable[[Entity[Any]], bool]",
    what: str,
    until: float,
) -> "Entity[Any]":
    """Return the entity when it is enough. Raises CliError when it has failed instead, or at `until` (monotonic)."""
    watched = log.watch(lifecycle, name)
    entity = watched.entities().get(name) or log.view(lifecycle).one(name)
    phase = told_phase(lifecycle, name, entity, "")
    changes = watched.changes(LOOK_SECONDS)
    while not enough(entity):
        _check_sound(lifecycle, name, entity)
        if time.monotonic() > until:
            raise _too_late(lifecycle, name, entity, what)
        if change := next(changes):
            entity = change.entity
            phase = told_phase(lifecycle, name, entity, phase)
    return entity


def told_phase(lifecycle: "Lifecycle[Any]", name: str, entity: "Entity[Any]", before: str) -> str:
    """Tell the phase of an entity if it is another than before; return it."""
    phase = lifecycle.phase(entity.state)
    if phase != before:
        say(f"{lifecycle.kind}/{name} is {phase}")
    return phase


def _check_sound(lifecycle: "Lifecycle[Any]", name: str, entity: "Entity[Any]") -> None:
    phase = lifecycle.phase(entity.state)
    if lifecycle.phases[phase].kind == "failed":
        why = getattr(entity.state, "fault", "") or lifecycle.phases[phase].doc
        fix = f"deedlog describe {lifecycle.kind} {name}"
        raise CliError(f"{lifecycle.kind}/{name} is {phase}", why, fix, FAILED)


def _too_late(lifecycle: "Lifecycle[Any]", name: str, entity: "Entity[Any]", what: str) -> CliError:
    errors = [f"{one.id}: {one.error}" for one in entity.waiting if one.error]
    pending = ", ".join(one.id for one in entity.waiting)
    why = f"It is {lifecycle.phase(entity.state)}" + (f"; pending: {pending}" if pending else "")
    why = f"{why} ({'; '.join(errors)})" if errors else why
    fix = f"deedlog describe {lifecycle.kind} {name}"
    return CliError(f"{lifecycle.kind}/{name}: {what} did not come in time", why, fix, TIMED_OUT)
