"""Random walks through a lifecycle, by its own messages: for laws that hold for every one, and for its diagram.

No world is modelled: effects are answered as their schemas allow, and each answer is believed. So a walk finds more
than can happen, and needs nothing but the lifecycle; histories that make sense are those of the simulator.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, Final, Generic, TypeVar

import msgspec

from schemas.codec import NAMES
from schemas.types.lifecycles import EffectFailed, EffectProgressed, TimerElapsed
from streams.lifecycles.deciding import step
from streams.lifecycles.entity import Entity, Recorded, new_entity, todo
from streams.lifecycles.evolving import GENERIC
from streams.lifecycles.inventing import Inventor
from streams.lifecycles.lifecycle import Effect, Event, Lifecycle, Message

S = TypeVar("S")

Way = tuple[str, ...]
"""Phases before and after, and the first events of the domain; or only a phase."""

SECOND: Final = 1_000_000_000
BEGINNING: Final = 1_700_000_000 * SECOND
PAUSES: Final = (0.0, 0.001, 0.1, 1.0, 10.0, 300.0)
PAUSE_WEIGHTS: Final = (10, 10, 10, 10, 5, 1)
"""Seconds between messages, and how often."""
STAGES: Final = 20
"""Walks kept of each phase, from which others go on."""
DRAWN: Final = 4
"""Messages of which the one is taken that leads where walks have been least."""


class Taken(msgspec.Struct, Generic[S], frozen=True):
    """One step of a walk."""

    message: Message
    before: Entity[S]
    after: Entity[S]
    recorded: tuple[Recorded, ...]


class Walk(Generic[S]):
    """The life of one entity; a seed is a life."""

    def __init__(self, lifecycle: Lifecycle[S], random: Random, trodden: Counter[Way] | None = None) -> None:
        """Begin; walks that share what is trodden lead each other to where none has been."""
        self.lifecycle = lifecycle
        self.entity: Entity[S] = new_entity(lifecycle)
        self.now_ns = BEGINNING
        self.messages: list[Message] = []
        self.history: list[Recorded] = []
        self._random = random
        self._trodden = Counter[Way]() if trodden is None else trodden
        self._commands = _sorted(lifecycle.commands)
        self._unasked = [one for one in _sorted(lifecycle.observations) if "effect" not in one.__struct_fields__]

    def fork(self, random: Random, *, alone: bool = False) -> "Walk[S]":
        """Return a walk that goes on from here, with what it treads for all or for itself alone."""
        other = Walk(self.lifecycle, random, Counter(self._trodden) if alone else self._trodden)
        other.entity, other.now_ns = self.entity, self.now_ns
        other.messages, other.history = list(self.messages), list(self.history)
        return other

    def go(self, steps: int) -> "Walk[S]":
        """Take so many steps."""
        for _ in range(steps):
            self.step()
        return self

    def step(self) -> Taken[S]:
        """Take one step by some message. Raises what the lifecycle raises."""
        self.now_ns += int(self._random.choices(PAUSES, PAUSE_WEIGHTS)[0] * SECOND)
        if self.messages and self._random.random() < 0.05:
            return self.take(self._random.choice(self.messages))
        inventor = Inventor(self._random, self.entity.state, *(effect.action for effect in self.pending))
        drawn = [self._message(*self._body(inventor)) for _ in range(DRAWN)]
        if self._random.random() < 0.1:
            return self.take(drawn[0])
        return self.take(min(drawn, key=lambda message: self._worn(self._way(message))))

    def _worn(self, way: Way) -> float:
        """Return how little is to be expected of a way: trodden often, to a phase known well, or one that ends here."""
        return self._trodden[way] + self._trodden[way[1:2]] / 10 + (100 if len(way) == 2 else 0)

    def give(self, body: Event, cause: str | None = None) -> Taken[S]:
        """Take the step that a message leads to, in answer to an event or not."""
        return self.take(self._message(body, cause))

    def take(self, message: Message) -> Taken[S]:
        """Take the step that this message leads to."""
        before, way = self.entity, self._way(message)
        decided = step(self.lifecycle, before, message)
        self._trodden.update((way, way[1:2]))
        self.entity = decided.entity
        self.messages.append(message)
        self.history += decided.recorded
        return Taken(message, before, self.entity, tuple(decided.recorded))

    def give_all_up(self) -> Taken[S]:
        """Let all deadlines pass."""
        self.now_ns = max([self.now_ns, *(one.deadline_ns for one in self.entity.waiting)]) + 1
        return self.give(TimerElapsed(time=self.now_ns))

    @property
    def pending(self) -> tuple[Effect, ...]:
        """Return the effects that are pending."""
        return self.lifecycle.pending(self.entity.state)

    def _message(self, body: Event, cause: str | None) -> Message:
        id = f"m{len(self.messages)}"
        return Message(name=self.lifecycle.naming.example, id=id, time_ns=self.now_ns, body=body, causation_id=cause)

    def _way(self, message: Message) -> Way:
        """Return where a message leads: what is worth to be trodden once more, if it was not often."""
        decided = step(self.lifecycle, self.entity, message)
        phases = (self.lifecycle.phase(self.entity.state), self.lifecycle.phase(decided.entity.state))
        events = (type(one.event) for one in decided.recorded)
        return (*phases, *[event.__name__ for event in events if event not in GENERIC][:3])

    def _body(self, inventor: Inventor) -> tuple[Event, str | None]:
        random = self._random
        kinds = ("answer", "command", "unasked", "failure", "progress", "time")
        match random.choices(kinds, (50, 25, 8, 6, 2, 4))[0]:
            case "answer" | "failure" | "progress" as what if self.entity.waiting:
                one = random.choice(todo(self.lifecycle, self.entity))
                return self._about(what, one.effect, inventor), one.waiting.cause
            case "unasked" if self._unasked:
                return inventor.event(random.choice(self._unasked), {}), None
            case "time":
                return TimerElapsed(time=self.now_ns), None
            case _:
                return inventor.event(random.choice(self._commands), {}), None

    def _about(self, what: str, effect: Effect, inventor: Inventor) -> Event:
        answer = self.lifecycle.answers.get(type(effect.action))
        if what == "progress":
            return EffectProgressed(effect=effect.id, done=1, total=2)
        if what == "failure" or answer is None:
            return EffectFailed(effect=effect.id, error="it did not work", permanent=self._random.random() < 0.5)
        return inventor.event(answer, {"effect": effect.id} | msgspec.to_builtins(effect.action))


def explore(
    lifecycle: Lifecycle[S], walks: int, steps: int, seed: int = 0, note: Callable[[Taken[S]], None] = lambda _: None
) -> Iterator[Walk[S]]:
    """Walk again and again, most often from where others were before; yield each walk at its end, note each step."""
    random, trodden = Random(seed), Counter[Way]()
    stages: dict[str, list[Walk[S]]] = {}
    for _ in range(walks):
        phases = sorted(stages)
        begin = random.choice(["", *phases])
        walk = random.choice(stages[begin]).fork(random) if begin else Walk(lifecycle, random, trodden)
        for _ in range(steps):
            before = lifecycle.phase(walk.entity.state)
            note(walk.step())
            if (phase := lifecycle.phase(walk.entity.state)) != before:
                there = stages.setdefault(phase, [])
                if len(there) == STAGES:
                    del there[random.randrange(STAGES)]
                there.append(walk.fork(random))
        yield walk


def _sorted(types: Iterable[type]) -> list[Any]:
    return sorted(types, key=lambda one: NAMES[one])
