"""The chain from a command to all that follows, across entities."""

from schemas.cloudevents import Envelope
from schemas.types.lifecycles import EffectFailed
from schemas.types.volumes import CreateVolume, NodeOffer, NodesFound, ReplicaBuilt
from streams.lifecycles.explaining import Chain, title
from streams.lifecycles.kinds import LIFECYCLES
from streams.volumes import VOLUMES
from tests.lifecycles import Memory


def made() -> tuple[Memory, str]:
    """A volume whose first replica is built and whose second is tried for the second time."""
    memory = Memory()
    command = memory.give(VOLUMES, "data", CreateVolume(size=1 << 30, replicas=2))
    effect = memory.view(VOLUMES).one("data").waiting[0]
    offers = (NodeOffer(node="n1", free=1 << 40), NodeOffer(node="n2", free=1 << 40))
    memory.give(VOLUMES, "data", NodesFound(effect=effect.id, nodes=offers), causation_id=effect.cause)
    first, second = memory.view(VOLUMES).one("data").waiting
    memory.give(VOLUMES, "data", ReplicaBuilt(effect=first.id, replica="r1"), causation_id=first.cause)
    memory.give(VOLUMES, "data", EffectFailed(effect=second.id, error="no space"), causation_id=second.cause)
    return memory, command


def chain(memory: Memory) -> Chain:
    found = Chain(LIFECYCLES, memory.records(), memory.codec)
    for lifecycle in LIFECYCLES:
        for name, entity in memory.view(lifecycle).all().items():
            found.pend(lifecycle, name, entity)
    return found


def lines(found: Chain, id: str) -> list[str]:
    [item] = found.find(id)
    first = found.first(item)
    return [f"{'  ' * one.depth}{one.item.role} {title(one.item)}" for one in found.tree(first)]


def test_a_chain_goes_from_the_command_to_what_is_pending() -> None:
    memory, command = made()
    told = lines(chain(memory), "volume/data/2")
    assert told[0] == f"command {command}"
    assert told[1] == "  event volume/data/1"
    assert told[2] == "    effect find-nodes/1/2"
    roles = [line.split()[0] for line in told]
    assert roles.count("effect") == 3
    assert roles.count("observation") == 3
    for name in ("build/r1", "build/r2"):
        assert [line for line in told if line.endswith(f"effect {name}")]


def test_every_id_leads_to_the_whole_tree() -> None:
    memory, command = made()
    found = chain(memory)
    whole = lines(found, command)
    for record in memory.records():
        said = Envelope.from_headers(record.headers)
        assert said
        assert lines(found, said.id) == whole
    assert lines(found, "build/r2") == lines(found, "volume/data/build/r2") == whole
    assert len(whole) == len(memory.records()) + 3
    assert found.find("volume/data/99") == []


def test_an_effect_that_failed_says_how_it_stands() -> None:
    memory, _ = made()
    [effect] = chain(memory).find("build/r2")
    assert effect.pending == "pending on n2, 1 failures, the last: no space"


def test_a_clone_is_explained_by_what_its_source_answered() -> None:
    memory = Memory()
    command = memory.give(VOLUMES, "copy", CreateVolume(source_volume="nobody"))
    told = lines(chain(memory), "volume/copy/2")
    assert told[0] == f"command {command}"
    assert [line.split()[0] for line in told][:6] == ["command", "event", "command", "event", "command", "event"]
    assert "volume/nobody/1" in told[3]


def test_a_message_that_says_it_follows_from_itself_ends_somewhere() -> None:
    memory = Memory()
    id = memory.give(VOLUMES, "data", CreateVolume(size=1 << 30), causation_id="x")
    again = memory.give(VOLUMES, "data", CreateVolume(size=1 << 30), causation_id=id)
    assert lines(chain(memory), again)[0] == f"command {id}"
