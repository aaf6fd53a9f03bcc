"""Entities as people and programs see them."""

import time
from typing import Any

import msgspec
import pytest

from infra.cli.describing import page, snapshots
from infra.cli.entity_views import entity_record, entity_table
from infra.cli.volume_snapshots import records
from infra.cli.ways_out import ways_out
from schemas.types.lifecycles import AddFinalizer, EffectFailed
from schemas.types.nodes import NodeReported
from schemas.types.volumes import CreateVolume, NodeOffer, NodesFound, ReplicaBuilt, TakeSnapshot
from streams.lifecycles.entity import Entity
from streams.nodes import NODES
from streams.volumes import VOLUMES
from streams.volumes.state import Controller, Inspected, Layer, Replica, Volume
from tests.lifecycles import Memory


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def answer(memory: Memory, id: str, body: msgspec.Struct) -> None:
    [cause] = [one.cause for one in memory.view(VOLUMES).one("data").waiting if one.id == id]
    memory.give(VOLUMES, "data", body, causation_id=cause, actor=None)


@pytest.fixture
def volume() -> Memory:
    """A volume whose replicas are placed."""
    memory = Memory()
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 30, replicas=2, labels={"app": "web"}))
    offers = (NodeOffer(node="n1", free=1 << 40), NodeOffer(node="n2", free=1 << 40))
    answer(memory, "find-nodes/1/2", NodesFound(effect="find-nodes/1/2", nodes=offers))
    return memory


def described(memory: Memory) -> str:
    entity = memory.view(VOLUMES).one("data")
    return page(VOLUMES, "data", entity, list(memory.view(VOLUMES).history("data")), memory.now)


def test_a_description_tells_what_is_pending_and_ends_with_events(volume: Memory) -> None:
    answer(volume, "build/r2", EffectFailed(effect="build/r2", error="no space left"))
    volume.give(VOLUMES, "data", AddFinalizer(finalizer="backup"))
    text = described(volume)
    for wanted in (
        "Name:         data",
        "Phase:        creating: Its replicas are placed",
        "Labels:       app=web",
        "Finalizers:   backup",
        "Size:         1 GiB (1,073,741,824 bytes)",
        "Replicas:     2 wanted, anti-affinity preferred",
        "no space left",
        "build/r2 (BuildReplica)",
    ):
        assert wanted in text
    [retried] = [line for line in text.split("\n") if line.startswith("  build/r2")]
    assert retried.split()[2:5] == ["n2", "2", "of"]
    assert text.split("\n\n")[-1].startswith("Events\n  TIME")
    assert "FinalizerAdded" in text.split("\n")[-1]
    assert "ann@web" in text.split("\n")[-1]


def test_a_description_of_what_failed_says_what_can_be_done() -> None:
    memory = Memory()
    memory.give(VOLUMES, "data", CreateVolume(source_volume="nobody"))
    text = described(memory)
    assert "Phase:        faulted" in text
    assert "Failed:       it cannot be cloned" in text
    assert "To do:        deedlog delete volume data" in text


def test_a_description_says_where_another_node_is_needed() -> None:
    memory = Memory()
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 30, replicas=2))
    answer(memory, "find-nodes/1/2", NodesFound(effect="find-nodes/1/2", nodes=()))
    assert "To do:        start an agent on another node" in described(memory)


def test_what_can_be_done_depends_on_what_is_wrong() -> None:
    replicas = [
        Replica(name="r1", node="n1", mode="running"),
        Replica(name="r2", node="n2", mode="failed", inspected=Inspected(True, False, "l1", 0, ())),
        Replica(name="r3", node="n3", mode="settling"),
    ]
    controller = Controller(node="n1", generation=1, endpoint="e", members=("r1",))
    volume = Volume(exists=True, ready=True, wanted=2, replicas=tuple(replicas))

    def ways(**changes: Any) -> list[str]:
        return ways_out(VOLUMES, "data", Entity(state=msgspec.structs.replace(volume, **changes)))

    served: dict[str, Any] = {"attach": "n1", "active": True, "controller": controller}
    assert ways(**served) == ["nothing: r3 on n3 is being built up; deedlog get volume data --watch"]
    assert ways(**served, wanted=1) == []
    assert ways(**served, repair_given_up="full") == ["mend what is wrong, then: deedlog volume repair data"]
    [waits] = ways(replicas=())
    assert waits.endswith("deedlog volume attach data")
    salvage, choice, delete = ways(fault="all are gone", fix="x")
    assert salvage.startswith("deedlog volume salvage data --replica REPLICA: ")
    assert choice == "  r2 on n2, never complete"
    [_, choice, _] = ways(fault="all are gone", layers=(Layer(name="l1"),))
    assert choice == "  r2 on n2, written last 1970-01-01 00:00:00.000"
    assert delete.startswith("deedlog volume delete data: ")
    assert ways(fault="no source", fix="delete it", replicas=()) == ["delete it"]


def test_texts_of_others_cannot_move_the_cursor(volume: Memory) -> None:
    answer(volume, "build/r2", EffectFailed(effect="build/r2", error="\x1b[2J\nfull"))
    text = described(volume)
    assert "\x1b" not in text
    assert "\\x1b[2J" in text


def detached(memory: Memory) -> None:
    for name in ("r1", "r2"):
        answer(memory, f"build/{name}", ReplicaBuilt(effect=f"build/{name}", replica=name))


def test_snapshots_are_a_tree(volume: Memory) -> None:
    detached(volume)
    assert snapshots(volume.view(VOLUMES).one("data").state) == ""
    for name in ("s1", "s2"):
        volume.give(VOLUMES, "data", TakeSnapshot(snapshot=name))
    state = volume.view(VOLUMES).one("data").state
    lines = [line.split()[0] for line in snapshots(state).split("\n")[2:]]
    assert lines == ["s1", "s2", "(now)"]
    depths = [len(line) - len(line.lstrip()) for line in snapshots(state).split("\n")[2:]]
    assert depths == [2, 4, 6]
    assert [(one["name"], one["parent"]) for one in records(state)] == [("s1", ""), ("s2", "s1")]


def test_a_table_has_a_row_for_each(volume: Memory) -> None:
    volume.give(VOLUMES, "b", CreateVolume(size=1 << 20))
    rows = entity_table(VOLUMES, volume.view(VOLUMES).all(), volume.now, wide=False).split("\n")
    assert rows[0].split() == ["NAME", "PHASE", "SIZE", "REPLICAS", "ATTACHED", "AGE"]
    assert [row.split()[0] for row in rows[1:]] == ["b", "data"]
    wide = entity_table(VOLUMES, volume.view(VOLUMES).all(), volume.now, wide=True)
    assert "n1,n2" in wide
    assert "app=web" in wide


def test_a_record_is_a_manifest_with_status(volume: Memory) -> None:
    record = entity_record(VOLUMES, "data", volume.view(VOLUMES).one("data"))
    assert (record["apiVersion"], record["kind"]) == ("deedlog.dev/v1", "Volume")
    assert record["metadata"]["name"] == "data"
    assert record["spec"] == {"size": "1Gi", "replicas": 2, "antiAffinity": "preferred", "nodes": ()}
    assert record["status"]["phase"] == "creating"
    assert [(one["id"], one["node"]) for one in record["status"]["pending"]] == [("build/r1", "n1"), ("build/r2", "n2")]
    msgspec.json.encode(record)


def test_a_node_is_shown() -> None:
    memory = Memory()
    memory.give(NODES, "n1", NodeReported(address="192.0.2.1", port=7000, free=1 << 40, version="1.0"))
    table = entity_table(NODES, memory.view(NODES).all(), memory.now, wide=True).split("\n")
    assert table[1].split()[:5] == ["n1", "ready", "192.0.2.1:7000", "1", "TiB"]
    text = page(NODES, "n1", memory.view(NODES).one("n1"), list(memory.view(NODES).history("n1")), memory.now)
    assert "Address:      192.0.2.1:7000" in text


def test_what_strangers_said_is_nothing_that_a_terminal_obeys(volume: Memory) -> None:
    name = "x\x1b]0;owned\x07\x9b31m\u202e"
    text = entity_table(VOLUMES, {name: volume.view(VOLUMES).one("data")}, volume.now, wide=True)
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    assert "owned" in text
