"""What a lifecycle is: a value of pure functions over one kind of entity, which the one host runs.

Events are facts and the only truth: the state is their fold. A decider looks at a state and a message and says which
events follow; it reads no clock and rolls no dice. What has to be done in the world is not told to anybody: it is what
`pending` finds in the state, so that after a crash it is found again.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from schemas.topics import Topic

S = TypeVar("S")

Event = msgspec.Struct
"""A record made from an `.avsc` file."""
Kind = Literal["stable", "transitional", "failed", "absent"]

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
"""What names of entities look like: those of Kubernetes, of at most 63 characters (RFC 1123)."""


class Naming(msgspec.Struct, frozen=True):
    """What names of the entities of a kind look like."""

    pattern: re.Pattern[str]
    said: str
    """For a person."""
    example: str


PLAIN_NAMES: Final = Naming(NAME, "at most 63 of a-z, 0-9, - and . that begin and end with a letter or digit", "it")


class Rejected(msgspec.Struct, frozen=True):
    """Why a command is refused, as a value."""

    code: str
    """Short and stable, such as `attached-elsewhere`."""
    reason: str
    """For a person: what is in the way."""
    fix: str = ""
    """What to do instead, if possible a command."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A command or an observation, with all that a decider may know of the world beyond the state."""

    name: str
    """Of the entity."""
    id: str
    time_ns: int
    """When it was sent, ns since the epoch."""
    body: Event
    actor: str | None = None
    if_version: int | None = None
    correlation_id: str | None = None
    causation_id: str | None = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done in the world; who is to do it looks for it, and reports by an observation with its id."""

    id: str
    """The same as long as it is pending; with the event that made it so it is unique."""
    node: str | None
    """Node whose agent does it; empty: the lifecycle service; None: nobody, it is only waited for."""
    action: msgspec.Struct
    """What to do, in the words of the domain."""
    seconds: float
    """How long after it became pending it counts as failed for good."""
    attempts: int
    """After how many failures it counts as failed for good."""
    alarm: bool = False
    """Whether its time is what is waited for: when that comes nothing has failed, and the domain says what begins."""


class Send(msgspec.Struct, frozen=True):
    """A message of one entity to another, sent in the transaction of the event that it follows from."""

    kind: str
    name: str
    body: Event


class Phase(msgspec.Struct, frozen=True):
    """A phase of a lifecycle, as people speak of it."""

    kind: Kind
    doc: str


class Lifecycle(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """The decider of one kind of entity, and where its messages and events are."""

    kind: str
    inbox: Topic
    events: Topic
    commands: frozenset[type]
    """Types of messages that are answered: by at least one event each."""
    observations: frozenset[type]
    """Types of messages that tell what happened; those with a field `effect` answer an effect."""
    answers: Mapping[type, type]
    """By what observation the doing of each action is answered. What it repeats of the action must be the same."""
    initial: S
    state_type: Any
    """Type of states, by which snapshots are read."""
    state_version: int
    """One more with every change that makes older snapshots useless."""
    decide: Callable[[S, Message], tuple[Event, ...] | Rejected]
    evolve: Callable[[S, Event], S]
    pending: Callable[[S], tuple[Effect, ...]]
    react: Callable[[str, S, Event], tuple[Send, ...]]
    """What others are told: of the entity's name, its state after the event, and the event."""
    phase: Callable[[S], str]
    phases: Mapping[str, Phase]
    naming: Naming = PLAIN_NAMES


def nothing_to_tell(_name: str, _state: Any, _event: Event) -> tuple[Send, ...]:
    """Be the `react` of a lifecycle that tells others nothing."""
    return ()
