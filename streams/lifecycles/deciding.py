"""From a message to the events that follow, for every lifecycle alike.

What all commands have in common is settled here, before the domain is asked: that one given twice counts once, that
one which takes an older version for granted is refused, labels, finalizers. So is what all effects have in common:
back-off, deadlines, and answers that come too late.
"""

from typing import Any, Final, TypeVar
from zlib import crc32

from schemas.codec import NAMES
from schemas.types.lifecycles import (
    AddFinalizer,
    ChangeLabels,
    CommandRejected,
    CommandUnchanged,
    Delete,
    DeletionRequested,
    EffectFailed,
    EffectGivenUp,
    EffectProgressed,
    EffectRetried,
    FinalizerAdded,
    FinalizerRemoved,
    LabelsChanged,
    RemoveFinalizer,
    TimerElapsed,
)
from streams.lifecycles.entity import Entity, Recorded, Waiting
from streams.lifecycles.evolving import evolve
from streams.lifecycles.lifecycle import Effect, Event, Lifecycle, Message, Rejected

S = TypeVar("S")

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 60.0
ABSENT: Final = Rejected("not-found", "there is none of that name")


class Step:
    """The events that follow from one message, and the entity after them."""

    def __init__(self, lifecycle: Lifecycle[S], entity: Entity[S], message: Message) -> None:
        self._lifecycle: Lifecycle[Any] = lifecycle
        self._message = message
        self._command = message.id if type(message.body) in lifecycle.commands else None
        self.entity: Entity[Any] = entity
        self.recorded: list[Recorded] = []

    def record(self, *events: Event) -> None:
        """Append events."""
        message = self._message
        for event in events:
            recorded = Recorded(
                name=message.name,
                sequence=self.entity.sequence + 1,
                time_ns=message.time_ns,
                event=event,
                causation_id=message.id,
                correlation_id=message.correlation_id or message.id,
                command_id=self._command,
                actor=message.actor,
            )
            self.entity = evolve(self._lifecycle, self.entity, recorded)
            self.recorded.append(recorded)

    def ask(self, body: Event | None = None) -> Rejected | None:
        """Append what the domain decides about the message, or about another body in its place."""
        message = self._message if body is None else _with_body(self._message, body)
        decided = self._lifecycle.decide(self.entity.state, message)
        if isinstance(decided, Rejected):
            return decided
        self.record(*decided)
        return None

    def give_up(self, effect: str, attempts: int, error: str) -> None:
        """Append that an effect failed for good, and what the domain makes of it."""
        given_up = EffectGivenUp(effect=effect, attempts=attempts, error=error)
        self.record(given_up)
        self.ask(given_up)


def step(lifecycle: Lifecycle[S], entity: Entity[S], message: Message) -> Step:
    """Return what follows from a message; no events if it is a repetition or comes too late."""
    taken = Step(lifecycle, entity, message)
    if type(message.body) in lifecycle.commands:
        _command(taken, lifecycle, entity, message)
    else:
        _observation(taken, lifecycle, entity, message)
    return taken


def _with_body(message: Message, body: Event) -> Message:
    return Message(name=message.name, id=message.id, time_ns=message.time_ns, body=body, actor=message.actor)


def _command(taken: Step, lifecycle: Lifecycle[S], entity: Entity[S], message: Message) -> None:
    if message.id in entity.command_ids:
        return
    rejected = (
        _misnamed(lifecycle, message) or _untimely(entity, message) or _decided(taken, lifecycle, entity, message)
    )
    name = NAMES[type(message.body)]
    if rejected:
        taken.record(CommandRejected(command=name, code=rejected.code, reason=rejected.reason, fix=rejected.fix))
    elif not taken.recorded:
        taken.record(CommandUnchanged(command=name))


def _misnamed(lifecycle: Lifecycle[Any], message: Message) -> Rejected | None:
    if lifecycle.naming.pattern.fullmatch(message.name):
        return None
    why = f"{message.name!r} is no name of a {lifecycle.kind}: {lifecycle.naming.said}"
    return Rejected("bad-name", why, "choose another name")


def _untimely(entity: Entity[Any], message: Message) -> Rejected | None:
    if entity.forgotten_ns and message.time_ns <= entity.forgotten_ns:
        why = "it is older than all commands that are remembered, so whether it was carried out already is not known"
        return Rejected("too-old", why, "look at the entity, and give the command anew")
    if message.if_version is not None and message.if_version != entity.version:
        why = f"the version is {entity.version}, not {message.if_version}"
        return Rejected("version-conflict", why, "look at what changed, and give the command with the new version")
    return None


def _decided(taken: Step, lifecycle: Lifecycle[S], entity: Entity[S], message: Message) -> Rejected | None:
    there = lifecycle.phases[lifecycle.phase(entity.state)].kind != "absent"
    match message.body:
        case ChangeLabels() | AddFinalizer() | RemoveFinalizer() | Delete() if not there:
            return ABSENT
        case ChangeLabels() as change:
            labels = {name: text for name, text in entity.labels.items() if name not in change.remove} | change.set
            taken.record(*[LabelsChanged(labels=labels)] * (labels != entity.labels))
        case AddFinalizer(finalizer=finalizer):
            if entity.deleting:
                return Rejected("deleting", "its deletion was requested; it takes no more finalizers")
            taken.record(*[FinalizerAdded(finalizer=finalizer)] * (finalizer not in entity.finalizers))
        case RemoveFinalizer(finalizer=finalizer):
            taken.record(*[FinalizerRemoved(finalizer=finalizer)] * (finalizer in entity.finalizers))
            if entity.deleting and not taken.entity.finalizers:
                return taken.ask(Delete())
        case Delete() if entity.finalizers:
            taken.record(*[DeletionRequested()] * (not entity.deleting))
        case _:
            return _with_labels(taken, message)
    return None


def _with_labels(taken: Step, message: Message) -> Rejected | None:
    rejected = taken.ask()
    labels = getattr(message.body, "labels", None)
    if labels and taken.recorded:
        taken.record(LabelsChanged(labels=labels))
    return rejected


def _observation(taken: Step, lifecycle: Lifecycle[S], entity: Entity[S], message: Message) -> None:
    body: Any = message.body
    if isinstance(body, TimerElapsed):
        _late(taken, entity, body.time)
    elif not hasattr(body, "effect"):
        taken.ask()
    elif waiting := _asked(entity, body.effect, message):
        match body:
            case EffectFailed():
                _failed(taken, lifecycle, entity, waiting, body, message)
            case EffectProgressed():
                taken.record(body)
            case _:
                rejected = _unfitting(lifecycle, _effect(lifecycle, entity, waiting), body) or taken.ask()
                if rejected or not taken.recorded:
                    # An answer that helps nothing must not be given again and again, and at once.
                    why = rejected.reason if rejected else "what was answered is of no use"
                    _failed(taken, lifecycle, entity, waiting, EffectFailed(effect=waiting.id, error=why), message)


def _asked(entity: Entity[Any], effect: str, message: Message) -> Waiting | None:
    waiting = entity.waits_for(effect)
    # An effect of the same id in a former life of the entity had another cause.
    stale = waiting is not None and message.causation_id not in (None, waiting.cause)
    return None if stale else waiting


def _effect(lifecycle: Lifecycle[S], entity: Entity[S], waiting: Waiting) -> Effect:
    return next(one for one in lifecycle.pending(entity.state) if one.id == waiting.id)


def _unfitting(lifecycle: Lifecycle[Any], effect: Effect, answer: Event) -> Rejected | None:
    """Say why an observation is no answer to what was to be done."""
    action = effect.action
    if type(answer) is not lifecycle.answers.get(type(action)):
        return Rejected("wrong-answer", f"{NAMES[type(answer)]} does not answer {type(action).__name__}")
    for name in set(action.__struct_fields__) & set(answer.__struct_fields__):
        asked, told = getattr(action, name), getattr(answer, name)
        if asked != told:
            return Rejected("wrong-answer", f"{name} is {told!r} in the answer, and {asked!r} was asked")
    return None


def _late(taken: Step, entity: Entity[Any], now_ns: int) -> None:
    for waiting in entity.waiting:
        if waiting.deadline_ns > now_ns or not taken.entity.waits_for(waiting.id):
            continue
        if waiting.alarm:
            taken.ask(EffectGivenUp(effect=waiting.id, attempts=0, error=""))
        else:
            seconds = (waiting.deadline_ns - waiting.since_ns) / 1e9
            why = f"not done in {seconds:g} s" + (f": {waiting.error}" if waiting.error else "")
            taken.give_up(waiting.id, waiting.failures, why)


def _failed(
    taken: Step, lifecycle: Lifecycle[S], entity: Entity[S], waiting: Waiting, body: EffectFailed, message: Message
) -> None:
    attempt = waiting.failures + 1
    if body.permanent or attempt >= _effect(lifecycle, entity, waiting).attempts:
        taken.give_up(waiting.id, attempt, body.error)
        return
    retry_at = message.time_ns + int(pause(attempt, chance=crc32(f"{message.id}{waiting.id}".encode())) * 1e9)
    taken.record(EffectRetried(effect=waiting.id, attempt=attempt, retry_at=retry_at, error=body.error))


def pause(failures: int, *, chance: int) -> float:
    """Return how many seconds to wait after so many failures: doubling, and within half of that by chance (32 bits)."""
    longest = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE_SECONDS)
    return longest * (0.5 + (chance % (1 << 32)) / (1 << 33))
