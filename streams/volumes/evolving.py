"""From one event to the next state of a volume."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec.structs import replace

from schemas.types.volumes import (
    AttachmentFailed,
    AttachmentRequested,
    ControllerDied,
    ControllerEnded,
    ControllerLost,
    ControllerStarted,
    ControllerStopped,
    DeletionStarted,
    DetachmentRequested,
    HoldRefused,
    JoiningBegan,
    LayerFrozen,
    LayerMerged,
    LayersDropped,
    MemberDropped,
    MemberFailed,
    MergeBegan,
    MergeEnded,
    MergeGivenUp,
    RepairGivenUp,
    RepairRequested,
    ReplicaBuilt,
    ReplicaDied,
    ReplicaFailed,
    ReplicaFenced,
    ReplicaForgotten,
    ReplicaInspected,
    ReplicaJoined,
    ReplicaPlaced,
    ReplicaReadied,
    ReplicaRemoved,
    ReplicaRestarted,
    ReplicasChanged,
    ReplicaSettled,
    ReplicasLost,
    ReplicaStarted,
    ReplicaStopped,
    ReplicaSurrendered,
    SnapshotDeleted,
    SnapshotFailed,
    SnapshotHeld,
    SnapshotReleased,
    SnapshotRequested,
    SnapshotTaken,
    SourceChosen,
    SourceFound,
    SourceReleased,
    VolumeCreated,
    VolumeDeleted,
    VolumeDetached,
    VolumeFaulted,
    VolumeReverted,
    VolumeSalvaged,
)
from streams.lifecycles.lifecycle import Event
from streams.volumes.state import (
    Controller,
    Freezing,
    Hold,
    Inspected,
    Layer,
    Merging,
    Replica,
    Source,
    Volume,
)

IN_A_ROW_NS: Final = 60 * 1_000_000_000


def evolve(state: Volume, event: Event) -> Volume:
    """Return the volume after the event; one that makes no sense in the state changes nothing of it.

    An exception would leave all volumes of a partition without a host.
    """
    match event:
        case VolumeCreated() | SourceFound() | SourceReleased() | DeletionStarted() | VolumeDeleted():
            return _life(state, event)
        case VolumeFaulted() | VolumeSalvaged() | RepairGivenUp() | RepairRequested() | ReplicasChanged():
            return _repair(state, event)
        case AttachmentRequested() | DetachmentRequested() | AttachmentFailed() | VolumeDetached():
            return _attachment(state, event)
        case ControllerStarted() | ControllerStopped() | ControllerEnded() | MemberDropped():
            return _controller(state, event)
        case ControllerLost() | ReplicasLost() | SourceChosen():
            return _loss(state, event)
        case SnapshotRequested() | SnapshotTaken() | SnapshotFailed() | SnapshotDeleted() | LayerFrozen():
            return _snapshot(state, event)
        case VolumeReverted() | LayersDropped() | MergeBegan() | MergeGivenUp() | MergeEnded() | LayerMerged():
            return _layers(state, event)
        case SnapshotHeld() | SnapshotReleased():
            return _holds(state, event)
        case ControllerDied() | MemberFailed() | ReplicaDied() | HoldRefused():
            # What was seen; what it means is in the events after it.
            return state
        case _:
            return _replica(state, event)


def _life(state: Volume, event: Event) -> Volume:
    match event:
        case VolumeCreated():
            source = Source(volume=event.source_volume, snapshot=event.source_snapshot) if event.source_volume else None
            made = replace(
                state,
                exists=True,
                size=event.size,
                wanted=event.replicas,
                anti_affinity=event.anti_affinity,
                nodes=tuple(event.nodes),
                source=source,
            )
            head = f"l{state.next_layer}"
            plain = replace(made, layers=(Layer(name=head),), head=head, next_layer=state.next_layer + 1)
            return plain if source is None else made
        case SourceFound():
            return _cloned(state, event)
        case SourceReleased():
            return replace(state, source=state.source and replace(state.source, released=True))
        case DeletionStarted():
            removing = tuple(replace(replica, mode="removing") for replica in state.replicas)
            return replace(state, deleting=True, replicas=removing, attach="", freezing=None, merging=None)
        case VolumeDeleted():
            # Numbers are never used twice, not by another volume of the same name either.
            return Volume(
                epoch=state.epoch + 1,
                generation=state.generation,
                next_replica=state.next_replica,
                next_layer=state.next_layer,
            )
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a volume's life")


def _cloned(state: Volume, event: SourceFound) -> Volume:
    if state.source is None or not event.layers:
        return state
    parents = ("", *event.layers)
    layers = tuple(Layer(name=name, parent=parent) for name, parent in zip(event.layers, parents, strict=False))
    number = max(event.next_layer, state.next_layer)
    head = f"l{number}"
    return replace(
        state,
        size=event.size,
        source=replace(
            state.source, snapshot=event.snapshot, layers=tuple(event.layers), replica=event.replica, node=event.node
        ),
        layers=(*layers, Layer(name=head, parent=event.layers[-1])),
        head=head,
        next_layer=number + 1,
    )


def _repair(state: Volume, event: Event) -> Volume:
    match event:
        case VolumeFaulted():
            replicas = tuple(_given_up(replica) for replica in state.replicas)
            freezing = state.freezing and replace(state.freezing, uncertain=True, joining="")
            at_rest = {"attach": "", "controller": None, "active": False, "freezing": freezing, "dropping": ()}
            return replace(state, fault=event.reason, fix=event.fix, replicas=replicas, **at_rest)
        case VolumeSalvaged():
            state = replace(state, fault="", fix="", epoch=event.epoch, merging=None, ready=True, losses=0)
            return _changed(state, event.replica, mode="lost", inspected=None, reason="", restarts=0)
        case RepairGivenUp():
            # A volume in the making is made with the replicas that came to be.
            return replace(state, repair_given_up=event.reason, ready=state.ready or bool(state.in_mode("resting")))
        case RepairRequested():
            layers = tuple(replace(layer, kept=False) for layer in state.layers)
            return replace(state, repair_given_up="", repairs=0, losses=0, layers=layers)
        case ReplicasChanged():
            ready = state.ready or len(state.in_mode("resting")) >= event.replicas
            return replace(state, wanted=event.replicas, ready=ready, repair_given_up="", repairs=0)
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a repair")


def _given_up(replica: Replica) -> Replica:
    if replica.incomplete:
        return replace(replica, mode="removing")
    return replace(replica, mode="failed") if replica.mode in ("starting", "running", "lost") else replica


def _attachment(state: Volume, event: Event) -> Volume:
    match event:
        case AttachmentRequested():
            replicas = tuple(
                _begun(replica, event.generation) if replica.mode == "resting" else replica
                for replica in state.replicas
            )
            return replace(
                state,
                attach=event.node,
                generation=event.generation,
                replicas=replicas,
                active=True,
                served=False,
                trouble="",
            )
        case DetachmentRequested():
            return replace(state, attach="", controller=state.controller or _possible(state))
        case AttachmentFailed():
            return replace(state, attach="", controller=_possible(state), trouble=event.reason)
        case VolumeDetached():
            return replace(state, active=False, served=False)
        case _:
            raise TypeError(f"{type(event).__name__} is no event of an attachment")


def _possible(state: Volume) -> Controller:
    """Return the controller that may run although nobody said so: it is stopped like any other, before the replicas."""
    members = tuple(replica.name for replica in state.in_mode("running"))
    return Controller(node=state.attach, generation=state.generation, endpoint="", members=members)


def _begun(replica: Replica, generation: int, **changes: Any) -> Replica:
    incarnation = replica.incarnation + 1
    begun = {"mode": "starting", "incarnation": incarnation, "generation": generation, "address": None, "reason": ""}
    return replace(replica, **begun, **changes)


def _controller(state: Volume, event: Event) -> Volume:
    match event:
        case ControllerStarted():
            running = tuple(
                replace(replica, restarts=0, leaving=False) if replica.mode == "running" else replica
                for replica in state.replicas
            )
            controller = Controller(
                node=state.attach,
                generation=event.generation,
                endpoint=event.endpoint,
                members=tuple(replica.name for replica in running if replica.mode == "running"),
            )
            return replace(state, controller=controller, served=True, dropping=(), replicas=running, obsolete=())
        case ControllerStopped():
            return replace(state, controller=None, dropping=())
        case ControllerEnded():
            return replace(state, controller=None, generation=event.generation, dropping=())
        case MemberDropped():
            state = replace(state, dropping=_without(state.dropping, event.replica))
            replica = state.replica(event.replica)
            if replica is None or not replica.leaving:
                return state
            return _changed(replace(state, controller=_dismissed(state, event.replica)), event.replica, mode="removing")
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a controller")


def _loss(state: Volume, event: Event) -> Volume:
    match event:
        case ControllerLost() | ReplicasLost():
            lost = tuple(_lost(replica) if _may_count(state, replica) else replica for replica in state.replicas)
            return replace(
                state,
                generation=event.generation,
                trouble=event.reason,
                losses=state.losses + 1 if event.at - state.lost_at < IN_A_ROW_NS else 1,
                lost_at=event.at,
                merging=state.merging and replace(state.merging, number=state.merging.number + 1),
                controller=None,
                replicas=lost,
                dropping=(),
                freezing=state.freezing and replace(state.freezing, uncertain=True),
            )
        case SourceChosen():
            state = replace(state, epoch=event.epoch, generation=event.generation)
            if not state.attach:
                return _changed(state, event.replica, mode="resting", address=None)
            chosen = tuple(
                _begun(replica, event.generation) if replica.name == event.replica else replica
                for replica in state.replicas
            )
            return replace(state, replicas=chosen)
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a loss")


def _may_count(state: Volume, replica: Replica) -> bool:
    """Say whether a replica may hold the last writes, when all are lost: news of who failed first may have crossed."""
    failed_now = replica.mode == "failed" and replica.generation == state.generation and replica.incarnation > 0
    return replica.mode in ("running", "settling") or (failed_now and not replica.partial)


def _lost(replica: Replica) -> Replica:
    partial = replica.mode == "settling"
    return replace(replica, mode="lost", inspected=None, leaving=False, fresh=False, partial=partial)


def _snapshot(state: Volume, event: Event) -> Volume:
    match event:
        case SnapshotRequested():
            freezing = Freezing(
                layer=event.layer, head=event.head, snapshot=event.snapshot, at=event.at, holder=event.holder
            )
            return replace(state, freezing=freezing, next_layer=state.next_layer + 1)
        case LayerFrozen():
            return _frozen(state, event.layer, event.head, event.size)
        case SnapshotTaken():
            named = (
                replace(layer, snapshot=event.snapshot, at=event.at) if layer.name == event.layer else layer
                for layer in state.layers
            )
            return replace(state, layers=tuple(named))
        case SnapshotFailed():
            return replace(state, freezing=None)
        case SnapshotDeleted():
            unnamed = (
                replace(layer, snapshot="", deleted=True) if layer.snapshot == event.snapshot else layer
                for layer in state.layers
            )
            return replace(state, layers=tuple(unnamed))
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a snapshot")


def _frozen(state: Volume, layer: str, head: str, size: int = 0) -> Volume:
    # Named at once, so that no reader between two events finds it neither under way nor there.
    freezing = state.freezing
    named = {"snapshot": freezing.snapshot, "at": freezing.at} if freezing else {}
    layers = tuple(replace(one, size=size, **named) if one.name == layer else one for one in state.layers)
    return replace(state, layers=(*layers, Layer(name=head, parent=layer)), head=head, freezing=None)


def _layers(state: Volume, event: Event) -> Volume:
    match event:
        case VolumeReverted():
            snapshot = state.snapshot(event.snapshot)
            if snapshot is None:
                return state
            kept = tuple(layer for layer in state.layers if layer.name != state.head)
            head = Layer(name=event.head, parent=snapshot.name)
            obsolete = (*state.obsolete, state.head)
            return replace(
                state, layers=(*kept, head), head=event.head, next_layer=state.next_layer + 1, obsolete=obsolete
            )
        case MergeBegan():
            replicas = tuple(event.replicas)
            began = Merging(layer=event.layer, child=event.child, number=event.number, replicas=replicas)
            return replace(state, merging=began)
        case LayerMerged():
            merging = state.merging
            return replace(
                state, merging=merging and replace(merging, replicas=_without(merging.replicas, event.replica))
            )
        case MergeGivenUp():
            return replace(state, merging=None, layers=_kept(state, event.layer))
        case MergeEnded():
            gone = state.layer(event.layer)
            if gone is None:
                return replace(state, merging=None)
            layers = tuple(
                replace(layer, parent=gone.parent) if layer.parent == gone.name else layer
                for layer in state.layers
                if layer.name != gone.name
            )
            return replace(state, merging=None, layers=layers)
        case LayersDropped():
            names = set(event.layers)
            layers = tuple(layer for layer in state.layers if layer.name not in names)
            return replace(state, layers=layers, obsolete=(*state.obsolete, *event.layers))
        case _:
            raise TypeError(f"{type(event).__name__} is no event of layers")


def _kept(state: Volume, name: str) -> tuple[Layer, ...]:
    return tuple(replace(layer, kept=True) if layer.name == name else layer for layer in state.layers)


def _holds(state: Volume, event: Event) -> Volume:
    match event:
        case SnapshotHeld():
            own = event.snapshot == own_snapshot(event.holder)
            return replace(state, holds=(*state.holds, Hold(event.holder, event.snapshot, own)))
        case SnapshotReleased():
            return replace(state, holds=tuple(hold for hold in state.holds if hold.holder != event.holder))
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a hold")


def own_snapshot(holder: str) -> str:
    """Return the name of the snapshot that is taken for a clone which asked for none."""
    return f"for-{holder}"


def _replica(state: Volume, event: Event) -> Volume:
    match event:
        case ReplicaPlaced():
            replica = Replica(name=event.replica, node=event.node)
            return replace(state, replicas=(*state.replicas, replica), next_replica=state.next_replica + 1)
        case ReplicaBuilt():
            return _built(state, event.replica)
        case ReplicaReadied():
            return _changed(state, event.replica, mode="resting", address=None)
        case JoiningBegan():
            freezing = Freezing(layer=event.layer, head=event.head, joining=event.replica)
            state = replace(state, freezing=freezing, next_layer=state.next_layer + 1)
            return _restarted(state, event.replica, fresh=True)
        case ReplicaRestarted():
            return _restarted(state, event.replica)
        case ReplicaStarted():
            replica_ = state.replica(event.replica)
            mode = "joining" if replica_ is not None and replica_.fresh else "running"
            return _changed(state, event.replica, mode=mode, address=event.address)
        case ReplicaFenced():
            return _changed(state, event.replica, generation=event.generation, address=event.address)
        case ReplicaStopped():
            return _changed(state, event.replica, mode="resting", address=None)
        case ReplicaInspected():
            inspected = Inspected(event.usable, event.alive, event.head, event.written_ns, tuple(event.lost))
            return _changed(state, event.replica, inspected=inspected)
        case ReplicaJoined():
            return _joined(state, event)
        case ReplicaSettled():
            return replace(_changed(state, event.replica, mode="running", fresh=False), repairs=0, repair_given_up="")
        case ReplicaFailed():
            return _failed(state, event.replica, event.reason)
        case ReplicaSurrendered():
            return _surrendered(state, event.replica)
        case ReplicaRemoved() | ReplicaForgotten():
            return replace(state, replicas=tuple(one for one in state.replicas if one.name != event.replica))
        case _:
            raise TypeError(f"{type(event).__name__} is no event of a volume")


def _surrendered(state: Volume, name: str) -> Volume:
    replica = state.replica(name)
    if replica is not None and replica.mode == "running":
        return _changed(replace(state, dropping=_dropping(state, name)), name, leaving=True)
    return _changed(state, name, mode="removing")


def _built(state: Volume, name: str) -> Volume:
    state = _changed(state, name, mode="empty" if state.ready else "resting")
    return replace(state, ready=state.ready or len(state.in_mode("resting")) >= state.wanted)


def _restarted(state: Volume, name: str, **changes: Any) -> Volume:
    replicas = (
        _begun(one, state.generation, restarts=one.restarts + 1, **changes) if one.name == name else one
        for one in state.replicas
    )
    return replace(state, replicas=tuple(replicas))


def _joined(state: Volume, event: ReplicaJoined) -> Volume:
    controller = state.controller
    if controller is not None:
        controller = replace(controller, members=(*controller.members, event.replica))
    state = _frozen(replace(state, controller=controller), event.layer, event.head)
    return _changed(state, event.replica, mode="settling")


def _failed(state: Volume, name: str, reason: str) -> Volume:
    replica = state.replica(name)
    freezing = state.freezing
    if freezing and freezing.joining == name:
        # Once the controller was asked the head may be frozen: then it is to be, without the replica.
        asked = replica is not None and replica.mode == "joining"
        freezing = replace(freezing, joining="") if asked or freezing.uncertain else None
    merging, layers = state.merging, state.layers
    if merging and name in merging.replicas:
        # It may have died of it: the one that takes its place is not put to the same test.
        layers = _kept(state, merging.layer)
        merging = replace(merging, replicas=_without(merging.replicas, name))
    lost = replica is not None and replica.incomplete
    partial = lost or (replica is not None and replica.partial)
    state = replace(
        state,
        controller=_dismissed(state, name),
        dropping=_dropping(state, name),
        freezing=freezing,
        merging=merging,
        layers=layers,
        repairs=state.repairs + lost,
        trouble=f"{name}: {reason}",
    )
    return _changed(state, name, mode="failed", reason=reason, address=None, fresh=False, partial=partial)


def _dismissed(state: Volume, name: str) -> Controller | None:
    controller = state.controller
    return controller and replace(controller, members=_without(controller.members, name))


def _dropping(state: Volume, name: str) -> tuple[str, ...]:
    replica, controller = state.replica(name), state.controller
    if controller is None or replica is None or name in state.dropping:
        return state.dropping
    # One that was joining may be used already.
    used = name in controller.members or replica.mode == "joining"
    return (*state.dropping, name) if used else state.dropping


def _changed(state: Volume, name: str, **changes: Any) -> Volume:
    replicas = tuple(replace(one, **changes) if one.name == name else one for one in state.replicas)
    return replace(state, replicas=replicas)


def _without(names: Iterable[str], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one != name)
