"""The laws of every lifecycle, in whatever state chance and its own messages lead to."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import NAMES, Codec
from schemas.registry import MemoryRegistry
from schemas.types import TYPES
from schemas.types.lifecycles import EffectGivenUp, EffectProgressed
from streams.lifecycles.deciding import step
from streams.lifecycles.entity import Entity, Recorded
from streams.lifecycles.evolving import GENERIC, evolve
from streams.lifecycles.inventing import Inventor
from streams.lifecycles.kinds import KINDS, LIFECYCLES
from streams.lifecycles.lifecycle import Lifecycle, Message
from streams.lifecycles.log import Place, Record
from streams.lifecycles.shard import Fold, Shard
from streams.lifecycles.walking import BEGINNING, Taken, Walk, explore
from streams.lifecycles.wire import read_event, write_event
from tests.events import events

WALKS = 250
STEPS = 40
GIVING_UP = 100
"""Times that everything pending is given up, within which a phase that stays must be reached."""

every_lifecycle = pytest.mark.parametrize("kind", [one.kind for one in LIFECYCLES])


@cache
def walked(kind: str) -> list[Walk[Any]]:
    """Return walks to all parts of a lifecycle."""
    return list(explore(KINDS[kind], WALKS, STEPS))


def laws(examples: int) -> Callable[[Any], Any]:
    """Run a test on many walks: the number of one that was made, and the chance with which it goes on."""

    def decorated(test: Any) -> Any:
        given_ = given(number=st.integers(0, WALKS - 1), seed=st.integers(0, 2**32 - 1), steps=st.integers(0, 30))
        return every_lifecycle(settings(max_examples=examples, deadline=None)(given_(test)))

    return decorated


def walk(lifecycle: Lifecycle[Any], number: int, seed: int) -> Walk[Any]:
    return walked(lifecycle.kind)[number].fork(Random(seed), alone=True)


def kind_of(lifecycle: Lifecycle[Any], entity: Entity[Any]) -> str:
    return lifecycle.phases[lifecycle.phase(entity.state)].kind


@every_lifecycle
def test_walks_reach_every_phase_and_event_or_laws_would_hold_of_nothing(kind: str) -> None:
    lifecycle = KINDS[kind]
    histories = [one.history for one in walked(lifecycle.kind)]
    phases = {lifecycle.phase(state.state) for one in walked(lifecycle.kind) for state in states(one)}
    assert phases == lifecycle.phases.keys()
    found = {type(recorded.event) for history in histories for recorded in history}
    missing = {name for name in lifecycle.events.schemas if TYPES[name] not in found and TYPES[name] not in GENERIC}
    assert missing <= RARE


RARE = {"deedlog.volumes.LayersDropped", "deedlog.volumes.MergeGivenUp", "deedlog.volumes.ReplicaFenced"}
"""What a few thousand steps need not reach."""


def states(walk: Walk[Any]) -> list[Entity[Any]]:
    """Return the entity after each event."""
    found = [Entity(state=walk.lifecycle.initial)]
    for recorded in walk.history:
        found.append(evolve(walk.lifecycle, found[-1], recorded))
    return found[1:]


# Evolve and decide are total.


@laws(100)
def test_evolve_takes_every_event_of_its_topic_in_every_state(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_, random = walk(lifecycle, number, seed).go(steps), Random(seed)
    state = walk_.entity.state
    inventor = Inventor(random, state)
    for name in lifecycle.events.schemas:
        type_ = TYPES[name]
        if type_ not in GENERIC:
            event = inventor.event(type_, {}, sense=random.random())
            assert isinstance(lifecycle.evolve(state, event), lifecycle.state_type)


@every_lifecycle
@settings(max_examples=300, deadline=None)
@given(data=st.data(), number=st.integers(0, WALKS - 1))
def test_every_message_is_decided_in_every_state(kind: str, data: st.DataObject, number: int) -> None:
    lifecycle = KINDS[kind]
    walk_ = walk(lifecycle, number, 0)
    type_ = data.draw(st.sampled_from(sorted(lifecycle.commands | lifecycle.observations, key=lambda t: NAMES[t])))
    body = data.draw(events(NAMES[type_]))
    taken = walk_.give(body)
    if type_ in lifecycle.commands:
        assert taken.recorded
    consistent(lifecycle, taken.after)


# A repetition yields nothing.


@laws(100)
def test_a_command_given_twice_counts_once(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_ = walk(lifecycle, number, seed)
    for _ in range(steps):
        taken = walk_.step()
        if type(taken.message.body) in lifecycle.commands:
            assert step(lifecycle, taken.after, taken.message).recorded == []
    for message in [one for one in walk_.messages if type(one.body) in lifecycle.commands]:
        again = step(lifecycle, walk_.entity, message).recorded
        if message.id in walk_.entity.command_ids:
            assert again == []
        else:
            assert [one.event.code for one in again] == ["too-old"]  # type: ignore[attr-defined]


@laws(100)
def test_an_answer_given_twice_counts_once(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_, answered = walk(lifecycle, number, seed), list[Message]()
    for _ in range(steps):
        taken = walk_.step()
        answered += [taken.message] * _ended(lifecycle, taken)
        for message in answered:
            assert step(lifecycle, taken.after, message).recorded == []


def _ended(lifecycle: Lifecycle[Any], taken: Taken[Any]) -> bool:
    effect = getattr(taken.message.body, "effect", "")
    asked = taken.before.waits_for(effect)
    return bool(asked and asked.cause == taken.message.causation_id and not taken.after.waits_for(effect))


@laws(100)
def test_an_answer_to_something_else_changes_nothing(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_, random = walk(lifecycle, number, seed).go(steps), Random(seed)
    entity = walk_.entity
    for effect in walk_.pending:
        for type_ in lifecycle.answers.values():
            if type_ is lifecycle.answers.get(type(effect.action)):
                continue
            body = Inventor(random, entity.state).event(type_, {"effect": effect.id})
            recorded = step(lifecycle, entity, message_of(walk_, body)).recorded
            assert "does not answer" in recorded[0].event.error  # type: ignore[attr-defined]
        late = EffectProgressed(effect=effect.id, done=1, total=2)
        assert (
            step(
                lifecycle, entity, message_of(walk_, late, cause=f"{lifecycle.kind}/{lifecycle.naming.example}/0")
            ).recorded
            == []
        )


def message_of(walk: Walk[Any], body: Any, cause: str | None = None) -> Message:
    return Message(name=walk.lifecycle.naming.example, id="other", time_ns=walk.now_ns, body=body, causation_id=cause)


# Nothing is stuck.


@laws(100)
def test_what_passes_has_a_deadline_and_an_end(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_ = walk(lifecycle, number, seed).go(steps)
    for _ in range(GIVING_UP):
        if kind_of(lifecycle, walk_.entity) == "transitional":
            assert walk_.entity.waiting, f"{walk_.entity.state} waits for nothing"
        if all(one.alarm for one in walk_.entity.waiting):
            break
        taken = walk_.give_all_up()
        given_up = [one.event.effect for one in taken.recorded if isinstance(one.event, EffectGivenUp)]
        assert given_up
        assert not [effect for effect in given_up if taken.after.waits_for(effect)]
    # What is still tried then, as it must be, does not keep the entity from being used.
    assert kind_of(lifecycle, walk_.entity) != "transitional"


# What is pending is known.


def consistent(lifecycle: Lifecycle[Any], entity: Entity[Any]) -> None:
    """Say that what is pending is what the entity waits for, each once, with a deadline ahead of its beginning."""
    pending = lifecycle.pending(entity.state)
    ids = [effect.id for effect in pending]
    assert len(set(ids)) == len(ids)
    assert [waiting.id for waiting in entity.waiting] == ids
    assert lifecycle.pending(entity.state) == pending
    assert all(effect.seconds > 0 and effect.attempts > 0 and effect.id for effect in pending)
    assert all(waiting.deadline_ns > waiting.since_ns for waiting in entity.waiting)
    assert {type(effect.action) for effect in pending if effect.node is not None} <= lifecycle.answers.keys()


@laws(100)
def test_every_pending_effect_is_known_with_its_deadline(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_ = walk(lifecycle, number, seed).go(steps)
    for entity in states(walk_):
        consistent(lifecycle, entity)


# The events are the truth.


@laws(100)
def test_the_fold_of_the_events_is_the_entity(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_ = walk(lifecycle, number, seed).go(steps)
    assert (states(walk_) or [walk_.entity])[-1] == walk_.entity
    assert [one.sequence for one in walk_.history] == list(range(1, len(walk_.history) + 1))


@laws(50)
def test_on_the_wire_and_in_snapshots_it_stays_what_it_is(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_, codec = walk(lifecycle, number, seed).go(steps), Codec(MemoryRegistry())
    half = len(walk_.history) // 2
    shard = Shard(lifecycle)
    for offset, recorded in enumerate(walk_.history):
        if offset == half:
            body = msgspec.msgpack.encode(shard.fold)
            shard = Shard(lifecycle, msgspec.msgpack.decode(body, type=Fold[lifecycle.state_type]))  # type: ignore[name-defined]
        again = through_the_wire(lifecycle, recorded, offset, codec)
        assert again == recorded
        shard.apply(again, offset)
    assert shard.entity(lifecycle.naming.example) == walk_.entity


def through_the_wire(lifecycle: Lifecycle[Any], recorded: Recorded, offset: int, codec: Codec) -> Recorded:
    output = write_event(lifecycle, recorded, 0, codec)
    record = Record(
        place=Place(lifecycle.events.name, 0),
        offset=offset,
        timestamp_ms=output.timestamp_ms,
        key=output.key,
        headers=tuple(output.headers),
        value=output.value,
    )
    return read_event(record, codec)


@every_lifecycle
def test_the_same_chance_walks_the_same_way(kind: str) -> None:
    lifecycle = KINDS[kind]
    first, second = (list(explore(lifecycle, 10, 20, seed=3)) for _ in range(2))
    assert [one.history for one in first] == [one.history for one in second]
    assert first[0].now_ns >= BEGINNING


@laws(100)
def test_others_are_told_what_their_inboxes_take(kind: str, number: int, seed: int, steps: int) -> None:
    lifecycle = KINDS[kind]
    walk_, codec = walk(lifecycle, number, seed), Codec(MemoryRegistry())
    for _ in range(steps):
        taken = walk_.step()
        for recorded in taken.recorded:
            for send in lifecycle.react(lifecycle.naming.example, taken.after.state, recorded.event):
                assert type(send.body) in KINDS[send.kind].commands
                assert codec.encode(KINDS[send.kind].inbox, send.body)
