"""What it means for a volume that an effect failed for good: always a state that is not waiting for it."""

from typing import Final

from schemas.types.lifecycles import EffectGivenUp
from schemas.types.volumes import (
    AttachmentFailed,
    MergeBegan,
    RepairGivenUp,
    ReplicaFailed,
    ReplicaForgotten,
    ReplicaInspected,
    ReplicaReadied,
    ReplicaRestarted,
    VolumeFaulted,
)
from streams.lifecycles.lifecycle import Event
from streams.volumes.observed import Events, controller_lost, lost_member
from streams.volumes.state import Replica, Volume

RESTARTS: Final = 3


def given_up(state: Volume, body: EffectGivenUp) -> Events:
    """Return what follows from an effect that failed for good; its id says which."""
    verb, *rest = body.effect.split("/")
    match verb:
        case "await-source":
            fix = "delete it, and clone again"
            return (VolumeFaulted(reason=f"the volume to clone did not answer: {body.error}", fix=fix),)
        case "find-nodes":
            return (RepairGivenUp(reason=body.error),)
        case "control":
            return (AttachmentFailed(node=state.attach, reason=body.error),)
        case "release" | "freeze" | "drop":
            return controller_lost(state, body.error)
        case _:
            replica = state.replica(rest[0])
            return () if replica is None else _of_replica(state, verb, replica, body.error)


def _of_replica(state: Volume, verb: str, replica: Replica, error: str) -> Events:
    match verb:
        case "start":
            return _not_started(replica, error)
        case "stop":
            return (ReplicaReadied(replica=replica.name),)
        case "remove":
            return (ReplicaForgotten(replica=replica.name, node=replica.node),)
        case "fence":
            return lost_member(state, replica, error)
        case "inspect":
            return (ReplicaInspected(effect="", replica=replica.name, usable=False),)
        case "merge":
            return _not_merged(state, replica, error)
        case _:
            # Of a join it is not known whether the head is frozen: the controller is asked again, without the replica.
            return (ReplicaFailed(replica=replica.name, reason=error),)


def _not_started(replica: Replica, error: str) -> Events:
    # Nothing was written since it came to rest, so it still holds everything.
    if not replica.fresh and replica.restarts < RESTARTS:
        return (ReplicaRestarted(replica=replica.name, incarnation=replica.incarnation + 1),)
    return (ReplicaFailed(replica=replica.name, reason=error),)


def _not_merged(state: Volume, replica: Replica, error: str) -> Events:
    merging = state.merging
    others = [one for one in state.in_mode("running", "resting") if one.name != replica.name]
    if merging is None or others:
        return (ReplicaFailed(replica=replica.name, reason=error),)
    again: Event = MergeBegan(
        layer=merging.layer, child=merging.child, number=merging.number + 1, replicas=merging.replicas
    )
    return (again,)
