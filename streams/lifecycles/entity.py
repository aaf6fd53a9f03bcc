"""One entity as its events tell it: the domain's state, and what every lifecycle keeps beside it."""

from typing import Any, Final, Generic, TypeVar

import msgspec

from streams.lifecycles.lifecycle import Effect, Event, Lifecycle

S = TypeVar("S")

REMEMBERED: Final = 64
"""Commands of an entity whose ids are remembered; older ones are refused by their time."""
NO_LABELS: Final[dict[str, str]] = {}
NOTHING: Final[tuple[Any, ...]] = ()


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """An effect that is pending: since when, and what came of the attempts at it."""

    id: str
    since_ns: int
    cause: str
    """Id of the event that made it pending."""
    deadline_ns: int
    failures: int = 0
    not_before_ns: int = 0
    error: str = ""
    done: int = 0
    total: int = 0
    alarm: bool = False
    """Whether only its time is waited for."""


class Entity(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """The fold of an entity's events."""

    state: S
    sequence: int = 0
    """Number of its last event."""
    version: int = 0
    """Number of the last event that changed it: refused commands, and those that found all as they ask, do not."""
    waiting: tuple[Waiting, ...] = NOTHING
    labels: dict[str, str] = NO_LABELS
    finalizers: tuple[str, ...] = NOTHING
    deleting: bool = False
    """Whether its deletion was requested and waits for finalizers."""
    created_ns: int = 0
    changed_ns: int = 0
    correlation_id: str = ""
    """That of the last command: what effects belong to."""
    command_ids: tuple[str, ...] = NOTHING
    command_times: tuple[int, ...] = NOTHING
    forgotten_ns: int = 0
    """Time of the latest command whose id is no longer remembered."""

    def waits_for(self, effect: str) -> Waiting | None:
        """Return what is known of a pending effect."""
        return next((waiting for waiting in self.waiting if waiting.id == effect), None)


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event with its place in the entity's life."""

    name: str
    """Of the entity."""
    sequence: int
    time_ns: int
    event: Event
    causation_id: str
    correlation_id: str
    command_id: str | None = None
    actor: str | None = None


class Todo(msgspec.Struct, frozen=True):
    """An effect together with what is known of it."""

    effect: Effect
    waiting: Waiting


def new_entity(lifecycle: Lifecycle[S]) -> Entity[S]:
    """Return an entity without history."""
    return Entity(state=lifecycle.initial)


def event_id(kind: str, name: str, sequence: int) -> str:
    """Return the id of an event: where it stands in its entity's life."""
    return f"{kind}/{name}/{sequence}"


def todo(lifecycle: Lifecycle[S], entity: Entity[S]) -> tuple[Todo, ...]:
    """Return the pending effects of an entity with what is known of each."""
    known = {waiting.id: waiting for waiting in entity.waiting}
    return tuple(Todo(effect, known[effect.id]) for effect in lifecycle.pending(entity.state))
