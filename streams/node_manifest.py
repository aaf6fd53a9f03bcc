"""A node as it is written in a manifest."""

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.types.nodes import CordonNode, UncordonNode
from streams.lifecycles.lifecycle import Event, Rejected
from streams.lifecycles.manifests import ManifestKind
from streams.nodes import NODES, Node


class NodeSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people decide about a node."""

    cordoned: bool = False


def spec_of(state: Node) -> NodeSpec:
    """Return the spec of a node as it is."""
    return NodeSpec(state.cordoned)


def commands(spec: NodeSpec, state: Node, _labels: Mapping[str, str]) -> tuple[Event, ...] | Rejected:
    """Return the command that leads from the state to the spec, or why none does."""
    if not state.known:
        return Rejected("not-found", "a node is there when its agent reports it", "deedlog get nodes")
    if spec.cordoned == state.cordoned:
        return ()
    return (CordonNode() if spec.cordoned else UncordonNode(),)


MANIFEST: Final = ManifestKind("Node", NODES, NodeSpec, spec_of, commands)
