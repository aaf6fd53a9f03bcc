"""Entities as tables for people and as records for programs."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from infra.cli.artifact.printing import visible
from infra.cli.artifact_columns import ARTIFACT_COLUMNS, ARTIFACT_WIDE
from infra.cli.entities import joined
from infra.cli.status import duration
from infra.cli.tables import table
from streams.lifecycles.entity import Entity, todo
from streams.lifecycles.kinds import MANIFESTS
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.manifests import API_VERSION
from streams.lifecycles.sentences import labels
from streams.lifecycles.sizes import size
from streams.nodes import Node
from streams.volumes.state import Volume

if TYPE_CHECKING:
    from streams.lifecycles.entity import Todo

Json = dict[str, Any]
Columns = Mapping[str, Callable[[Any], str]]


def _node_columns() -> Columns:
    return {
        "ADDRESS": lambda node: f"{node.address}:{node.port}" if node.known else "-",
        "FREE": lambda node: size(node.free) if node.known else "-",
    }


def _replicas(volume: Volume) -> str:
    return f"{len(volume.in_mode('resting', 'running'))}/{volume.wanted}"


def _volume_columns() -> Columns:
    return {
        "SIZE": lambda volume: size(volume.size) if volume.size else "-",
        "REPLICAS": _replicas,
        "ATTACHED": lambda volume: volume.attach or "-",
    }


COLUMNS: Final[Mapping[type, Columns]] = {Node: _node_columns(), Volume: _volume_columns(), **ARTIFACT_COLUMNS}
WIDE: Final[Mapping[type, Columns]] = {
    Node: {"AGENT": lambda node: node.version or "-"},
    Volume: {
        "ON": lambda volume: joined(one.node for one in volume.replicas),
        "SNAPSHOTS": lambda volume: str(sum(bool(layer.snapshot) for layer in volume.layers)),
        "ENDPOINT": lambda volume: volume.controller.endpoint if volume.controller else "-",
    },
    **ARTIFACT_WIDE,
}


def phase_of(lifecycle: Lifecycle[Any], entity: Entity[Any]) -> str:
    """Return the phase of an entity as people are told it."""
    return lifecycle.phase(entity.state) + ", deletion requested" * entity.deleting


def head(lifecycle: Lifecycle[Any], *, wide: bool) -> list[str]:
    """Return the heads of the columns."""
    own = lifecycle.state_type
    return ["NAME", "PHASE", *COLUMNS.get(own, {}), "AGE", *(["VERSION", *WIDE.get(own, {}), "LABELS"] * wide)]


def row(lifecycle: Lifecycle[Any], name: str, entity: Entity[Any], now_ns: int, *, wide: bool) -> list[str]:
    """Return the cells of an entity, in which nothing is that a terminal obeys: some of it strangers said."""
    own = lifecycle.state_type
    cells = [name, phase_of(lifecycle, entity), *_cells(COLUMNS.get(own, {}), entity), age(entity.created_ns, now_ns)]
    more = [str(entity.version), *_cells(WIDE.get(own, {}), entity), labels(entity.labels)]
    return [visible(cell) for cell in cells + more * wide]


def _cells(columns: Columns, entity: Entity[Any]) -> list[str]:
    return [cell(entity.state) for cell in columns.values()]


def age(then_ns: int, now_ns: int) -> str:
    """Return how long ago something was, in its two largest units."""
    return duration(max(now_ns - then_ns, 0) / 1e9)


def entity_table(lifecycle: Lifecycle[Any], entities: Mapping[str, Entity[Any]], now_ns: int, *, wide: bool) -> str:
    """Return the table of entities."""
    rows = [row(lifecycle, name, entity, now_ns, wide=wide) for name, entity in entities.items()]
    return table(head(lifecycle, wide=wide), rows)


def entity_record(lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> Json:
    """Return an entity as a manifest of what it is, with its status."""
    from schemas.timestamps import format_rfc3339

    kind = lifecycle.kind.capitalize()
    metadata = {
        "name": name,
        "labels": entity.labels,
        "version": entity.version,
        "created": format_rfc3339(entity.created_ns),
        "changed": format_rfc3339(entity.changed_ns),
        "finalizers": list(entity.finalizers),
        "deleting": entity.deleting,
    }
    status: Json = {"phase": lifecycle.phase(entity.state), "state": msgspec.to_builtins(entity.state)}
    spec = _spec(kind, entity.state)
    status["pending"] = [pending_record(one) for one in todo(lifecycle, entity)]
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec, "status": status}


def _spec(kind: str, state: Any) -> Json:
    """Return what people decide about an entity: nothing of one that is only told of."""
    spec: Any = MANIFESTS[kind].spec_of(state) if kind in MANIFESTS else {}
    return {name: one for name, one in msgspec.to_builtins(spec).items() if one is not None}


def pending_record(one: "Todo") -> Json:
    """Return a pending effect as a record."""
    action = {"type": type(one.effect.action).__name__, **msgspec.to_builtins(one.effect.action)}
    known = msgspec.to_builtins(one.waiting)
    return {"id": one.effect.id, "node": one.effect.node, "action": action, "attempts": one.effect.attempts, **known}


def selected(entities: Mapping[str, Entity[Any]], wanted: Callable[[Entity[Any]], bool]) -> dict[str, Entity[Any]]:
    """Return the entities that are wanted."""
    return {name: entity for name, entity in entities.items() if wanted(entity)}


def names(lifecycle: Lifecycle[Any], found: Iterable[str]) -> Iterable[str]:
    """Yield names as `-o name` writes them."""
    return (f"{lifecycle.kind}/{name}" for name in found)
