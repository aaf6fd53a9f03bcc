"""What follows from the state of a volume by itself, one event at a time."""

from typing import Final

from schemas.types.volumes import (
    JoiningBegan,
    LayersDropped,
    MergeBegan,
    MergeEnded,
    MergeGivenUp,
    RepairGivenUp,
    ReplicaFailed,
    ReplicaRestarted,
    ReplicaSurrendered,
    SourceChosen,
    SourceReleased,
    VolumeDeleted,
    VolumeDetached,
    VolumeFaulted,
)
from streams.lifecycles.lifecycle import Event
from streams.volumes.observed import settled_freeze
from streams.volumes.state import PLACED, Layer, Replica, Volume

MOST_REPAIRS: Final = 5
"""Replicas in a row that did not come to be, after which no more are made until somebody asks for it."""
MOST_MERGES: Final = 3
MOST_LOSSES: Final = 10
"""Losses in a row after which it is no use to go on."""
TOGETHER_NS: Final = 100_000_000
"""Time within which a write reaches all members, ns; as far as clocks of nodes may differ, too."""
SALVAGE: Final = "deedlog volume salvage: goes on with what one replica holds; deedlog describe shows them"


def following(state: Volume) -> Event | None:
    """Return the next event that follows, None if nothing does."""
    if not state.exists:
        return None
    if state.deleting:
        return None if state.replicas else VolumeDeleted()
    return _of_source(state) or _of_faulted_and_lost(state) or (None if state.fault else _of_sound(state))


def _of_source(state: Volume) -> Event | None:
    source = state.source
    needless = state.ready or bool(state.fault)
    return SourceReleased() if source and needless and not source.released else None


def _of_faulted_and_lost(state: Volume) -> Event | None:
    lost = state.in_mode("lost")
    if lost and state.losses > MOST_LOSSES and not state.fault:
        reason = f"it was lost {state.losses} times in a row ({state.trouble})"
        return VolumeFaulted(reason=reason, fix=f"see the logs of its engines, then {SALVAGE}")
    if lost and all(replica.inspected for replica in lost):
        return _chosen(state, lost)
    if freezing := state.freezing:
        # Once one replica was chosen, its head tells whether the freeze that was under way was done.
        known = [one for one in state.in_mode("starting", "resting") if one.inspected and not one.fresh]
        if freezing.uncertain and known and known[0].inspected:
            return settled_freeze(state, known[0].inspected.head)[0]
    return None


def _chosen(state: Volume, lost: tuple[Replica, ...]) -> Event:
    complete = tuple(one for one in lost if not one.partial)
    # Those that counted until the end got what was acknowledged; else one that was built up may have got more.
    counted = any(not one.reason for one in complete)
    if unknown := [one.name for one in lost if not _usable(one) and not (one.partial and counted)]:
        why = f"what {', '.join(unknown)} holds is not known, and it may have been written last"
        return VolumeFaulted(reason=why, fix=SALVAGE)
    if not complete:
        return VolumeFaulted(reason=f"no replica is left that holds everything ({state.trouble})", fix=SALVAGE)
    best = max(complete, key=lambda one: _likely_complete(one, complete))
    if newer := [one.name for one in lost if _written(one) - _written(best) > TOGETHER_NS]:
        why = f"{', '.join(newer)} was written last, and does not hold everything"
        return VolumeFaulted(reason=why, fix=SALVAGE)
    others = [one for one in lost if one is not best]
    if others:
        return ReplicaFailed(replica=others[0].name, reason=f"all were lost at once, and {best.name} was written last")
    alive = best.inspected is not None and best.inspected.alive
    epoch = state.epoch if alive else state.epoch + 1
    return SourceChosen(replica=best.name, generation=state.generation + 1, epoch=epoch)


def _usable(replica: Replica) -> bool:
    return replica.inspected is not None and replica.inspected.usable


def _written(replica: Replica) -> int:
    return replica.inspected.written_ns if replica.inspected else 0


def _likely_complete(replica: Replica, lost: tuple[Replica, ...]) -> tuple[bool, bool, bool, bool, int]:
    """Return by what replicas are compared of which one holds all that was acknowledged and flushed.

    One that was written later than the others got writes that they missed. Of those written together, one that failed
    before the others, or died, may lack the end.
    """
    written = {one.name: one.inspected.written_ns for one in lost if one.inspected}
    missed = {name for one in lost if one.inspected for name in one.inspected.lost}
    together = max(written.values()) - written[replica.name] <= TOGETHER_NS
    alive = replica.inspected is not None and replica.inspected.alive
    return (together, replica.name not in missed, not replica.reason, alive, written[replica.name])


def _of_sound(state: Volume) -> Event | None:
    return _of_attachment(state) or _of_repair(state) or _of_replicas(state) or _of_layers(state)


def _of_attachment(state: Volume) -> Event | None:
    usable = [one for one in state.in_mode("resting", "starting", "running", "lost") if not one.fresh]
    usable += state.in_mode("settling") if state.controller else ()
    if state.ready and not usable:
        return VolumeFaulted(reason=f"no replica is left that holds everything ({state.trouble})", fix=SALVAGE)
    for replica in state.replicas if state.controller is None else ():
        if replica.incomplete and replica.mode not in ("building", "empty"):
            return ReplicaFailed(replica=replica.name, reason="the controller that it was to join ended")
    if state.attach and state.controller is None and not state.in_mode("lost"):
        for replica in state.in_mode("resting"):
            return ReplicaRestarted(replica=replica.name, incarnation=replica.incarnation + 1)
    at_rest = not state.in_mode("starting", "running", "joining", "settling", "lost")
    if state.active and not state.attach and state.controller is None and at_rest:
        return VolumeDetached()
    return None


def _of_repair(state: Volume) -> Event | None:
    if state.repairs >= MOST_REPAIRS and not state.repair_given_up:
        return RepairGivenUp(reason=f"{state.repairs} replicas in a row did not come to be; the last: {state.trouble}")
    if state.repair_given_up and not state.ready:
        # With a replica at rest it would be ready by now.
        return VolumeFaulted(reason=state.repair_given_up, fix="delete it, mend what is wrong, and create it again")
    controller = state.controller
    quiet = state.freezing is None and state.merging is None and not state.in_mode("joining", "settling")
    if controller and state.attach and quiet and not state.repair_given_up:
        for replica in state.in_mode("empty"):
            return JoiningBegan(
                replica=replica.name,
                incarnation=replica.incarnation + 1,
                layer=state.head,
                head=f"l{state.next_layer}",
            )
    return None


def _of_replicas(state: Volume) -> Event | None:
    """Give up replicas that count no longer once there are enough others, and those that are too many."""
    sound = [one for one in _sound(state) if not one.leaving]
    placed = [one for one in state.in_mode(*PLACED) if not one.leaving]
    for replica in state.in_mode("empty", "building"):
        if len(placed) > state.wanted and state.ready:
            return ReplicaSurrendered(replica=replica.name)
    for replica in state.in_mode("failed"):
        # Until the controller has dropped it, it is not known whether the others got what it got.
        needless = len(sound) >= state.wanted and replica.name not in state.dropping
        if replica.incarnation == 0 or replica.partial or needless:
            return ReplicaSurrendered(replica=replica.name)
    if len(sound) > state.wanted and (state.controller is not None or not state.active) and state.ready:
        spare = [one for one in sound if one.node != state.attach] or sound
        return ReplicaSurrendered(replica=spare[-1].name)
    return None


def _sound(state: Volume) -> tuple[Replica, ...]:
    return state.in_mode("running") if state.controller else state.in_mode("resting")


def _of_layers(state: Volume) -> Event | None:
    merging = state.merging
    if merging and not merging.replicas:
        return MergeEnded(layer=merging.layer)
    if merging and merging.number > MOST_MERGES:
        return MergeGivenUp(layer=merging.layer, reason=f"it was begun {MOST_MERGES} times; {state.trouble}")
    if merging:
        return None
    moving = state.active and (state.controller is None or not state.attach)
    if (
        moving
        or state.freezing
        or state.holds
        or not state.ready
        or state.in_mode("joining", "settling", "starting", "lost")
    ):
        return None
    for layer in state.layers:
        if layer.snapshot or layer.kept or layer.name == state.head:
            continue
        children = state.children(layer.name)
        if not children:
            return LayersDropped(layers=(layer.name,))
        if len(children) == 1 and _may_merge(state, layer, children[0]):
            replicas = tuple(one.name for one in _sound(state))
            return MergeBegan(layer=layer.name, child=children[0].name, replicas=replicas) if replicas else None
    return None


def _may_merge(state: Volume, layer: Layer, child: Layer) -> bool:
    # Into a head, which is short, a long layer is copied only if people want its snapshot gone.
    return child.name != state.head or layer.deleted
