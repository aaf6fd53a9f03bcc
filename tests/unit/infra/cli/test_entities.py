"""Which entity, which moment, what is waited for: as people write it."""

import pytest

from infra.cli.entities import kind_of, moment_of, one_target, target
from infra.cli.errors import CliError
from infra.cli.times import seconds_of
from infra.cli.volume import creation
from infra.cli.wait import condition
from schemas.types.nodes import CordonNode, NodeReported
from schemas.types.volumes import CreateVolume
from streams.nodes import NODES
from streams.volumes import VOLUMES
from tests.lifecycles import Memory


@pytest.mark.parametrize(
    ("kind", "name", "meant"),
    [
        ("volume", None, (VOLUMES, None)),
        ("volumes", "data", (VOLUMES, "data")),
        ("Volume/data", None, (VOLUMES, "data")),
        ("node/n-1.x", None, (NODES, "n-1.x")),
    ],
)
def test_which_entity_is_meant(kind: str, name: str | None, meant: object) -> None:
    assert target(kind, name) == meant


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("volum", None, "Did you mean volume?"),
        ("pod", "x", "Known are node, volume, artifact, mirror"),
        ("volume", "Data", "'Data' is no name"),
        ("volume/", None, "'' is no name"),
        ("volume/a", "b", "two things"),
        ("volume", "a/b", "no name"),
    ],
)
def test_what_means_no_entity(kind: str, name: str | None, said: str) -> None:
    with pytest.raises(CliError) as caught:
        target(kind, name)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_command_for_one_needs_its_name() -> None:
    with pytest.raises(CliError, match="Which volume"):
        one_target("volumes", None)


def test_a_moment_is_a_number_or_a_time() -> None:
    assert moment_of(None).now
    assert moment_of("17").sequence == 17
    assert moment_of("1970-01-01T00:00:01Z").time_ns == 1_000_000_000
    with pytest.raises(CliError, match="--at yesterday is no time"):
        moment_of("yesterday")


@pytest.mark.parametrize(("text", "seconds"), [("30", 30.0), ("1.5", 1.5), ("2m", 120.0), ("100ms", 0.1)])
def test_a_timeout(text: str, seconds: float) -> None:
    assert seconds_of("--timeout", text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "soon", "1.2.3", "inf", "1e3"])
def test_what_is_no_timeout(text: str) -> None:
    with pytest.raises(CliError, match="is no duration"):
        seconds_of("--timeout", text)


def test_what_is_waited_for() -> None:
    memory = Memory()
    new = memory.view(NODES).one("n")
    assert condition(NODES, "deleted")(new)
    memory.give(NODES, "n", NodeReported(address="a", port=1, free=1))
    node = memory.view(NODES).one("n")
    assert [word for word in (*NODES.phases, "deleted", "stable", "idle") if condition(NODES, word)(node)] == [
        "ready",
        "stable",
        "idle",
    ]
    memory.give(NODES, "n", CordonNode())
    assert condition(NODES, "cordoned")(memory.view(NODES).one("n"))
    with pytest.raises(CliError, match="never comes"):
        condition(NODES, "attached")


def test_a_volume_as_it_is_asked_for() -> None:
    asked = creation("1.5Gi", 3, ("a", "b"), "required", "old@s1", ("app=web",))
    assert asked == CreateVolume(
        size=3 << 29,
        replicas=3,
        nodes=("a", "b"),
        anti_affinity="required",
        labels={"app": "web"},
        source_volume="old",
        source_snapshot="s1",
    )


@pytest.mark.parametrize(("size", "source"), [("huge", None), (None, "Old"), (None, "old@S"), (None, "@s")])
def test_a_volume_that_cannot_be_asked_for(size: str | None, source: str | None) -> None:
    with pytest.raises(CliError) as caught:
        creation(size, 2, (), "preferred", source, ())
    assert caught.value.exit_code == 2


def test_kinds_have_two_names() -> None:
    assert kind_of("NODES") is kind_of("node") is NODES
