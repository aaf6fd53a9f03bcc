"""Runs lifecycles through histories that nobody would wait for: crashes, repetitions, delays, lost answers, zombies.

The host, the schedule of effects and the deciders are the real ones; the log is the one in memory, the clock and the
world are given. All chance comes from one `Random`: a seed is a history, and a history that breaks a law is told as a
story that can be read.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final, Protocol

import msgspec

from producers.identifiers import uuid7
from schemas.codec import Codec
from schemas.registry import MemoryRegistry
from schemas.topics import DEAD_LETTERS
from schemas.types.lifecycles import EffectFailed
from streams.lifecycles.effector import EffectError
from streams.lifecycles.entity import Entity, Recorded
from streams.lifecycles.host import Host
from streams.lifecycles.lifecycle import Effect, Event, Lifecycle, Message
from streams.lifecycles.log import Place
from streams.lifecycles.memory_log import MemoryBroker, MemoryLog
from streams.lifecycles.schedule import Job, Schedule
from streams.lifecycles.shard import Shard
from streams.lifecycles.wire import read_event, write_message

PARTITIONS: Final = 2
SECOND: Final = 1_000_000_000
BEGINNING: Final = 1_700_000_000 * SECOND
REST_STEPS: Final = 5_000
"""Turns within which everything must have come to rest once nothing is disturbed any more."""


class World(Protocol):
    """What lifecycles act in, as a model: performs effects, suffers faults, gives commands, knows what must hold."""

    nodes: Sequence[str]
    """Names of the executors; the empty one is the lifecycle service."""

    def perform(self, node: str, job: Job) -> Event:
        """Do what an effect asks, all of it. Raises EffectError."""

    def observe(self, node: str) -> list[tuple[str, str, Event]]:
        """Return what an agent sees by itself now: kind, name and observation."""

    def believe(self, node: str, kind: str, name: str, state: Any) -> None:
        """Let a node's agent know the state of an entity, as far as it has read."""

    def command(self, random: Random) -> tuple[str, str, Event]:
        """Return a command that somebody gives: kind, name and body."""

    def suffer(self, random: Random) -> str:
        """Let something happen in the world; return what, for the story."""

    def follow(self, kind: str, name: str, state: Any) -> None:
        """Take note of the state of an entity after each event, as the log has it."""

    def check(self, entities: dict[tuple[str, str], Entity[Any]]) -> None:
        """Raise AssertionError if what must hold at every moment does not."""

    def check_at_rest(self, entities: dict[tuple[str, str], Entity[Any]]) -> None:
        """Raise AssertionError if what must hold when nothing is under way does not."""


class DeathError(Exception):
    """A worker dies here."""


class Agent:
    """An executor: what it has read, and what it is doing."""

    def __init__(self, node: str, lifecycles: Sequence[Lifecycle[Any]], broker: MemoryBroker) -> None:
        self.node = node
        self.schedule = Schedule(lambda effect: effect.node == node, _lane)
        self.read: dict[Place, Shard[Any]] = {
            Place(lifecycle.events.name, n): Shard(lifecycle) for lifecycle in lifecycles for n in range(PARTITIONS)
        }
        self._there = {place: len(broker.records[place]) for place in self.read}

    @property
    def caught_up(self) -> bool:
        """Return whether it has read all that was there when it began: before that it does nothing."""
        return all(shard.fold.next_offset >= self._there[place] for place, shard in self.read.items())


def _lane(name: str, effect: Effect) -> str:
    return f"{name}/{getattr(effect.action, 'replica', 'controller')}"


class Simulation:
    """A history in the making."""

    def __init__(self, lifecycles: Sequence[Lifecycle[Any]], world: World, random: Random) -> None:
        self.story: list[str] = []
        self.steps = 0
        self.now_ns = BEGINNING
        self._lifecycles = {lifecycle.kind: lifecycle for lifecycle in lifecycles}
        self._world = world
        self._random = random
        self.registry = MemoryRegistry()
        self.codec = Codec(self.registry)
        inboxes = [lifecycle.inbox.name for lifecycle in lifecycles]
        events = [lifecycle.events.name for lifecycle in lifecycles]
        topics = dict.fromkeys([*inboxes, *events], PARTITIONS) | {DEAD_LETTERS.name: 1}
        self.broker = MemoryBroker(topics, inboxes)
        self._workers = [self._worker() for _ in range(2)]
        self._agents = {node: Agent(node, lifecycles, self.broker) for node in world.nodes}
        self._network: list[tuple[Lifecycle[Any], Message]] = []
        self._truth = {place: Shard(self._of(place)) for place in self._events_places()}
        self._outcomes: dict[str, tuple[str, int]] = {}
        self._calm = False

    @property
    def entities(self) -> dict[tuple[str, str], Entity[Any]]:
        """Return the fold of the log."""
        return {
            (shard.lifecycle.kind, name): entity
            for shard in self._truth.values()
            for name, entity in shard.fold.entities.items()
        }

    def run(self, steps: int) -> None:
        """Take so many steps with faults. Raises AssertionError, with the story, when a law is broken."""
        for _ in range(steps):
            self._step(self._random.choices(ACTIONS, WEIGHTS)[0])

    def rest(self) -> None:
        """Let everything come to rest, without faults. Raises AssertionError if it does not, or not as it must."""
        self._calm = True
        for _ in range(REST_STEPS):
            before = (len(self._network), sum(len(records) for records in self.broker.records.values()))
            for action in (Simulation._deliver_all, Simulation._turn_all, Simulation._act_all):
                self._step(action)
            if before == (0, sum(len(records) for records in self.broker.records.values())) and not self._network:
                if not self._waits():
                    break
                self.now_ns += SECOND
                self._step(Simulation._tick_all)
        else:
            self._fail("it never comes to rest")
        for (kind, name), entity in self.entities.items():
            lifecycle = self._lifecycles[kind]
            found = lifecycle.phase(entity.state)
            if lifecycle.phases[found].kind == "transitional":
                self._fail(f"{kind} {name} is stuck in {found}, and waits for {entity.waiting}")
        self._checked(self._world.check_at_rest)
        self._calm = False

    def _step(self, action: "Callable[[Simulation], str | None]") -> None:
        self.steps += 1
        if told := action(self):
            self.story.append(told)
        self._read_truth()
        self._checked(self._world.check)

    def _checked(self, check: Callable[[dict[tuple[str, str], Entity[Any]]], None]) -> None:
        try:
            check(self.entities)
        except AssertionError as error:
            self._fail(str(error))

    def _fail(self, law: str) -> None:
        raise AssertionError("\n".join([*self.story[-200:], f"=> {law}"]))

    def _waits(self) -> bool:
        return any(not one.alarm for entity in self.entities.values() for one in entity.waiting)

    # What may happen, each a step.

    def _command(self) -> str:
        kind, name, body = self._world.command(self._random)
        message = self._message(name, body, actor="somebody")
        self._network.append((self._lifecycles[kind], message))
        return f"somebody: {kind} {name} {_shown(body)}"

    def _deliver(self) -> str | None:
        if not self._network:
            return None
        at = self._random.randrange(len(self._network))
        lifecycle, message = self._network[at]
        again = self._random.random() < 0.1
        if not again:
            del self._network[at]
        self.broker.append(write_message(lifecycle, message, PARTITIONS, self.codec))
        return f"  arrives{' (and will again)' if again else ''}: {message.name} {_shown(message.body)}"

    def _lose(self) -> str | None:
        observed = [n for n, (_, message) in enumerate(self._network) if message.actor != "somebody"]
        if not observed:
            return None
        _, message = self._network.pop(self._random.choice(observed))
        return f"  is lost: {message.name} {_shown(message.body)}"

    def _turn(self) -> str | None:
        at = self._random.randrange(len(self._workers))
        self._disturbed(at)
        return None

    def _disturbed(self, at: int) -> None:
        """Let a worker take a turn in which others may join and leave, or it may die before it knows its commit."""
        other = self._workers[1 - at]
        die = self._random.random() < 0.02
        rebalance = self._random.random() < 0.03

        def around(moment: str) -> None:
            self.broker.around_commit = lambda _moment: None
            if moment == "before" and rebalance:
                self.story.append(f"    workers change while {at} commits")
                self.broker.leave(other._log)  # type: ignore[arg-type]
                self.broker.join(other._log)  # type: ignore[arg-type]
            if moment == "after" and die:
                raise DeathError

        self.broker.around_commit = around
        try:
            self._workers[at].turn(0)
        except DeathError:
            self.story.append(f"    worker {at} dies when its commit is through")
            self._replace(at)
        self.broker.around_commit = lambda _moment: None

    def _kill_worker(self) -> str:
        at = self._random.randrange(len(self._workers))
        self._replace(at)
        return f"    worker {at} dies"

    def _replace(self, at: int) -> None:
        self.broker.leave(self._workers[at]._log)  # type: ignore[arg-type]
        self._workers[at] = self._worker()

    def _tick(self) -> str | None:
        self._workers[self._random.randrange(len(self._workers))].tick(self.now_ns)
        return None

    def _pass_time(self) -> str:
        seconds = self._random.choices(PAUSES, PAUSE_WEIGHTS)[0]
        self.now_ns += int(seconds * SECOND)
        return f"  {seconds:g} s pass"

    def _agent_reads(self) -> str | None:
        self._follow(self._some_agent(), self._random.choice([1, 3, 1000]))
        return None

    def _agent_acts(self) -> str | None:
        agent = self._some_agent()
        if not agent.caught_up:
            return None
        for job in agent.schedule.begin(self.now_ns):
            self._perform(agent, job, outcome=self._random.choices(OUTCOMES, OUTCOME_WEIGHTS)[0])
        return None

    def _agent_looks(self) -> str | None:
        agent = self._some_agent()
        if not agent.caught_up:
            return None
        for kind, name, event in self._world.observe(agent.node):
            self._network.append((self._lifecycles[kind], self._message(name, event, actor=agent.node)))
        return None

    def _kill_agent(self) -> str:
        agent = self._some_agent()
        self._agents[agent.node] = Agent(agent.node, list(self._lifecycles.values()), self.broker)
        return f"    the agent of {agent.node or 'the service'} dies, and begins anew"

    def _suffer(self) -> str:
        return f"  world: {self._world.suffer(self._random)}"

    # The same without chance, until nothing moves.

    def _deliver_all(self) -> None:
        while self._network:
            lifecycle, message = self._network.pop(0)
            self.story.append(f"  arrives: {message.name} {_shown(message.body)}")
            self.broker.append(write_message(lifecycle, message, PARTITIONS, self.codec))

    def _turn_all(self) -> None:
        for _ in range(3):
            for worker in self._workers:
                worker.turn(0)

    def _tick_all(self) -> None:
        for worker in self._workers:
            worker.tick(self.now_ns)

    def _act_all(self) -> None:
        for agent in self._agents.values():
            self._follow(agent, 1_000_000)
            for job in agent.schedule.begin(self.now_ns):
                self._perform(agent, job, outcome="told")
            for kind, name, event in self._world.observe(agent.node):
                self._network.append((self._lifecycles[kind], self._message(name, event, actor=agent.node)))

    # How it is done.

    def _perform(self, agent: Agent, job: Job, outcome: str) -> None:
        event: Event
        try:
            if outcome == "failed":
                raise EffectError("it did not work")
            event = self._world.perform(agent.node, job)
        except EffectError as error:
            event = EffectFailed(effect=job.effect.id, error=str(error), permanent=error.permanent)
        self.story.append(f"  {agent.node or 'service'} does {job.name} {job.effect.id}: {_shown(event)} ({outcome})")
        if outcome != "lost":
            message = self._message(job.name, event, actor=agent.node, cause=job.cause)
            self._network.append((job.lifecycle, message))
        agent.schedule.end(job, self.now_ns)

    def _follow(self, agent: Agent, most: int) -> None:
        for place, shard in agent.read.items():
            for record in self.broker.records[place][shard.fold.next_offset :][:most]:
                recorded = read_event(record, self.codec)
                entity = shard.apply(recorded, record.offset)
                agent.schedule.update(shard.lifecycle, recorded.name, entity)
                self._world.believe(agent.node, shard.lifecycle.kind, recorded.name, entity.state)

    def _read_truth(self) -> None:
        for place, shard in self._truth.items():
            for record in self.broker.records[place][shard.fold.next_offset :]:
                recorded = read_event(record, self.codec)
                entity = shard.apply(recorded, record.offset)
                self._once(recorded)
                self._world.follow(shard.lifecycle.kind, recorded.name, entity.state)
                self.story.append(f"      {recorded.name}@{recorded.sequence} {_shown(recorded.event)}")
        if letters := self.broker.records[Place(DEAD_LETTERS.name, 0)]:
            self._fail(f"put aside: {self.codec.decode(letters[0].value)}")

    def _once(self, recorded: Recorded) -> None:
        """See that all events of a command follow one another: that it was carried out once."""
        if recorded.command_id is None:
            return
        known = self._outcomes.get(recorded.command_id)
        if known is not None and known != (recorded.name, recorded.sequence - 1):
            self._fail(f"command {recorded.command_id} was carried out twice")
        self._outcomes[recorded.command_id] = (recorded.name, recorded.sequence)

    def _worker(self) -> Host:
        return Host(list(self._lifecycles.values()), MemoryLog(self.broker), self.codec)

    def _some_agent(self) -> Agent:
        return self._random.choice(list(self._agents.values()))

    def _message(self, name: str, body: Event, *, actor: str, cause: str | None = None) -> Message:
        self.now_ns += 1
        id = uuid7(self.now_ns, self._random.getrandbits(80).to_bytes(10, "big"))
        return Message(name=name, id=id, time_ns=self.now_ns, body=body, actor=actor, causation_id=cause)

    def _events_places(self) -> Iterator[Place]:
        for lifecycle in self._lifecycles.values():
            yield from (Place(lifecycle.events.name, n) for n in range(PARTITIONS))

    def _of(self, place: Place) -> Lifecycle[Any]:
        return next(one for one in self._lifecycles.values() if one.events.name == place.topic)


PAUSES: Final = (0.05, 0.5, 2.0, 20.0, 200.0)
PAUSE_WEIGHTS: Final = (40, 30, 20, 7, 3)
"""Seconds, and how often: most deadlines are minutes, and are to be met more often than not."""
OUTCOMES: Final = ("told", "lost", "failed")
OUTCOME_WEIGHTS: Final = (90, 5, 5)
_CHANCES: Final[dict[Callable[[Simulation], str | None], int]] = {
    Simulation._command: 3,
    Simulation._deliver: 20,
    Simulation._lose: 1,
    Simulation._turn: 25,
    Simulation._kill_worker: 1,
    Simulation._tick: 3,
    Simulation._pass_time: 3,
    Simulation._agent_reads: 15,
    Simulation._agent_acts: 15,
    Simulation._agent_looks: 6,
    Simulation._kill_agent: 1,
    Simulation._suffer: 10,
}
ACTIONS: Final = list(_CHANCES)
WEIGHTS: Final = list(_CHANCES.values())


def _shown(event: msgspec.Struct) -> str:
    fields = msgspec.structs.asdict(event)
    shown = ", ".join(f"{name}={value}" for name, value in fields.items() if value not in ("", 0, (), {}, None, False))
    return f"{type(event).__name__}({shown})"
