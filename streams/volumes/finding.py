"""Finds nodes that can take replicas, for the volumes that ask for them."""

from typing import Any

from schemas.types.volumes import NodeOffer, NodesFound
from streams.lifecycles.effector import EffectError, Progress
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Effect, Event, Lifecycle
from streams.lifecycles.schedule import Job
from streams.nodes import NODES, phase
from streams.volumes.effects import FindNodes


class NodeFinder:
    """Performs `FindNodes` by what is known of nodes."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeOffer] = {}

    @staticmethod
    def mine(effect: Effect) -> bool:
        """Say whether an effect is one for the finder."""
        return effect.node == "" and isinstance(effect.action, FindNodes)

    def changed(self, lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> None:
        """Take note of a node's new state."""
        if lifecycle is not NODES:
            return
        if phase(entity.state) == "ready":
            self._nodes[name] = NodeOffer(node=name, free=entity.state.free)
        else:
            self._nodes.pop(name, None)

    def perform(self, job: Job, progress: Progress) -> Event:
        """Return the nodes that are ready. Raises EffectError if there are none."""
        del progress
        if not self._nodes:
            raise EffectError("no node has reported that it can take replicas; is a node agent running?")
        return NodesFound(effect=job.effect.id, nodes=tuple(self._nodes.values()))

    def compare(self) -> list[tuple[Lifecycle[Any], str, Event]]:
        """Return nothing: nodes tell of themselves."""
        return []
