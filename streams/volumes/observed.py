"""What observations mean for a volume."""

from collections.abc import Iterator

from schemas.types.volumes import (
    ControllerDied,
    ControllerEnded,
    ControllerLost,
    ControllerStarted,
    ControllerStopped,
    LayerFrozen,
    LayerMerged,
    MemberDropped,
    MemberFailed,
    NodesFound,
    ReplicaBuilt,
    ReplicaDied,
    ReplicaFailed,
    ReplicaFenced,
    ReplicaInspected,
    ReplicaJoined,
    ReplicaReadied,
    ReplicaRemoved,
    ReplicaSettled,
    ReplicasLost,
    ReplicaStarted,
    ReplicaStopped,
    SnapshotFailed,
    SnapshotHeld,
    SnapshotTaken,
)
from streams.lifecycles.lifecycle import Event, Rejected
from streams.volumes.placing import placed
from streams.volumes.state import Freezing, Replica, Volume, members_to_be

Events = tuple[Event, ...]


def observed(state: Volume, body: Event) -> Events | Rejected:
    """Return what follows from an observation."""
    match body:
        case NodesFound():
            why = "no node can take a replica" + (" that has none" if state.anti_affinity == "required" else "")
            return placed(state, body.nodes) or Rejected("no-node", why, "start an agent on another node")
        case ReplicaDied():
            return replica_died(state, body)
        case MemberFailed():
            return _member_failed(state, body)
        case ControllerDied():
            return _controller_died(state, body)
        case ControllerStopped():
            return _controller_stopped(state, body)
        case LayerFrozen():
            return frozen(state, body)
        case ReplicaJoined():
            return (body, *_missed(state, body.replicas, body.replica))
        case ReplicaInspected():
            return (body,)
        case ReplicaStarted() | ReplicaStopped():
            replica = state.replica(body.replica)
            return (body,) if replica and replica.incarnation == body.incarnation else ()
        case (
            ReplicaBuilt()
            | ReplicaFenced()
            | ReplicaRemoved()
            | ReplicaSettled()
            | LayerMerged()
            | MemberDropped()
            | ControllerStarted()
        ):
            return (body,)
        case _:
            return ()


def replica_died(state: Volume, body: ReplicaDied) -> Events:
    """Return what the end of a replica's process means."""
    replica = state.replica(body.replica)
    if replica is None or replica.incarnation != body.incarnation:
        return ()
    if replica.mode == "settling" and not state.in_mode("running") and state.controller:
        reason = f"{replica.name}: {body.error or 'its process died'}"
        return (body, ReplicasLost(generation=state.generation + 1, reason=reason))
    if replica.incomplete and replica.mode != "building":
        return (
            body,
            ReplicaFailed(replica=replica.name, reason=body.error or "its process died while it was built up"),
        )
    if replica.mode != "running":
        # A process that is being started is the effect's affair: its incarnation is spent, which the agent says.
        return ()
    if state.controller is None and members_to_be(state):
        return (body, *controller_lost(state, "a replica died when it may just have begun"))
    if state.controller is None:
        # Nobody writes to it: it still holds everything.
        return (body, ReplicaReadied(replica=replica.name))
    return (body, *lost_member(state, replica, body.error or "its process died", clean=body.clean))


def lost_member(state: Volume, replica: Replica, reason: str, *, clean: bool = False) -> Events:
    """Return what it means that a replica which counts can no longer be written to."""
    others = [one for one in state.in_mode("running") if one.name != replica.name and not one.leaving]
    if others:
        # Of one that is leaving it is not known whether it got the last writes.
        return (ReplicaFailed(replica=replica.name, reason=reason),)
    if state.attach and state.in_mode("settling") and not clean:
        # That one has all writes since the last freeze, and gets what is older from the files of this one.
        return (ReplicaFailed(replica=replica.name, reason=reason),)
    failed = _incomplete_fail(state)
    if clean and state.freezing is None:
        # It ended in good order and was the only one: nothing was written anywhere since.
        return (*failed, ControllerEnded(generation=state.generation + 1), ReplicaReadied(replica=replica.name))
    return (*_joining_fail(state), ReplicasLost(generation=state.generation + 1, reason=f"{replica.name}: {reason}"))


def _member_failed(state: Volume, body: MemberFailed) -> Events:
    controller, replica = state.controller, state.replica(body.replica)
    if controller is None or controller.generation != body.generation or replica is None:
        return ()
    if replica.name not in controller.members:
        return ()
    if replica.mode == "running":
        return (body, *lost_member(state, replica, body.error or "it failed to do what its controller asked"))
    reason = body.error or "it failed while it was built up"
    if replica.mode == "settling" and not state.in_mode("running"):
        return (body, ReplicasLost(generation=state.generation + 1, reason=f"{replica.name}: {reason}"))
    return (body, ReplicaFailed(replica=replica.name, reason=reason))


def _controller_died(state: Volume, body: ControllerDied) -> Events:
    controller = state.controller
    if controller is None or controller.generation != body.generation:
        return ()
    if body.clean and body.replicas and state.freezing is None:
        ended = ControllerEnded(generation=state.generation + 1)
        return (body, *_incomplete_fail(state), *_fell_behind(state, body.replicas), ended)
    return (body, *controller_lost(state, body.error or "its process died"))


def _controller_stopped(state: Volume, body: ControllerStopped) -> Events:
    if not body.clean:
        return (body, *controller_lost(state, "it was killed"))
    if not body.begun:
        return (body,)
    if not body.replicas and state.in_mode("running"):
        lost = ReplicasLost(generation=state.generation + 1, reason="no replica got all that was written")
        return (body, *_joining_fail(state), lost)
    return (body, *_incomplete_fail(state), *_fell_behind(state, body.replicas))


def _fell_behind(state: Volume, complete: tuple[str, ...]) -> Iterator[Event]:
    for replica in state.in_mode("running"):
        if replica.name not in complete:
            yield ReplicaFailed(replica=replica.name, reason="it did not get all that was written")


def controller_lost(state: Volume, reason: str) -> Events:
    """Return what the end of a controller means that nobody wanted: its members may differ in what was not flushed."""
    lost = ControllerLost(generation=state.generation + 1, reason=f"controller: {reason}")
    return (*_joining_fail(state), lost)


def _joining_fail(state: Volume) -> Events:
    """Let those fail that do not take part in writes; those that do may have got the last ones."""
    return tuple(one for one in _incomplete_fail(state) if _mode(state, one) != "settling")


def _mode(state: Volume, failed: ReplicaFailed) -> str:
    replica = state.replica(failed.replica)
    return replica.mode if replica else ""


def _incomplete_fail(state: Volume) -> tuple[ReplicaFailed, ...]:
    begun = [one for one in state.replicas if one.incomplete and one.mode not in ("building", "empty")]
    return tuple(ReplicaFailed(replica=one.name, reason="the controller that it was to join ended") for one in begun)


def _missed(state: Volume, took: tuple[str, ...], besides: str = "") -> Iterator[Event]:
    for replica in state.in_mode("running"):
        if replica.name not in took and replica.name != besides:
            yield ReplicaFailed(replica=replica.name, reason="it did not freeze its head in time")


def frozen(state: Volume, body: LayerFrozen) -> Events:
    """Return what a frozen head means: a snapshot, or only another layer; replicas without it fail."""
    freezing = state.freezing
    if freezing is None or freezing.head != body.head:
        return ()
    return (body, *_named(freezing), *_missed(state, tuple(body.replicas)))


def _named(freezing: Freezing) -> Iterator[Event]:
    if freezing.snapshot:
        yield SnapshotTaken(snapshot=freezing.snapshot, layer=freezing.layer, at=freezing.at)
    if freezing.holder:
        yield SnapshotHeld(holder=freezing.holder, snapshot=freezing.snapshot)


def settled_freeze(state: Volume, head: str) -> Events:
    """Return how a freeze ended whose controller is gone, by the head that the replica which counts has."""
    freezing = state.freezing
    if freezing is None:
        return ()
    if head == freezing.head:
        frozen = LayerFrozen(effect="", layer=freezing.layer, head=head, replicas=(), frozen_ms=0.0)
        return (frozen, *_named(freezing))
    return (SnapshotFailed(snapshot=freezing.snapshot, reason="the controller died before it was taken"),)
