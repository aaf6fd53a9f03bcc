"""Names of block nodes: one for each layer, as QEMU takes them."""

from hypothesis import given
from hypothesis import strategies as st

from infra.volumes.graph import LONGEST, Graph, file_node, layer_node, layer_of, remote
from schemas.types.volumes import Address

NAMES = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,95}", fullmatch=True)


@given(st.sets(NAMES, min_size=2))
def test_each_layer_has_a_node_of_its_own_whose_name_qemu_takes(names: set[str]) -> None:
    nodes = [node for name in names for node in (layer_node(name), file_node(name))]
    assert len(set(nodes)) == 2 * len(names)
    assert all(len(node) <= LONGEST and node[0].isalpha() for node in nodes)
    assert {layer_of(layer_node(name), names) for name in names} == names
    assert layer_of("lean", names) is None


def test_a_chain_is_followed_to_its_end() -> None:
    graph = Graph(frozenset("abc"), {("c", "backing"): "b", ("b", "backing"): "a", ("c", "file"): "f"})
    assert graph.chain("c") == ("c", "b", "a")
    assert graph.chain(None) == ()
    assert graph.children("c") == {"b", "f"}


def test_a_lost_connection_stays_lost_unless_told_otherwise() -> None:
    unix = remote("n", Address(export="x", path="/s"))
    assert (unix["reconnect-delay"], unix["server"]) == (0, {"type": "unix", "path": "/s"})
    tls = remote("n", Address(export="x", host="h", port=1), read_only=True, retry_seconds=5)
    assert (tls["reconnect-delay"], tls["tls-creds"], tls["read-only"]) == (5, "client", True)
