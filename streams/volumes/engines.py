"""Which processes a volume has on a node, as its state tells it."""

import msgspec

from streams.volumes.state import Volume


class Engines(msgspec.Struct, frozen=True):
    """The processes of one volume that have their place on one node."""

    replicas: dict[str, int]
    """Those that must run: incarnation by name."""
    controller: int | None
    """Generation of the controller that must run."""


def engines(state: Volume, node: str) -> Engines:
    """Return the processes of a volume on a node."""
    controller = state.controller
    return Engines(
        replicas={
            one.name: one.incarnation
            for one in state.replicas
            if one.node == node and one.mode in ("running", "joining", "settling")
        },
        controller=controller.generation if controller is not None and controller.node == node else None,
    )


def unwanted_replica(state: Volume, node: str, name: str, incarnation: int) -> bool:
    """Say whether the process of a replica on a node is to be killed: nobody counts on it any more."""
    replica = state.replica(name)
    if replica is None or replica.node != node or replica.mode in ("failed", "removing"):
        return True
    return incarnation < replica.incarnation


def unwanted_controller(state: Volume, generation: int) -> bool:
    """Say whether a controller is to be killed: another one counts, or none."""
    return not state.exists or generation < state.generation
