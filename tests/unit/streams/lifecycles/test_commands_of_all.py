"""What every lifecycle does with commands, whatever its domain: once, in order, by version; labels, finalizers."""

import pytest

from schemas.types.lifecycles import (
    AddFinalizer,
    ChangeLabels,
    CommandRejected,
    CommandUnchanged,
    Delete,
    DeletionRequested,
    FinalizerAdded,
    FinalizerRemoved,
    LabelsChanged,
    RemoveFinalizer,
)
from schemas.types.nodes import CordonNode, NodeCordoned, NodeForgotten, NodeReported, UncordonNode
from schemas.types.volumes import CreateVolume, ReplicaBuilt
from streams.lifecycles.entity import REMEMBERED
from streams.lifecycles.lifecycle import Event
from streams.nodes import NODES
from streams.volumes import VOLUMES
from tests.lifecycles import Memory

REPORT = NodeReported(address="192.0.2.1", port=1, free=1 << 30, version="1")


@pytest.fixture
def memory() -> Memory:
    memory = Memory()
    memory.give(NODES, "n1", REPORT)
    return memory


def last(memory: Memory) -> Event:
    return memory.events(NODES, "n1")[-1]


def code(event: Event) -> str:
    assert isinstance(event, CommandRejected)
    return event.code


def test_a_command_that_comes_twice_is_carried_out_once(memory: Memory) -> None:
    id = memory.give(NODES, "n1", CordonNode())
    memory.give(NODES, "n1", UncordonNode())
    before = memory.events(NODES, "n1")
    memory.give(NODES, "n1", CordonNode(), id=id)
    assert memory.events(NODES, "n1") == before


def test_a_command_that_changes_nothing_is_answered_too(memory: Memory) -> None:
    memory.give(NODES, "n1", UncordonNode())
    assert last(memory) == CommandUnchanged(command="deedlog.nodes.UncordonNode")


def test_one_older_than_all_that_are_remembered_is_refused(memory: Memory) -> None:
    early = memory.now + 1
    id = memory.give(NODES, "n1", CordonNode())
    for _ in range(REMEMBERED):
        memory.give(NODES, "n1", ChangeLabels(set={}, remove=()))
    memory.give(NODES, "n1", UncordonNode(), time_ns=early)
    assert code(last(memory)) == "too-old"
    memory.give(NODES, "n1", CordonNode(), id=id, time_ns=early)
    assert code(last(memory)) == "too-old"
    memory.give(NODES, "n1", UncordonNode())
    assert not memory.view(NODES).one("n1").state.cordoned


def test_a_version_that_is_no_longer_so_is_refused(memory: Memory) -> None:
    memory.give(NODES, "n1", CordonNode(), if_version=1)
    memory.give(NODES, "n1", UncordonNode(), if_version=1)
    assert code(last(memory)) == "version-conflict"
    assert memory.view(NODES).one("n1").state.cordoned
    memory.give(NODES, "n2", CordonNode(), if_version=0)
    assert code(memory.events(NODES, "n2")[-1]) == "not-found"


@pytest.mark.parametrize("name", ["A", "-a", "a-", "a_b", "ä", "a" * 64, "a/b", "..", " "])
def test_names_that_are_none_are_refused(memory: Memory, name: str) -> None:
    memory.give(VOLUMES, name, CreateVolume(size=1 << 20))
    events = memory.events(VOLUMES, name)
    if events:
        assert [code(one) for one in events] == ["bad-name"]
    else:
        assert [letter.reason for letter in memory.letters()] == ["bad-name"]


def test_labels_are_set_changed_and_gone_with_the_entity(memory: Memory) -> None:
    memory.give(NODES, "n1", ChangeLabels(set={"a": "1", "b": "2"}))
    memory.give(NODES, "n1", ChangeLabels(set={"b": "3"}, remove=("a",)))
    assert last(memory) == LabelsChanged(labels={"b": "3"})
    memory.give(NODES, "n1", ChangeLabels(set={"b": "3"}))
    assert isinstance(last(memory), CommandUnchanged)
    memory.give(NODES, "n1", Delete())
    assert memory.view(NODES).one("n1").labels == {}
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 20, labels={"app": "web"}))
    assert memory.view(VOLUMES).one("data").labels == {"app": "web"}


def test_finalizers_keep_an_entity_until_the_last_is_gone(memory: Memory) -> None:
    for body in (AddFinalizer(finalizer="f"), AddFinalizer(finalizer="g"), Delete(), CordonNode()):
        memory.give(NODES, "n1", body)
    memory.give(NODES, "n1", AddFinalizer(finalizer="h"))
    assert code(last(memory)) == "deleting"
    memory.give(NODES, "n1", RemoveFinalizer(finalizer="f"))
    assert NODES.phase(memory.view(NODES).one("n1").state) == "cordoned"
    memory.give(NODES, "n1", RemoveFinalizer(finalizer="g"))
    assert [type(one) for one in memory.events(NODES, "n1")] == [
        NodeReported,
        FinalizerAdded,
        FinalizerAdded,
        DeletionRequested,
        NodeCordoned,
        CommandRejected,
        FinalizerRemoved,
        FinalizerRemoved,
        NodeForgotten,
    ]
    entity = memory.view(NODES).one("n1")
    assert (NODES.phase(entity.state), entity.deleting, entity.finalizers) == ("unknown", False, ())


def test_what_is_asked_of_an_entity_that_is_not_there_is_refused(memory: Memory) -> None:
    for body in (ChangeLabels(set={"a": "1"}), AddFinalizer(finalizer="f"), Delete(), CordonNode()):
        memory.give(NODES, "n9", body)
        assert code(memory.events(NODES, "n9")[-1]) == "not-found"


def test_an_answer_to_the_former_life_of_an_entity_counts_for_nothing(memory: Memory) -> None:
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 20, replicas=1, nodes=("n1",)))
    [first] = memory.view(VOLUMES).one("data").waiting
    memory.give(VOLUMES, "data", Delete())
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 20, replicas=1, nodes=("n1",)))
    [second] = memory.view(VOLUMES).one("data").waiting
    assert first.id == second.id
    before = memory.events(VOLUMES, "data")
    memory.give(VOLUMES, "data", ReplicaBuilt(effect=first.id, replica="r1"), causation_id=first.cause)
    assert memory.events(VOLUMES, "data") == before
