"""From a message to the events that follow: what it means by itself, then what follows from that in turn."""

from typing import Final

from msgspec.structs import replace

from schemas.types.lifecycles import Delete, EffectGivenUp
from schemas.types.volumes import ControllerLost, ReplicasLost
from streams.lifecycles.lifecycle import Event, Message, Rejected
from streams.volumes.commanded import commanded
from streams.volumes.evolving import evolve
from streams.volumes.following import following
from streams.volumes.given_up import given_up
from streams.volumes.observed import observed
from streams.volumes.state import Volume
from streams.volumes.vocabulary import COMMANDS

MOST: Final = 1_000
"""Events that one message can lead to; more are a defect of the rules in `following`."""


def decide(state: Volume, message: Message) -> tuple[Event, ...] | Rejected:
    """Return what follows from the message."""
    decided = _decided(state, message)
    if isinstance(decided, Rejected):
        return decided
    events = [_dated(event, message.time_ns) for event in decided]
    for event in events:
        state = evolve(state, event)
    while events and (event_ := following(state)) is not None:
        state = evolve(state, event_)
        events.append(event_)
        if len(events) > MOST:
            raise RuntimeError(f"a volume never comes to rest: {events[-1]}")
    return tuple(events)


def _dated(event: Event, now_ns: int) -> Event:
    return replace(event, at=now_ns) if isinstance(event, ControllerLost | ReplicasLost) else event


def _decided(state: Volume, message: Message) -> tuple[Event, ...] | Rejected:
    body = message.body
    if type(body) in COMMANDS or isinstance(body, Delete):
        return commanded(state, message)
    if not state.exists:
        return ()
    if isinstance(body, EffectGivenUp):
        return given_up(state, body)
    return observed(state, body)
