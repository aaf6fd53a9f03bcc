"""Names and descriptions of block nodes, and what a daemon's nodes stand on."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from infra.volumes import images
from infra.volumes.monitor import Monitor
from schemas.types.volumes import Address

LONGEST: Final = 31
"""Of a node's name. Source: QEMU's include/block/block_int-common.h, node_name."""


class Graph(msgspec.Struct, frozen=True):
    """The block nodes of a daemon at one moment."""

    names: frozenset[str]
    edges: Mapping[tuple[str, str], str]
    """(node, role such as `backing` or `file`) to the node in that role."""

    def backing(self, node: str) -> str | None:
        """Return the node below a layer's, None if it stands alone."""
        return self.edges.get((node, "backing"))

    def children(self, node: str) -> frozenset[str]:
        """Return the nodes that a node stands on, in whatever role."""
        return frozenset(child for (parent, _), child in self.edges.items() if parent == node)

    def chain(self, node: str | None) -> tuple[str, ...]:
        """Return a layer's node and all below it."""
        found: list[str] = []
        while node is not None:
            found.append(node)
            node = self.backing(node)
        return tuple(found)


def graph(monitor: Monitor) -> Graph:
    """Return the daemon's block nodes. Raises EngineError."""
    answer = monitor.execute("x-debug-query-block-graph")
    names = {node["id"]: node["name"] for node in answer["nodes"]}
    edges = {(names[edge["parent"]], edge["name"]): names[edge["child"]] for edge in answer["edges"]}
    return Graph(frozenset(names.values()), edges)


def node_name(kind: str, name: str) -> str:
    """Return the name of a node: `<kind>-<name>`, or a digest of it where that is too long."""
    plain = f"{kind}-{name}"
    if len(plain) <= LONGEST:
        return plain
    return f"{kind}_{hashlib.blake2b(name.encode(), digest_size=14).hexdigest()}"


def layer_node(layer: str) -> str:
    """Return the name of a layer's node."""
    return node_name("l", layer)


def file_node(layer: str) -> str:
    """Return the name of the node of a layer's file."""
    return node_name("f", layer)


def layer_of(node: str, layers: Iterable[str]) -> str | None:
    """Return which of the layers a node is."""
    return next((layer for layer in layers if layer_node(layer) == node), None)


def layer(name: str, below: str | None, *, frozen: bool) -> dict[str, Any]:
    """Return the description of a layer's node over the node `below`, whatever its header says."""
    return {
        "driver": "qcow2",
        "node-name": layer_node(name),
        "read-only": frozen,
        "backing": below,
        "cache": {"direct": True},
        "discard": "unmap",
        "file": {
            "driver": "file",
            "node-name": file_node(name),
            "filename": images.file_name(name),
            "aio": "threads",
            "cache": {"direct": True},
            "discard": "unmap",
        },
    }


def relaid(name: str, below: str | None, *, frozen: bool = False) -> dict[str, Any]:
    """Return the description with which the open node of a layer is set over another node."""
    return layer(name, below, frozen=frozen) | {"file": file_node(name)}


def remote(node: str, address: Address, *, read_only: bool = False, retry_seconds: int = 0) -> dict[str, Any]:
    """Return the description of a node that is an export elsewhere.

    Without retries a lost connection stays lost: what comes back under the same name need not be the same.
    """
    description: dict[str, Any] = {
        "driver": "nbd",
        "node-name": node,
        "export": address.export,
        "read-only": read_only,
        "reconnect-delay": retry_seconds,
        "cache": {"direct": True},
        "discard": "unmap",
    }
    if address.path:
        return description | {"server": {"type": "unix", "path": address.path}}
    server = {"type": "inet", "host": address.host, "port": str(address.port), "keep-alive": True}
    return description | {"server": server, "tls-creds": "client"}
