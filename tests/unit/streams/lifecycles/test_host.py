"""The host on a log in memory: what becomes of every kind of message, once, whatever dies."""

import logging
from typing import Any

import msgspec
import pytest

from schemas.types.nodes import CordonNode, NodeCordoned, NodeReported, UncordonNode
from schemas.types.volumes import CreateVolume, HoldRefused, HoldSnapshot, VolumeFaulted
from streams.lifecycles.lifecycle import Event, Message, Rejected, Send
from streams.lifecycles.log import Output, Place
from streams.lifecycles.partitioning import partition_of
from streams.lifecycles.wire import write_message
from streams.nodes import NODES, Node
from streams.nodes import decide as decide_of_node
from streams.volumes import VOLUMES
from tests.lifecycles import PARTITIONS, SECOND, Memory

REPORT = NodeReported(address="192.0.2.1", port=1, free=1 << 30, version="1")


class DiedError(Exception):
    """The host dies here."""


@pytest.fixture
def memory() -> Memory:
    memory = Memory()
    memory.give(NODES, "n1", REPORT)
    return memory


def raw(value: bytes, key: bytes = b"n1") -> Output:
    headers: list[tuple[str, bytes]] = []
    return Output(place=Place(NODES.inbox.name, 0), key=key, headers=headers, value=value, timestamp_ms=1)


def test_a_message_in_the_wrong_partition_is_sent_on_to_the_right_one(memory: Memory) -> None:
    right = partition_of(b"n1", PARTITIONS)
    message = memory.message("n1", CordonNode(), correlation_id="why")
    output = write_message(NODES, message, PARTITIONS, memory.codec)
    wrong = Place(NODES.inbox.name, (right + 1) % PARTITIONS)
    memory.broker.append(msgspec.structs.replace(output, place=wrong))
    memory.run()
    [event] = [one for one in memory.view(NODES).history("n1") if isinstance(one.event, NodeCordoned)]
    assert (event.command_id, event.actor, event.correlation_id) == (message.id, "ann@web", "why")
    assert event.time_ns == message.time_ns
    assert memory.letters() == []


def test_what_is_no_message_is_put_aside_with_the_reason_and_blocks_nothing(memory: Memory) -> None:
    cordon = memory.codec.encode(NODES.inbox, CordonNode())
    alien = memory.codec.encode(NODES.events, NodeCordoned())
    for value, key in ((b"rubbish", b"n1"), (b"", b"n1"), (alien, b"n1"), (cordon, b""), (cordon, b"n\xff")):
        memory.broker.append(raw(value, key))
    memory.give(NODES, "n1", CordonNode())
    letters = memory.letters()
    reasons = ["undecodable", "undecodable", "wrong-type", "bad-name", "bad-name"]
    assert [letter.reason for letter in letters] == reasons
    assert (letters[0].topic, letters[0].value, letters[0].key) == (NODES.inbox.name, b"rubbish", b"n1")
    assert "NodeCordoned is no message for a node" in letters[2].detail
    assert memory.host.counts.put_aside == 5
    assert memory.events(NODES, "n1")[-1] == NodeCordoned()


def test_a_schema_that_nobody_knows_is_put_aside(memory: Memory) -> None:
    memory.broker.append(raw(b"\0\0\0\1\0rest"))
    memory.run()
    assert [letter.reason for letter in memory.letters()] == ["unknown-schema"]


def _decide_or_raise(state: Node, message: Message) -> tuple[Event, ...] | Rejected:
    if isinstance(message.body, UncordonNode):
        raise ZeroDivisionError("a defect")
    return decide_of_node(state, message)


def _tell_or_raise(_name: str, _state: Any, event: Event) -> tuple[Send, ...]:
    if isinstance(event, NodeCordoned):
        raise ZeroDivisionError("a defect")
    return ()


@pytest.mark.parametrize(
    ("defect", "body"), [({"decide": _decide_or_raise}, UncordonNode()), ({"react": _tell_or_raise}, CordonNode())]
)
def test_a_message_that_a_defect_meets_is_put_aside_and_changes_nothing(
    defect: dict[str, Any], body: Event, caplog: pytest.LogCaptureFixture
) -> None:
    memory = Memory([msgspec.structs.replace(NODES, **defect)])
    memory.give(NODES, "n1", REPORT)
    with caplog.at_level(logging.ERROR):
        memory.give(NODES, "n1", body)
    memory.give(NODES, "n1", msgspec.structs.replace(REPORT, port=2))
    assert [(one.reason, one.detail) for one in memory.letters()] == [("undecidable", "ZeroDivisionError: a defect")]
    assert [type(one) for one in memory.events(NODES, "n1")] == [NodeReported, NodeReported]
    assert type(body).__name__ in caplog.text


def test_events_of_many_messages_in_one_transaction_follow_one_another(memory: Memory) -> None:
    for number in range(50):
        body = CordonNode() if number % 2 else UncordonNode()
        message = memory.message(f"n{number % 3}", body)
        memory.broker.append(write_message(NODES, message, PARTITIONS, memory.codec))
    memory.run()
    for name in ("n0", "n1", "n2"):
        numbers = [one.sequence for one in memory.view(NODES).history(name)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_host_that_dies_before_it_knows_of_its_commit_does_nothing_twice(memory: Memory) -> None:
    def die(moment: str) -> None:
        if moment == "after":
            memory.broker.around_commit = lambda _moment: None
            raise DiedError

    memory.broker.around_commit = die
    with pytest.raises(DiedError):
        memory.give(VOLUMES, "copy", CreateVolume(source_volume="data"))
    memory.kill()
    memory.run()
    holds = [record for n in range(PARTITIONS) for record in memory.broker.history(Place(VOLUMES.inbox.name, n), 0)]
    asked = [body for record in holds if isinstance(body := memory.codec.decode(record.value), HoldSnapshot)]
    assert asked == [HoldSnapshot(holder="copy", snapshot="")]
    assert memory.events(VOLUMES, "data")[0] == HoldRefused(holder="copy", reason="there is no such volume")
    assert VolumeFaulted in [type(one) for one in memory.events(VOLUMES, "copy")]


def test_a_host_whose_inboxes_went_to_another_drops_what_it_decided(memory: Memory) -> None:
    memory.broker.append(write_message(NODES, memory.message("n1", CordonNode()), PARTITIONS, memory.codec))
    zombie = memory.host

    def replaced(_moment: str) -> None:
        memory.broker.around_commit = lambda _moment: None
        memory.kill()
        memory.run()

    memory.broker.around_commit = replaced
    zombie.turn(0)
    assert zombie.counts.lost == 1
    assert memory.events(NODES, "n1").count(NodeCordoned()) == 1
    # It has joined anew, and knows what the other one did.
    for _ in range(3):
        zombie.turn(0)
        memory.host.turn(0)
    shards = [shard for host in (zombie, memory.host) for shard in host.shards.values()]
    held = {name: entity for shard in shards for name, entity in shard.fold.entities.items()}
    assert held["n1"] == memory.view(NODES).one("n1")


def test_time_is_told_to_those_that_wait_for_it_and_once(memory: Memory) -> None:
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 30))
    assert memory.host.tick(memory.now + SECOND) == 0
    late = memory.now + 3600 * SECOND
    assert memory.host.tick(late) == 1
    assert memory.host.tick(late) == 0
    memory.run()
    entity = memory.view(VOLUMES).one("data")
    assert VOLUMES.phase(entity.state) == "faulted"
    assert "not done in 1800 s" in entity.state.fault
    assert memory.host.tick(late) == 0


def test_time_that_was_told_and_lost_is_told_by_the_next_host(memory: Memory) -> None:
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 30))
    memory.kill()
    memory.run()
    assert memory.host.tick(memory.now + 3600 * SECOND) == 1
