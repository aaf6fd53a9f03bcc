"""Manifests: read, compared with what is, and true of what they make."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.types.lifecycles import ChangeLabels
from schemas.types.nodes import CordonNode, NodeReported, UncordonNode
from schemas.types.volumes import ChangeReplicas, CreateVolume
from streams.lifecycles.entity import new_entity
from streams.lifecycles.kinds import MANIFESTS
from streams.lifecycles.lifecycle import Rejected
from streams.lifecycles.manifests import ManifestError, parse_manifests, wanted
from streams.nodes import NODES
from streams.volumes import VOLUMES
from tests.lifecycles import Memory

HEAD = "apiVersion: deedlog.dev/v1\nkind: Volume\nmetadata: {name: data}\n"


def parse(text: str) -> Any:
    [manifest] = parse_manifests(text, MANIFESTS)
    return manifest


def test_a_volume_that_is_not_there_is_created_with_its_labels() -> None:
    manifest = parse(
        "apiVersion: deedlog.dev/v1\nkind: Volume\nmetadata:\n  name: data\n  labels: {app: web}\n"
        "spec:\n  size: 10Gi\n  replicas: 3\n  antiAffinity: required\n  nodes: [n1, n2, n3]\n"
        "  source: {volume: old, snapshot: s1}\n"
    )
    assert wanted(manifest, new_entity(VOLUMES)) == (
        CreateVolume(
            size=10 << 30,
            replicas=3,
            anti_affinity="required",
            nodes=("n1", "n2", "n3"),
            labels={"app": "web"},
            source_volume="old",
            source_snapshot="s1",
        ),
    )


def test_what_is_not_said_is_left_as_it_is() -> None:
    memory = Memory()
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 30, replicas=3, nodes=("a",), labels={"app": "web"}))
    entity = memory.view(VOLUMES).one("data")
    assert wanted(parse(HEAD), entity) == ()
    assert wanted(parse(HEAD + "spec: {size: 1024Mi, replicas: 3}"), entity) == ()
    assert wanted(parse(HEAD + "spec: {replicas: 2}"), entity) == (ChangeReplicas(replicas=2),)
    assert wanted(parse(HEAD.replace("name: data", "name: data, labels: {b: c}")), entity) == (
        ChangeLabels(set={"b": "c"}, remove=("app",)),
    )


@pytest.mark.parametrize("spec", ["size: 2Gi", "nodes: [b]", "antiAffinity: required", "source: {volume: x}"])
def test_what_cannot_be_changed_is_refused(spec: str) -> None:
    memory = Memory()
    memory.give(VOLUMES, "data", CreateVolume(size=1 << 30, nodes=("a",)))
    refused = wanted(parse(f"{HEAD}spec: {{{spec}}}"), memory.view(VOLUMES).one("data"))
    assert isinstance(refused, Rejected)
    assert refused.code == "fixed"


def test_a_node_is_cordoned_and_never_made() -> None:
    manifest = parse(HEAD.replace("Volume", "Node") + "spec: {cordoned: true}")
    refused = wanted(manifest, new_entity(NODES))
    assert isinstance(refused, Rejected)
    memory = Memory()
    memory.give(NODES, "data", NodeReported(address="a", port=1, free=1))
    assert wanted(manifest, memory.view(NODES).one("data")) == (CordonNode(),)
    memory.give(NODES, "data", CordonNode())
    assert wanted(manifest, memory.view(NODES).one("data")) == ()
    assert wanted(parse(HEAD.replace("Volume", "Node")), memory.view(NODES).one("data")) == (UncordonNode(),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "that is no YAML"),
        ("kind: b", "document 1: Object missing required field `apiVersion`"),
        ("- 1", "document 1: Expected `object`"),
        (HEAD.replace("v1", "v2"), "document 1 (Volume data): apiVersion is 'deedlog.dev/v2'"),
        (HEAD.replace("Volume", "Volumes"), "kind is 'Volumes'; known are Node, Volume"),
        (HEAD + "spec: {size: [1]}", "`spec.size`"),
        (HEAD + "spec: {replica: 1}", "unknown field `replica`"),
        (HEAD + "spec: {antiAffinity: never}", "`spec.antiAffinity`"),
        (HEAD + "sepc: {}", "unknown field `sepc`"),
        (HEAD + "---\n" + HEAD.replace("name: data", "name: {a: b}"), "document 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_document(text: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifests(text, MANIFESTS)
    assert said in str(caught.value)


def test_a_size_that_is_none_is_refused() -> None:
    refused = wanted(parse(HEAD + "spec: {size: huge}"), new_entity(VOLUMES))
    assert isinstance(refused, Rejected)
    assert refused.code == "bad-size"


def test_a_list_is_its_items_and_empty_documents_are_nothing() -> None:
    item = "{apiVersion: deedlog.dev/v1, kind: Volume, metadata: {name: %s}}"
    text = f"---\n---\nkind: List\nitems: [{item % 'a'}, {item % 'b'}]\n"
    assert [one.name for one in parse_manifests(text, MANIFESTS)] == ["a", "b"]


@settings(max_examples=200)
@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(str))
def test_any_text_is_manifests_or_an_error(text: str) -> None:
    try:
        parse_manifests(text, MANIFESTS)
    except ManifestError as error:
        assert str(error)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 1000).map(lambda n: n << 20),
    st.integers(1, 5),
    st.sampled_from(["required", "preferred"]),
    st.lists(st.sampled_from("abc"), unique=True).map(tuple),
    st.dictionaries(st.sampled_from("xy"), st.sampled_from("12")),
)
def test_what_is_written_of_a_volume_asks_for_nothing_and_makes_the_same(
    size: int, replicas: int, anti_affinity: str, nodes: tuple[str, ...], labels: dict[str, str]
) -> None:
    memory = Memory()
    given_ = CreateVolume(size=size, replicas=replicas, anti_affinity=anti_affinity, nodes=nodes, labels=labels)
    memory.give(VOLUMES, "data", given_)
    entity = memory.view(VOLUMES).one("data")
    document = {
        "apiVersion": "deedlog.dev/v1",
        "kind": "Volume",
        "metadata": {"name": "data", "labels": entity.labels, "version": 3},
        "spec": msgspec.to_builtins(MANIFESTS["Volume"].spec_of(entity.state)),
        "status": {"phase": "creating"},
    }
    manifest = parse(msgspec.json.encode(document).decode())
    assert wanted(manifest, entity) == ()
    assert wanted(manifest, new_entity(VOLUMES)) == (given_,)
