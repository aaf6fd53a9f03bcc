"""From one event to the next state of an entity: the events of every lifecycle here, all others by the domain."""

from typing import Any, Final, TypeVar

import msgspec

from schemas.types.lifecycles import (
    CommandRejected,
    CommandUnchanged,
    DeletionRequested,
    EffectGivenUp,
    EffectProgressed,
    EffectRetried,
    FinalizerAdded,
    FinalizerRemoved,
    LabelsChanged,
)
from streams.lifecycles.entity import REMEMBERED, Entity, Recorded, Waiting, event_id
from streams.lifecycles.lifecycle import Event, Lifecycle

S = TypeVar("S")
GENERIC: Final = (
    LabelsChanged,
    FinalizerAdded,
    FinalizerRemoved,
    DeletionRequested,
    CommandRejected,
    CommandUnchanged,
    EffectRetried,
    EffectProgressed,
    EffectGivenUp,
)
"""Events that change no state of a domain; what it makes of an effect that was given up are events of its own."""


def evolve(lifecycle: Lifecycle[S], entity: Entity[S], recorded: Recorded) -> Entity[S]:
    """Return the entity after the event."""
    event = recorded.event
    changes = _remembered(entity, recorded)
    changes["sequence"] = recorded.sequence
    if not isinstance(event, CommandRejected | CommandUnchanged):
        changes["version"] = recorded.sequence
    changes["changed_ns"] = recorded.time_ns
    if not entity.created_ns:
        changes["created_ns"] = recorded.time_ns
    if isinstance(event, GENERIC):
        changes |= _generic(entity, event)
    else:
        state = lifecycle.evolve(entity.state, event)
        if state is not entity.state:
            changes["state"] = state
            changes["waiting"] = _waiting(lifecycle, entity, state, recorded)
            if lifecycle.phases[lifecycle.phase(state)].kind == "absent":
                changes |= {"deleting": False, "labels": {}}
    return msgspec.structs.replace(entity, **changes)


def _remembered(entity: Entity[Any], recorded: Recorded) -> dict[str, Any]:
    id = recorded.command_id
    if id is None or (entity.command_ids and entity.command_ids[-1] == id):
        return {}
    changes: dict[str, Any] = {
        "command_ids": (*entity.command_ids[1 - REMEMBERED :], id),
        "command_times": (*entity.command_times[1 - REMEMBERED :], recorded.time_ns),
        "correlation_id": recorded.correlation_id,
    }
    if len(entity.command_ids) == REMEMBERED:
        changes["forgotten_ns"] = max(entity.forgotten_ns, entity.command_times[0])
    return changes


def _generic(entity: Entity[Any], event: Event) -> dict[str, Any]:
    match event:
        case LabelsChanged():
            return {"labels": event.labels}
        case FinalizerAdded():
            return {"finalizers": (*entity.finalizers, event.finalizer)}
        case FinalizerRemoved():
            return {"finalizers": tuple(name for name in entity.finalizers if name != event.finalizer)}
        case DeletionRequested():
            return {"deleting": True}
        case EffectRetried():
            known = {"failures": event.attempt, "not_before_ns": event.retry_at, "error": event.error}
            return {"waiting": _changed(entity.waiting, event.effect, known)}
        case EffectProgressed():
            return {"waiting": _changed(entity.waiting, event.effect, {"done": event.done, "total": event.total})}
        case _:
            return {}


def _changed(waiting: tuple[Waiting, ...], effect: str, changes: dict[str, Any]) -> tuple[Waiting, ...]:
    return tuple(msgspec.structs.replace(one, **changes) if one.id == effect else one for one in waiting)


def _waiting(lifecycle: Lifecycle[S], entity: Entity[S], state: S, recorded: Recorded) -> tuple[Waiting, ...]:
    """Return what is known of the effects that are pending now: those that were keep it."""
    pending = lifecycle.pending(state)
    if not pending and not entity.waiting:
        return entity.waiting
    known = {one.id: one for one in entity.waiting}
    cause = event_id(lifecycle.kind, recorded.name, recorded.sequence)
    now = recorded.time_ns
    return tuple(
        known.get(effect.id) or Waiting(effect.id, now, cause, now + int(effect.seconds * 1e9), alarm=effect.alarm)
        for effect in pending
    )
