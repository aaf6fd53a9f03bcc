"""What earlier releases wrote is read, folded and decided as they did."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from schemas.topics import TOPICS
from streams.lifecycles.deciding import step
from streams.lifecycles.entity import Entity, Recorded, new_entity
from streams.lifecycles.evolving import evolve
from streams.lifecycles.kinds import LIFECYCLES
from streams.lifecycles.lifecycle import Lifecycle, Message
from streams.lifecycles.wire import read_event, read_message
from tests.golden_histories import FOLDER, Golden

FILES = sorted(FOLDER.glob("*/*.jsonl.gz"))
MOST_BYTES: Final = 300_000
DECIDED_OTHERWISE: Final[dict[str, str]] = {}
"""Histories whose messages are decided otherwise since, by the path in the folder, and why that is so."""

every_history = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))


def told(golden: Golden, lifecycle: Lifecycle[Any]) -> dict[str, list[Recorded]]:
    histories: dict[str, list[Recorded]] = {}
    for record in golden.records(lifecycle.events.name):
        recorded = read_event(record, golden.codec)
        histories.setdefault(recorded.name, []).append(recorded)
    return histories


def test_every_lifecycle_has_one_and_they_are_small() -> None:
    assert {end.kind for path in FILES for kind in LIFECYCLES for end in Golden(path).ends(kind.kind)} == {
        kind.kind for kind in LIFECYCLES
    }
    assert sum(path.stat().st_size for path in FILES) < MOST_BYTES
    assert all(kind.events.name in TOPICS for kind in LIFECYCLES)


@every_history
def test_events_come_to_the_states_that_they_came_to(path: Path) -> None:
    golden = Golden(path)
    for lifecycle in LIFECYCLES:
        histories = told(golden, lifecycle)
        for end in golden.ends(lifecycle.kind):
            entity: Entity[Any] = new_entity(lifecycle)
            for recorded in histories[end.name]:
                entity = evolve(lifecycle, entity, recorded)
            assert (entity.sequence, lifecycle.phase(entity.state)) == (end.sequence, end.phase)
            assert_has(msgspec.to_builtins(entity.state), end.state)


def assert_has(now: Any, then: Any) -> None:
    """Say that what a state was it still is; fields may have been added."""
    match then:
        case dict():
            for name, value in then.items():
                assert_has(now[name], value)
        case list():
            assert len(now) == len(then)
            for one, other in zip(now, then, strict=True):
                assert_has(one, other)
        case _:
            assert now == then


@every_history
def test_messages_are_decided_as_they_were(path: Path) -> None:
    if reason := DECIDED_OTHERWISE.get(str(path.relative_to(FOLDER))):
        pytest.skip(reason)
    golden = Golden(path)
    for lifecycle in LIFECYCLES:
        entities: dict[str, Entity[Any]] = {}
        found: dict[str, list[Recorded]] = {}
        for record in golden.records(lifecycle.inbox.name):
            message = read_message(lifecycle, record, golden.codec)
            assert isinstance(message, Message)
            taken = step(lifecycle, entities.get(message.name, new_entity(lifecycle)), message)
            entities[message.name] = taken.entity
            if taken.recorded:
                found.setdefault(message.name, []).extend(taken.recorded)
        wanted = told(golden, lifecycle)
        for name, history in wanted.items():
            # The last messages may have come when the host was not asked any more.
            assert found[name][: len(history)] == history
