"""What commands mean for a volume: events, nothing if it is so already, or why not."""

from typing import Final

from schemas.types.lifecycles import Delete
from schemas.types.volumes import (
    AttachmentRequested,
    AttachVolume,
    ChangeReplicas,
    CreateVolume,
    DeleteSnapshot,
    DeletionStarted,
    DetachmentRequested,
    DetachVolume,
    HoldRefused,
    HoldSnapshot,
    LayerFrozen,
    ReleaseSnapshot,
    RepairRequested,
    RepairVolume,
    ReplicasChanged,
    RevertVolume,
    SalvageVolume,
    SnapshotDeleted,
    SnapshotHeld,
    SnapshotReleased,
    SnapshotRequested,
    SnapshotTaken,
    SourceFound,
    SourceReady,
    SourceRefused,
    TakeSnapshot,
    VolumeCreated,
    VolumeFaulted,
    VolumeReverted,
    VolumeSalvaged,
)
from streams.lifecycles.lifecycle import NAME, Event, Message, Rejected
from streams.lifecycles.sizes import exactly
from streams.volumes.evolving import own_snapshot
from streams.volumes.state import Replica, Volume, phase

BLOCK: Final = 4096
SMALLEST: Final = 1 << 20
LARGEST: Final = 1 << 46
MOST_REPLICAS: Final = 20
MOST_SNAPSHOTS: Final = 250
"""qcow2 files in a chain; more make every read of old data slow, and opening a replica too."""

Answer = tuple[Event, ...] | Rejected


def commanded(state: Volume, message: Message) -> Answer:
    """Return what follows from a command."""
    body, name = message.body, message.name
    match body:
        case CreateVolume():
            return _create(state, body, name)
        case HoldSnapshot():
            return _hold(state, body, message.time_ns)
        case ReleaseSnapshot():
            return _release(state, body)
        case SourceReady():
            return _source_ready(state, body)
        case SourceRefused():
            waits = state.source is not None and not state.source.layers and not state.fault
            reason = f"it cannot be cloned: {body.reason}"
            return (VolumeFaulted(reason=reason, fix=f"deedlog delete volume {name}"),) if waits else ()
        case _ if not state.exists:
            return Rejected("not-found", f"there is no volume {name}", "deedlog get volumes")
        case Delete():
            return _delete(state, name)
        case _ if state.deleting:
            return Rejected("deleting", f"volume {name} is being deleted")
        case SalvageVolume():
            return _salvage(state, body, name)
        case _ if state.fault:
            return Rejected("faulted", f"volume {name} is faulted: {state.fault}", state.fix)
        case _:
            return _of_sound(state, message)


def _of_sound(state: Volume, message: Message) -> Answer:
    body, name = message.body, message.name
    match body:
        case RepairVolume():
            return (RepairRequested(),) if state.repair_given_up or state.repairs else ()
        case ChangeReplicas():
            if not 1 <= body.replicas <= MOST_REPLICAS:
                return _bad_replicas(body.replicas)
            return (ReplicasChanged(replicas=body.replicas),) if body.replicas != state.wanted else ()
        case _ if not state.ready:
            return Rejected("creating", f"volume {name} is being made", f"deedlog wait volume/{name} --for=detached")
        case AttachVolume():
            return _attach(state, body, name)
        case DetachVolume():
            if state.in_mode("settling") and not state.in_mode("running"):
                why = f"only a replica that is still built up holds what was written last to volume {name}"
                return Rejected("busy", why, f"deedlog wait volume/{name} --for=attached")
            return (DetachmentRequested(),) if state.attach else ()
        case TakeSnapshot():
            return _take(state, body.snapshot, name, message.time_ns)
        case DeleteSnapshot():
            return _delete_snapshot(state, body.snapshot, name)
        case RevertVolume():
            return _revert(state, body.snapshot, name)
        case _:
            raise TypeError(f"{type(body).__name__} is no command to a volume")


def _create(state: Volume, body: CreateVolume, name: str) -> Answer:
    if state.exists:
        same = (state.size, state.wanted) == (body.size or state.size, body.replicas) and not state.deleting
        source = state.source.volume if state.source else ""
        if same and source == body.source_volume:
            return ()
        return Rejected(
            "exists", f"there is a volume {name} already ({phase(state)})", f"deedlog describe volume {name}"
        )
    if not body.source_volume and (body.size % BLOCK or not SMALLEST <= body.size <= LARGEST):
        why = f"{body.size} bytes are no size of a volume: 1 MiB to 64 TiB, a multiple of {BLOCK}"
        near = min(max(-(-body.size // BLOCK) * BLOCK, SMALLEST), LARGEST)
        return Rejected("bad-size", why, f"--size {exactly(near)}")
    if not 1 <= body.replicas <= MOST_REPLICAS:
        return _bad_replicas(body.replicas)
    if body.anti_affinity not in ("required", "preferred"):
        return Rejected("bad-anti-affinity", f"{body.anti_affinity!r} is neither required nor preferred")
    if body.source_volume == name:
        return Rejected("bad-source", "a volume cannot be a clone of itself")
    created = VolumeCreated(
        size=body.size,
        replicas=body.replicas,
        anti_affinity=body.anti_affinity,
        nodes=body.nodes,
        source_volume=body.source_volume,
        source_snapshot=body.source_snapshot,
    )
    return (created,)


def _bad_replicas(count: int) -> Rejected:
    return Rejected("bad-replicas", f"{count} replicas are none that a volume can have: 1 to {MOST_REPLICAS}")


def _delete(state: Volume, name: str) -> Answer:
    if state.deleting:
        return ()
    if state.active:
        return Rejected("attached", f"volume {name} is {phase(state)}", f"deedlog volume detach {name}")
    if state.holds:
        holders = [hold.holder for hold in state.holds]
        fix = f"deedlog wait volume/{holders[0]} --for=detached"
        return Rejected("in-use", f"volume {name} is being cloned to {', '.join(holders)}", fix)
    return (DeletionStarted(),)


def _salvage(state: Volume, body: SalvageVolume, name: str) -> Answer:
    if not state.fault:
        return Rejected("not-faulted", f"volume {name} is not faulted but {phase(state)}")
    complete = [replica for replica in state.in_mode("failed") if not replica.partial]
    candidates = [replica for replica in complete if body.replica in ("", replica.name)]
    if not candidates:
        wanted = f"has no replica {body.replica}" if body.replica else "has no replica that was ever complete"
        return Rejected("no-replica", f"volume {name} {wanted}", f"deedlog describe volume {name}")
    # Of those that failed the one that failed last missed least.
    chosen = candidates[-1] if body.replica else max(candidates, key=_likely_newest)
    return (VolumeSalvaged(replica=chosen.name, epoch=state.epoch + 1),)


def _likely_newest(replica: Replica) -> tuple[int, int, int]:
    written = replica.inspected.written_ns if replica.inspected and replica.inspected.usable else 0
    return (replica.generation, written, replica.incarnation)


def _attach(state: Volume, body: AttachVolume, name: str) -> Answer:
    complete = state.in_mode("resting", "running", "starting", "lost")
    if not complete:
        return Rejected("no-replica", f"no replica of volume {name} is at hand", f"deedlog describe volume {name}")
    wanted = body.node or state.attach or complete[0].node
    if state.attach:
        if wanted == state.attach:
            return ()
        fix = f"deedlog volume detach {name}"
        return Rejected("attached-elsewhere", f"volume {name} is attached to {state.attach}", fix)
    if state.active:
        return Rejected("detaching", f"volume {name} is being detached", f"deedlog wait volume/{name} --for=detached")
    return (AttachmentRequested(node=wanted, generation=state.generation + 1),)


def _take(state: Volume, snapshot: str, name: str, at: int, holder: str = "") -> Answer:
    if not NAME.fullmatch(snapshot):
        return Rejected("bad-name", f"{snapshot!r} is no name of a snapshot", "a-z, 0-9, - and . ; at most 63")
    if state.snapshot(snapshot):
        return () if not holder else Rejected("exists", f"volume {name} has a snapshot {snapshot} already")
    if len(state.layers) > MOST_SNAPSHOTS:
        return Rejected("too-many", f"volume {name} has {len(state.layers)} layers", "delete snapshots")
    if busy := _busy(state, name):
        return busy
    head = f"l{state.next_layer}"
    requested = SnapshotRequested(snapshot=snapshot, layer=state.head, head=head, at=at, holder=holder)
    if state.controller is not None:
        return (requested,)
    frozen = LayerFrozen(effect="", layer=state.head, head=head, replicas=(), frozen_ms=0.0)
    held = (SnapshotHeld(holder=holder, snapshot=snapshot),) if holder else ()
    return (requested, frozen, SnapshotTaken(snapshot=snapshot, layer=state.head, at=at), *held)


def _busy(state: Volume, name: str) -> Rejected | None:
    """Say why layers cannot be changed now."""
    if state.freezing:
        what = f"snapshot {state.freezing.snapshot} is being taken" if state.freezing.snapshot else "a replica joins"
        return Rejected("busy", f"{what}; it takes a moment", "try again")
    if state.in_mode("settling"):
        return Rejected("busy", f"volume {name} is being rebuilt", f"deedlog wait volume/{name} --for=attached")
    if state.active and (state.controller is None or not state.attach):
        return Rejected("busy", f"volume {name} is {phase(state)}", f"deedlog wait volume/{name} --for=attached")
    return None


def _delete_snapshot(state: Volume, snapshot: str, name: str) -> Answer:
    if not state.snapshot(snapshot):
        return _no_snapshot(snapshot, name)
    for hold in state.holds:
        if hold.snapshot == snapshot:
            return Rejected("in-use", f"snapshot {snapshot} is being cloned to {hold.holder}")
    return (SnapshotDeleted(snapshot=snapshot),)


def _no_snapshot(snapshot: str, name: str) -> Rejected:
    return Rejected("no-snapshot", f"volume {name} has no snapshot {snapshot!r}", f"deedlog volume snapshots {name}")


def _revert(state: Volume, snapshot: str, name: str) -> Answer:
    layer = state.snapshot(snapshot)
    if layer is None:
        return _no_snapshot(snapshot, name)
    if state.active:
        return Rejected("attached", f"volume {name} is {phase(state)}", f"deedlog volume detach {name}")
    if state.merging or state.holds:
        return Rejected("busy", f"layers of volume {name} are being merged or copied", "try again")
    return (VolumeReverted(snapshot=snapshot, head=f"l{state.next_layer}"),)


def _hold(state: Volume, body: HoldSnapshot, at: int) -> Answer:
    if any(hold.holder == body.holder for hold in state.holds):
        return ()
    if not state.exists or state.deleting:
        return (HoldRefused(holder=body.holder, reason="there is no such volume"),)
    if not state.ready:
        return (HoldRefused(holder=body.holder, reason="it is being made; try again when it is"),)
    if state.fault:
        return (HoldRefused(holder=body.holder, reason=f"it is faulted: {state.fault}"),)
    if not state.in_mode("resting", "running"):
        return (HoldRefused(holder=body.holder, reason="no replica of it is complete and at hand; try again"),)
    if state.merging:
        return (HoldRefused(holder=body.holder, reason="layers of it are being merged; try again"),)
    if body.snapshot:
        if not state.snapshot(body.snapshot):
            return (HoldRefused(holder=body.holder, reason=f"it has no snapshot {body.snapshot}"),)
        return (SnapshotHeld(holder=body.holder, snapshot=body.snapshot),)
    taken = _take(state, own_snapshot(body.holder)[:63], "", at, body.holder)
    return (HoldRefused(holder=body.holder, reason=taken.reason),) if isinstance(taken, Rejected) else taken


def _release(state: Volume, body: ReleaseSnapshot) -> Answer:
    hold = next((hold for hold in state.holds if hold.holder == body.holder), None)
    if hold is None:
        return ()
    released: tuple[Event, ...] = (SnapshotReleased(holder=body.holder),)
    return (*released, SnapshotDeleted(snapshot=hold.snapshot)) if hold.own else released


def _source_ready(state: Volume, body: SourceReady) -> Answer:
    source = state.source
    if source is None or source.layers or state.fault or state.deleting:
        return ()
    if not body.layers or len({"", *body.layers, f"l{body.next_layer}"}) != len(body.layers) + 2:
        return Rejected("bad-source", "what the source tells is no chain of layers")
    found = SourceFound(
        size=body.size,
        layers=body.layers,
        volume=source.volume,
        replica=body.replica,
        node=body.node,
        snapshot=body.snapshot,
        next_layer=body.next_layer,
    )
    return (found,)
