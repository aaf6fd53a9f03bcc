"""What has to be done for a volume, as its state tells it: the whole list, each time.

Times and numbers of attempts are meant for a loaded machine; what they bound ends in a state with a way out.
"""

from collections.abc import Iterator

from streams.lifecycles.lifecycle import Effect
from streams.volumes.effects import (
    AwaitSource,
    BuildReplica,
    DropMember,
    FenceReplica,
    FindNodes,
    FreezeHead,
    InspectReplica,
    JoinReplica,
    LayerSource,
    Member,
    MergeLayer,
    RemoveReplica,
    SettleReplica,
    StartController,
    StartReplica,
    StopController,
    StopReplica,
)
from streams.volumes.state import PLACED, Replica, Volume, members_to_be

DAY = 86_400.0


def pending(state: Volume) -> tuple[Effect, ...]:
    """Return the effects that are to be had for the volume."""
    if not state.exists:
        return ()
    return tuple(_all(state))


def _all(state: Volume) -> Iterator[Effect]:
    if not state.deleting and not state.fault:
        yield from _making(state)
        yield from _serving(state)
        for replica in state.replicas:
            yield from _of_replica(state, replica)
    for replica in state.in_mode("removing"):
        if replica.name not in state.dropping:
            yield Effect(
                id=f"remove/{replica.name}",
                node=replica.node,
                action=RemoveReplica(replica.name),
                seconds=3600.0,
                attempts=60,
            )


def _making(state: Volume) -> Iterator[Effect]:
    if state.source and not state.source.layers:
        yield Effect(id="await-source", node=None, action=AwaitSource(), seconds=300.0, attempts=1)
    elif len(state.in_mode(*PLACED)) < state.wanted and _may_place(state):
        # The numbers make it another effect each time that replicas were placed and lost.
        id = f"find-nodes/{state.next_replica}/{state.wanted}"
        yield Effect(id=id, node="", action=FindNodes(state.size), seconds=1800.0, attempts=20)


def _may_place(state: Volume) -> bool:
    return not state.repair_given_up and (not state.ready or state.controller is not None)


def _serving(state: Volume) -> Iterator[Effect]:
    controller = state.controller
    if controller is None:
        if state.attach and (members := ordered(state, members_to_be(state))):
            names = "+".join(member.replica for member in members)
            yield Effect(
                id=f"control/{state.generation}/{names}",
                node=state.attach,
                action=StartController(
                    generation=state.generation, epoch=state.epoch, size=state.size, members=members
                ),
                seconds=120.0,
                attempts=5,
            )
        return
    generation = controller.generation
    if not state.attach and state.freezing is None:
        action = StopController(generation)
        yield Effect(id=f"release/{generation}", node=controller.node, action=action, seconds=60.0, attempts=5)
    for name in state.dropping:
        yield Effect(
            id=f"drop/{generation}/{name}",
            node=controller.node,
            action=DropMember(generation, name),
            seconds=60.0,
            attempts=10,
        )
    yield from _freezing(state)


def ordered(state: Volume, replicas: tuple[Replica, ...]) -> tuple[Member, ...]:
    """Return replicas as members: those on the node of the controller are read first."""
    near_first = sorted(replicas, key=lambda one: one.node != state.attach)
    return tuple(
        Member(one.name, one.node, one.incarnation, one.address) for one in near_first if one.address is not None
    )


def _freezing(state: Volume) -> Iterator[Effect]:
    freezing, controller = state.freezing, state.controller
    if freezing is None or controller is None:
        return
    members = ordered(state, state.in_mode("running"))
    if not freezing.joining:
        yield Effect(
            id=f"freeze/{freezing.head}",
            node=controller.node,
            action=FreezeHead(
                generation=controller.generation, layer=freezing.layer, head=freezing.head, members=members
            ),
            seconds=120.0,
            attempts=10,
        )
        return
    for joining in ordered(state, state.in_mode("joining")):
        yield Effect(
            id=f"join/{joining.replica}/{joining.incarnation}",
            node=controller.node,
            action=JoinReplica(
                generation=controller.generation,
                layer=freezing.layer,
                head=freezing.head,
                members=members,
                joining=joining,
            ),
            seconds=120.0,
            attempts=5,
        )


def _of_replica(state: Volume, replica: Replica) -> Iterator[Effect]:
    where = f"{replica.name}/{replica.incarnation}"
    match replica.mode:
        case "building":
            layers = _copied_from_source(state)
            yield Effect(
                id=f"build/{replica.name}",
                node=replica.node,
                action=BuildReplica(replica.name, state.size, layers, "" if state.ready else state.head),
                seconds=DAY if layers else 600.0,
                attempts=10,
            )
        case "starting":
            yield Effect(
                id=f"start/{where}", node=replica.node, action=_start(state, replica), seconds=120.0, attempts=5
            )
        case "lost":
            if replica.inspected is None:
                yield _inspect(replica)
        case "settling":
            if layers := _copied_from_members(state):
                action = SettleReplica(replica.name, replica.incarnation, layers)
                yield Effect(id=f"settle/{where}", node=replica.node, action=action, seconds=DAY, attempts=20)
        case "running":
            yield from _of_running(state, replica, where)
        case "resting":
            yield from _merge(state, replica, 0)
        case _:
            pass


def _of_running(state: Volume, replica: Replica, where: str) -> Iterator[Effect]:
    if state.controller is not None:
        if replica.name in state.controller.members:
            yield from _merge(state, replica, replica.incarnation)
    elif not state.attach:
        action = StopReplica(replica.name, replica.incarnation)
        yield Effect(id=f"stop/{where}", node=replica.node, action=action, seconds=60.0, attempts=5)
    elif replica.generation != state.generation:
        yield Effect(
            id=f"fence/{where}/{state.generation}",
            node=replica.node,
            action=FenceReplica(replica.name, replica.incarnation, state.generation),
            seconds=60.0,
            attempts=5,
        )


def _start(state: Volume, replica: Replica) -> StartReplica:
    freezing = state.freezing
    # What is written to it before it joins counts for nothing: it gets the volume's head when it does.
    fresh_head = f"join-{freezing.head}" if replica.fresh and freezing else ""
    return StartReplica(
        replica=replica.name,
        incarnation=replica.incarnation,
        generation=replica.generation,
        size=state.size,
        chain=(fresh_head,) if fresh_head else _chain(state, replica),
        obsolete=state.obsolete,
        known=tuple(layer.name for layer in state.layers),
        local=replica.node == state.attach,
    )


def _chain(state: Volume, replica: Replica) -> tuple[str, ...]:
    """Return the layers of a replica, without the one that it alone has taken out already."""
    merging = state.merging
    done = merging.layer if merging and replica.name not in merging.replicas else ""
    return tuple(name for name in state.chain(state.head) if name != done)


def _inspect(replica: Replica) -> Effect:
    # A node that comes back within that time brings what was written last; without it data may be lost.
    return Effect(
        id=f"inspect/{replica.name}/{replica.incarnation}",
        node=replica.node,
        action=InspectReplica(replica.name),
        seconds=600.0,
        attempts=60,
    )


def _merge(state: Volume, replica: Replica, incarnation: int) -> Iterator[Effect]:
    merging = state.merging
    if merging is None or replica.name not in merging.replicas:
        return
    layer = state.layer(merging.layer)
    yield Effect(
        id=f"merge/{replica.name}/{merging.layer}/{merging.number}",
        node=replica.node,
        action=MergeLayer(
            replica=replica.name,
            incarnation=incarnation,
            layer=merging.layer,
            child=merging.child,
            below=layer.parent if layer else "",
        ),
        seconds=DAY,
        attempts=20,
    )


def _copied_from_source(state: Volume) -> tuple[LayerSource, ...]:
    source = state.source
    if source is None or state.ready:
        return ()
    return tuple(LayerSource(name, source.node, source.volume, source.replica) for name in source.layers)


def _copied_from_members(state: Volume) -> tuple[LayerSource, ...]:
    """Return the frozen layers of the volume, from the member that is read first; the volume's own name is empty."""
    head, source = state.layer(state.head), _source(state)
    if head is None or source is None:
        return ()
    return tuple(LayerSource(name, source.node, "", source.name) for name in state.chain(head.parent))


def _source(state: Volume) -> Replica | None:
    """Return the replica whose frozen layers are copied: one that died a moment ago still has them."""
    running = sorted(state.in_mode("running"), key=lambda one: one.node != state.attach)
    failed = [one for one in state.in_mode("failed") if not one.partial and one.generation == state.generation]
    return next(iter([*running, *reversed(failed)]), None)
