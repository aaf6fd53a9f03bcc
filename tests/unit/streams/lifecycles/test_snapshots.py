"""Snapshots save time, and nothing else: what is wrong with one is said, and the events are read instead."""

import logging
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.types.nodes import CordonNode, NodeReported
from streams.lifecycles.kinds import LIFECYCLES
from streams.lifecycles.log import Place
from streams.lifecycles.shard import Shard
from streams.lifecycles.snapshots import Snapshots
from streams.nodes import NODES
from tests.lifecycles import PARTITIONS, Memory
from tests.unit.streams.lifecycles.test_views import BODIES, NAMES

REPORT = NodeReported(address="192.0.2.1", port=1, free=1 << 30, version="1")
EVENTS = Place(NODES.events.name, 0)


def busy(folder: Path) -> Memory:
    """Return a log with a snapshot of each partition of nodes, and one event more on each."""
    memory = Memory(LIFECYCLES, Snapshots(folder))
    for number in range(20):
        memory.give(NODES, f"n{number}", REPORT)
    memory.host.close()
    memory.begin()
    memory.run()
    for number in range(20):
        memory.give(NODES, f"n{number}", CordonNode())
    return memory


def told(memory: Memory) -> dict[str, Any]:
    return memory.view(NODES).all()


def held(memory: Memory) -> dict[str, Any]:
    shards = [shard for shard in memory.host.shards.values() if shard.lifecycle is NODES]
    return {name: entity for shard in shards for name, entity in sorted(shard.fold.entities.items())}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, BODIES), max_size=30), st.integers(1, 5), st.integers(0, 30))
def test_with_a_snapshot_it_is_as_from_the_first_event(
    bodies: list[tuple[str, Any]], every: int, killed_after: int
) -> None:
    with TemporaryDirectory() as folder:
        memory = Memory(LIFECYCLES, Snapshots(Path(folder), every))
        for number, (name, body) in enumerate(bodies):
            memory.give(NODES, name, body)
            if number == killed_after:
                memory.kill()
                memory.run()
        memory.kill()
        memory.run()
        assert held(memory) == told(memory)
        for lifecycle in LIFECYCLES:
            for number in range(PARTITIONS):
                place = Place(lifecycle.events.name, number)
                found = Snapshots(Path(folder)).verify(lifecycle, place, memory.broker, memory.codec)
                assert found.different == ()


def test_only_what_came_after_the_snapshot_is_read(tmp_path: Path) -> None:
    memory = busy(tmp_path)
    memory.kill()
    memory.run()
    assert memory.host.counts.recovered == 20
    assert held(memory) == told(memory)


def damage(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [damage, cut, empty])
def test_a_damaged_one_is_left_aside_and_that_is_said(
    spoil: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = busy(tmp_path)
    files = sorted(tmp_path.glob("node-*.snapshot"))
    assert len(files) == PARTITIONS
    spoil(files[0])
    falls_back(memory, caplog, "it is damaged")


def falls_back(memory: Memory, caplog: pytest.LogCaptureFixture, why: str) -> None:
    memory.kill()
    with caplog.at_level(logging.WARNING):
        memory.run()
    assert why in caplog.text
    assert memory.host.counts.recovered > 20
    assert held(memory) == told(memory)


def test_one_of_another_release_s_state_is_left_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    memory = busy(tmp_path)
    later = msgspec.structs.replace(NODES, state_version=NODES.state_version + 1)
    with caplog.at_level(logging.WARNING):
        assert Snapshots(tmp_path).load(later, EVENTS, memory.broker) is None
    assert "it is of another release" in caplog.text


def test_one_of_another_log_is_left_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    busy(tmp_path)
    other = Memory(LIFECYCLES, Snapshots(tmp_path))
    for number in range(40):
        other.give(NODES, f"m{number}", REPORT)
    falls_back(other, caplog, "it is of another log")


def test_one_that_is_ahead_of_the_log_is_left_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    busy(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert Snapshots(tmp_path).load(NODES, EVENTS, Memory().broker) is None
    assert "it is of another log" in caplog.text


def test_without_files_all_events_are_read_and_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = busy(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    memory.kill()
    with caplog.at_level(logging.WARNING):
        memory.run()
    assert caplog.text == ""
    assert memory.host.counts.recovered == 40
    assert held(memory) == told(memory)


def test_a_folder_that_cannot_be_written_is_said_and_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        memory = busy(tmp_path / "file")
    assert "no snapshot" in caplog.text
    assert held(memory) == told(memory)


def test_verifying_finds_what_is_not_as_the_events_tell(tmp_path: Path) -> None:
    memory = busy(tmp_path)
    snapshots = Snapshots(tmp_path)
    fold = snapshots.load(NODES, EVENTS, memory.broker)
    assert fold is not None
    name, entity = next(iter(sorted(fold.entities.items())))
    wrong = msgspec.structs.replace(entity, state=msgspec.structs.replace(entity.state, free=7))
    shard: Shard[Any] = Shard(NODES, fold)
    shard.keep({name: wrong}, fold.next_offset, fold.last_id)
    Snapshots(tmp_path).save(0, shard)
    found = snapshots.verify(NODES, EVENTS, memory.broker, memory.codec)
    assert (found.different, found.problem) == ((name,), "")
    assert found.entities == len(fold.entities)


def test_verifying_says_when_there_is_nothing_to_compare(tmp_path: Path) -> None:
    memory = Memory()
    found = Snapshots(tmp_path).verify(NODES, EVENTS, memory.broker, memory.codec)
    assert (found.entities, found.problem) == (0, "no snapshot that can be used")
