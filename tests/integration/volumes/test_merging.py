"""Layers are taken out of a chain, and a volume goes back to one: what others read stays as it was."""

import time
from typing import Final

import pytest

from infra.volumes.errors import EngineError
from tests.volumes import VOLUME, Node, content, fio, is_equal, write

pytestmark = pytest.mark.volume

WRITES: Final = {
    "a": ("write -P 1 0 8M",),
    "b": ("write -P 2 4M 8M", "write -z -u 1M 1M"),
    "c": ("write -P 3 6M 100k", "write -P 3 63M 1M"),
    "d": ("write -P 4 6100k 512",),
}
CASES: Final = [("a", "b", None), ("b", "c", "a"), ("c", "d", "b")]


def chained(node: Node, *replicas: str) -> str:
    """Return the address of a volume of four layers, all of which hold something."""
    address = node.control(*(node.start(name) for name in replicas))
    for layer, commands in WRITES.items():
        parts = tuple(node.part(name) for name in replicas)
        if layer != "a":
            node.controllers.snapshot(VOLUME, generation=1, layer=layer, members=parts)
        write(address, *commands)
    return address


def contents(node: Node, *layers: str) -> dict[str, str]:
    return {layer: content(node.file("r1", layer)) for layer in layers}


@pytest.mark.parametrize(("layer", "child", "below"), CASES)
@pytest.mark.parametrize("live", [True, False])
def test_every_other_layer_reads_as_before_when_one_is_merged(
    node: Node, live: bool, layer: str, child: str, below: str | None
) -> None:
    address = chained(node, "r1")
    if not live:
        node.controllers.stop_all()
        node.replicas.stop_all()
    left = [name for name in WRITES if name != layer]
    before = contents(node, *left)
    for _ in range(2):
        node.replicas.merge(VOLUME, "r1", 1 if live else None, layer, child, below)
    assert contents(node, *left) == before
    assert node.names("r1") == tuple(left)
    if live:
        write(address, "read -P 4 6100k 512", "write -P 5 0 4k")
        node.controllers.stop_all()
        node.replicas.stop_all()
    again = node.control(node.start("r1", tuple(left), incarnation=2, generation=2), generation=2)
    write(again, "read -P 3 63M 1M", "read -P 0 1M 1M", "read -P 4 6100k 512")
    # The decider may not know of the merge yet: the headers do.
    node.controllers.stop_all()
    node.replicas.stop_all()
    node.start("r1", tuple(WRITES), incarnation=3, generation=2)


def test_layers_are_merged_under_load_and_replicas_stay_equal(node: Node) -> None:
    address = chained(node, "r1", "r2")
    with fio(address):
        for layer, child, below in (("c", "d", "b"), ("a", "b", None)):
            time.sleep(0.2)
            for name in ("r1", "r2"):
                node.replicas.merge(VOLUME, name, 1, layer, child, below)
    node.controllers.stop_all()
    node.replicas.stop_all()
    assert [layer for layer in "bd" if not is_equal(node.file("r1", layer), node.file("r2", layer))] == []


def test_a_layer_that_others_stand_on_is_not_merged(node: Node) -> None:
    chained(node, "r1")
    node.controllers.stop_all()
    node.replicas.stop_all()
    revert(node)
    with pytest.raises(EngineError, match="e stands on b too") as caught:
        node.replicas.merge(VOLUME, "r1", None, "b", "c", "a")
    assert caught.value.permanent
    with pytest.raises(EngineError, match="e stands on b"):
        node.replicas.merge(VOLUME, "r1", None, "c", "e", "a")
    # Layers of a branch that is not open are merged beside the running process.
    before = contents(node, "b", "c", "e")
    with pytest.raises(EngineError, match="e stands on b"):
        node.replicas.merge(VOLUME, "r1", 2, "a", "e", None)
    assert contents(node, "b", "c", "e") == before


def test_a_volume_goes_back_to_a_snapshot_and_the_other_branch_stays(node: Node) -> None:
    chained(node, "r1")
    node.controllers.stop_all()
    node.replicas.stop_all()
    before = contents(node, "a", "b", "c", "d")
    address = revert(node)
    write(address, "read -P 2 4M 8M", "read -P 0 63M 1M", "write -P 7 0 64M")
    assert node.names("r1") == ("a", "b", "c", "d", "e")
    assert contents(node, "a", "b", "c", "d") == before


def revert(node: Node) -> str:
    """Go back to layer b; what was written since stays, on a branch of its own."""
    chain, known = ("a", "b", "e"), frozenset({"d"})
    return node.control(node.start("r1", chain, incarnation=2, generation=2, known=known), generation=2)
