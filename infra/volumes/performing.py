"""Does what volumes ask of a node: each effect is one call of the engines, which may be repeated.

It also looks whether what should run does, tells what died, and kills what nobody counts on any more.
"""

import time
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, Final

import msgspec

from infra.volumes.controllers import Controllers
from infra.volumes.errors import EngineError
from infra.volumes.exports import replica_export, unix_uri, volume_export
from infra.volumes.joining import Joining
from infra.volumes.peer import Part, Peer
from infra.volumes.replicas import Replicas
from infra.volumes.words import ControllerDied as ControllerGone
from infra.volumes.words import LayerSource as EngineLayer
from infra.volumes.words import Member as EngineMember
from infra.volumes.words import MemberFailed as MemberBad
from infra.volumes.words import ReplicaDied as ReplicaGone
from infra.volumes.words import Report
from schemas.types.volumes import (
    ControllerDied,
    ControllerStarted,
    ControllerStopped,
    LayerFrozen,
    LayerMerged,
    MemberDropped,
    MemberFailed,
    ReplicaBuilt,
    ReplicaDied,
    ReplicaFenced,
    ReplicaInspected,
    ReplicaJoined,
    ReplicaRemoved,
    ReplicaSettled,
    ReplicaStarted,
    ReplicaStopped,
)
from streams.lifecycles.effector import EffectError, Progress
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Effect, Event, Lifecycle
from streams.lifecycles.schedule import Job
from streams.volumes import VOLUMES
from streams.volumes.effects import (
    BuildReplica,
    DropMember,
    FenceReplica,
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
from streams.volumes.engines import engines, unwanted_controller, unwanted_replica
from streams.volumes.state import Volume

LOOK_SECONDS: Final = 1.0
"""Time between two comparisons of what should run with what does; deaths are told at once besides."""
AGAIN_SECONDS: Final = 3.0
"""After which what is still amiss is told again."""


class NodeEngines:
    """Performs the effects of volumes on one node."""

    def __init__(self, node: str, replicas: Replicas, controllers: Controllers, peers: Callable[[str], Peer]) -> None:
        """Take the engines of the node, and how those of other nodes are reached."""
        self._node = node
        self._replicas = replicas
        self._controllers = controllers
        self._peers = peers
        self._states: dict[str, Volume] = {}
        self._seen: list[Report] = []
        self._lock = Lock()
        self._looked = 0.0
        self._told: dict[tuple[str, Event], float] = {}

    def heard(self, report: Report) -> None:
        """Take note of what an engine reported by itself; may be called from any thread."""
        with self._lock:
            self._seen.append(report)

    def changed(self, lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> None:
        """Take note of a volume's new state."""
        if lifecycle is VOLUMES:
            self._states[name] = entity.state

    def compare(self) -> list[tuple[Lifecycle[Any], str, Event]]:
        """Return what is to be told: what died, and now and then what should run and does not."""
        with self._lock:
            seen, self._seen = self._seen, []
        found = [self._meaning(report) for report in seen]
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            found += list(self._amiss())
        return [(VOLUMES, name, event) for name, event in found if self._is_news(name, event)]

    def perform(self, job: Job, progress: Progress) -> Event:
        """Do what an effect asks; return what came of it. Raises EffectError."""
        try:
            return self._done(job.name, job.effect.id, job.effect.action, progress)
        except EngineError as error:
            raise EffectError(str(error), permanent=error.permanent) from error

    def _is_news(self, name: str, event: Event) -> bool:
        now = time.monotonic()
        self._told = {key: at for key, at in self._told.items() if now - at < AGAIN_SECONDS}
        key = (name, event)
        if key in self._told:
            return False
        self._told[key] = now
        return True

    def _meaning(self, report: Report) -> tuple[str, Event]:
        match report:
            case ReplicaGone():
                return report.volume, ReplicaDied(replica=report.replica, incarnation=report.incarnation)
            case ControllerGone():
                return report.volume, ControllerDied(generation=report.generation)
            case MemberBad():
                return report.volume, MemberFailed(replica=report.replica, generation=report.generation)

    def _amiss(self) -> Iterator[tuple[str, Event]]:
        replicas = {(one.volume, one.replica): one.incarnation for one in self._replicas.running()}
        controllers = {one.volume: one.generation for one in self._controllers.running()}
        for name, state in self._states.items():
            wanted = engines(state, self._node)
            for replica, incarnation in wanted.replicas.items():
                if replicas.get((name, replica)) != incarnation:
                    clean = self._replicas.ended_well(name, replica, incarnation)
                    yield name, ReplicaDied(replica=replica, incarnation=incarnation, clean=clean)
            if wanted.controller is not None and controllers.get(name) != wanted.controller:
                ended = self._controllers.ended(name, wanted.controller)
                yield (
                    name,
                    ControllerDied(generation=wanted.controller, clean=ended.clean, replicas=ended.replicas),
                )
        self._kill_unwanted(replicas, controllers)

    def _kill_unwanted(self, replicas: dict[tuple[str, str], int], controllers: dict[str, int]) -> None:
        for (name, replica), incarnation in replicas.items():
            if unwanted_replica(self._states.get(name, Volume()), self._node, replica, incarnation):
                self._replicas.kill(name, replica, incarnation)
        for name, generation in controllers.items():
            if unwanted_controller(self._states.get(name, Volume()), generation):
                self._controllers.kill(name, generation)

    def _done(self, name: str, id: str, action: object, progress: Progress) -> Event:
        replicas = self._replicas
        match action:
            case BuildReplica():
                layers = tuple(_layer(one, name) for one in action.layers)
                replicas.build(name, action.replica, action.size, layers, head=action.head, progress=progress)
                return ReplicaBuilt(effect=id, replica=action.replica)
            case StartReplica():
                return self._started(name, id, action)
            case FenceReplica():
                replicas.fence(name, action.replica, action.incarnation, action.generation)
                return self._fenced(name, id, action)
            case StopReplica():
                clean = replicas.stop(name, action.replica, action.incarnation)
                return ReplicaStopped(effect=id, replica=action.replica, incarnation=action.incarnation, clean=clean)
            case RemoveReplica():
                replicas.remove(name, action.replica)
                return ReplicaRemoved(effect=id, replica=action.replica)
            case InspectReplica():
                return self._inspected(name, id, action)
            case SettleReplica():
                layers = tuple(_layer(one, name) for one in action.layers)
                return self._settled(name, id, action, layers, progress)
            case MergeLayer():
                incarnation = action.incarnation or None
                below = action.below or None
                replicas.merge(name, action.replica, incarnation, action.layer, action.child, below)
                return LayerMerged(effect=id, replica=action.replica, layer=action.layer)
            case _:
                return self._controlled(name, id, action)

    def _controlled(self, name: str, id: str, action: object) -> Event:
        controllers = self._controllers
        match action:
            case StartController():
                endpoint = controllers.control(
                    name,
                    generation=action.generation,
                    epoch=action.epoch,
                    size=action.size,
                    members=tuple(_member(one) for one in action.members),
                )
                uri = unix_uri(volume_export(name, action.epoch), endpoint)
                return ControllerStarted(effect=id, generation=action.generation, endpoint=uri)
            case StopController():
                ended = controllers.release(name, action.generation)
                return ControllerStopped(
                    effect=id,
                    generation=action.generation,
                    clean=ended.clean,
                    replicas=ended.replicas,
                    begun=ended.begun,
                )
            case DropMember():
                controllers.drop(name, action.generation, action.replica)
                return MemberDropped(effect=id, replica=action.replica, generation=action.generation)
            case FreezeHead():
                taken = controllers.snapshot(
                    name, generation=action.generation, layer=action.head, members=self._with_peers(action.members)
                )
                return LayerFrozen(
                    effect=id,
                    layer=action.layer,
                    head=action.head,
                    replicas=taken.replicas,
                    frozen_ms=taken.frozen_ms,
                    size=self._size(name, action),
                )
            case JoinReplica():
                return self._joined(name, id, action)
            case _:
                raise EngineError(f"This release does not know how to do {action!r}", permanent=True)

    def _started(self, name: str, id: str, action: StartReplica) -> Event:
        address = self._replicas.start(
            name,
            action.replica,
            incarnation=action.incarnation,
            generation=action.generation,
            size=action.size,
            chain=action.chain,
            listen="unix" if action.local else "tcp",
            obsolete=frozenset(action.obsolete),
            known=frozenset(action.known),
        )
        return ReplicaStarted(effect=id, replica=action.replica, incarnation=action.incarnation, address=address)

    def _fenced(self, name: str, id: str, action: FenceReplica) -> Event:
        replica = self._states[name].replica(action.replica)
        if replica is None or replica.address is None:
            raise EngineError(f"Where {action.replica} of {name} is served is not known", permanent=True)
        export = replica_export(action.incarnation, action.generation)
        address = msgspec.structs.replace(replica.address, export=export)
        return ReplicaFenced(effect=id, replica=action.replica, generation=action.generation, address=address)

    def _inspected(self, name: str, id: str, action: InspectReplica) -> Event:
        found = self._replicas.put_to_rest(name, action.replica)
        return ReplicaInspected(
            effect=id,
            replica=action.replica,
            usable=not found.lost,
            alive=found.clean,
            head=found.head,
            written_ns=found.head_mtime_ns,
        )

    def _settled(
        self, name: str, id: str, action: SettleReplica, layers: tuple[EngineLayer, ...], progress: Progress
    ) -> Event:
        size = self._states[name].size
        self._replicas.build(name, action.replica, size, layers, progress)
        self._replicas.settle(name, action.replica, action.incarnation, tuple(one.name for one in layers))
        for source in layers:
            self._peers(source.node).unserve(source.volume, source.replica, source.name)
        copied = sum(self._replicas.sizes(name, action.replica).get(one.name, 0) for one in layers)
        return ReplicaSettled(effect=id, replica=action.replica, bytes=copied)

    def _size(self, name: str, action: FreezeHead) -> int:
        """Return what the frozen layer takes on a replica of this node; 0 if there is none here."""
        here = [one.replica for one in action.members if one.node == self._node]
        return self._replicas.sizes(name, here[0]).get(action.layer, 0) if here else 0

    def _joined(self, name: str, id: str, action: JoinReplica) -> Event:
        members = self._with_peers(action.members)
        joining = Joining(
            member=_member(action.joining),
            peer=self._peers(action.joining.node),
            incarnation=action.joining.incarnation,
            source=members[0],
            frozen=action.layer,
        )
        taken = self._controllers.join(
            name, generation=action.generation, layer=action.head, members=members, joining=joining
        )
        if action.joining.replica in taken.missing:
            raise EngineError(f"{action.joining.replica} could not join {name}", permanent=True)
        return ReplicaJoined(
            effect=id,
            replica=action.joining.replica,
            layer=action.layer,
            head=action.head,
            replicas=tuple(one for one in taken.replicas if one != action.joining.replica),
            frozen_ms=taken.frozen_ms,
        )

    def _with_peers(self, members: tuple[Member, ...]) -> tuple[Part, ...]:
        return tuple(Part(one.replica, self._peers(one.node), one.incarnation) for one in members)


def lane(name: str, effect: Effect) -> str:
    """Return what an effect must not be done beside: others on the same replica, or on the same controller."""
    return f"{name}/{getattr(effect.action, 'replica', 'controller')}"


def _member(member: Member) -> EngineMember:
    return EngineMember(replica=member.replica, address=member.address)


def _layer(source: LayerSource, name: str) -> EngineLayer:
    return EngineLayer(name=source.name, node=source.node, volume=source.volume or name, replica=source.replica)
