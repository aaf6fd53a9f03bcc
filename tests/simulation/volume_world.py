"""A model of nodes with the engines of volumes: what they do, how they fail, and what volumes must never do.

It knows what clients wrote and flushed, so it knows what may be read. That is the law which matters: what was
acknowledged and flushed is there, whatever dies.
"""

from random import Random
from typing import Any

from schemas.types.lifecycles import Delete
from schemas.types.volumes import (
    Address,
    AttachVolume,
    ChangeReplicas,
    ControllerDied,
    ControllerStarted,
    ControllerStopped,
    CreateVolume,
    DeleteSnapshot,
    DetachVolume,
    LayerFrozen,
    LayerMerged,
    MemberDropped,
    MemberFailed,
    NodeOffer,
    NodesFound,
    RepairVolume,
    ReplicaBuilt,
    ReplicaDied,
    ReplicaFenced,
    ReplicaInspected,
    ReplicaJoined,
    ReplicaRemoved,
    ReplicaSettled,
    ReplicaStarted,
    ReplicaStopped,
    RevertVolume,
    SalvageVolume,
    TakeSnapshot,
)
from streams.lifecycles.effector import EffectError
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Event
from streams.lifecycles.schedule import Job
from streams.volumes.effects import (
    BuildReplica,
    DropMember,
    FenceReplica,
    FindNodes,
    FreezeHead,
    InspectReplica,
    JoinReplica,
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
from tests.simulation.disks import Blocks, Disk, Process
from tests.simulation.readers import Oracle

BLOCKS = 4
SECOND = 1_000_000_000
NAMES = ("a", "b")
SNAPSHOTS = ("s1", "s2", "s3")


class Controller:
    def __init__(self, node: str, generation: int, members: tuple[Member, ...]) -> None:
        self.node = node
        self.generation = generation
        self.members = {m.replica: (m.node, m.incarnation, generation) for m in members}
        self.failed: list[str] = []


class VolumeWorld:
    """Nodes, their disks and processes, and clients that write."""

    nodes = ("", "n1", "n2", "n3")

    def __init__(self, *, hasty: bool = False) -> None:
        """Say whether controllers acknowledge hastily, as the engines do that there are.

        Such a one goes on when a member failed before the others have noted that, so that nobody knows of it if they
        die in the next second.
        """
        self._hasty = hasty
        self.disks: dict[tuple[str, str, str], Disk] = {}
        """By node, volume and replica."""
        self.controllers: dict[tuple[str, int], Controller] = {}
        """Those that are alive, zombies too, by volume and generation."""
        self.begun: set[tuple[str, int]] = set()
        self.ended: dict[tuple[str, int], tuple[str, ...] | None] = {}
        """Controllers that ended in good order, and which replicas got everything."""
        self.oracles: dict[str, Oracle] = {}
        self.beliefs: dict[tuple[str, str], Volume] = {}
        self.states: dict[str, Volume] = {}
        """As the log has them."""
        self.clock = 0

    # Commands.

    def command(self, random: Random) -> tuple[str, str, Event]:
        name = random.choice((*NAMES, NAMES[0], "c"))
        state = self.states.get(name, Volume())
        snapshot = random.choice(SNAPSHOTS)
        chances: list[tuple[Event, int]] = [
            (self._create(random, name, snapshot), 1 if state.exists else 60),
            (AttachVolume(node=random.choice(self.nodes)), 5 if state.attach else 50),
            (DetachVolume(), 6 if state.attach else 1),
            (TakeSnapshot(snapshot=snapshot), 2 if state.snapshot(snapshot) else 20),
            (DeleteSnapshot(snapshot=snapshot), 12 if state.snapshot(snapshot) else 1),
            (RevertVolume(snapshot=snapshot), 8 if state.snapshot(snapshot) and not state.active else 1),
            (ChangeReplicas(replicas=random.choice([1, 2, 3, 3])), 8),
            (RepairVolume(), 3),
            (SalvageVolume(), 30 if state.fault else 1),
            (Delete(), 30 if state.fault else 1),
        ]
        return "volume", name, random.choices([one for one, _ in chances], [weight for _, weight in chances])[0]

    def _create(self, random: Random, name: str, snapshot: str) -> Event:
        if name in NAMES:
            return CreateVolume(size=1 << 20, replicas=random.choice([1, 2, 2, 3, 3]))
        ready = [one for one in NAMES if self.states.get(one, Volume()).in_mode("resting", "running")]
        source = random.choice(ready or NAMES)
        return CreateVolume(size=0, source_volume=source, source_snapshot=random.choice([snapshot, ""]))

    # What agents see.

    def believe(self, node: str, kind: str, name: str, state: Any) -> None:
        assert kind == "volume"
        self.beliefs[node, name] = state

    def observe(self, node: str) -> list[tuple[str, str, Event]]:
        seen: list[tuple[str, str, Event]] = []
        for (at, name), state in self.beliefs.items():
            if at == node and node:
                seen += [("volume", name, event) for event in self._seen(node, name, state)]
        return seen

    def _kill_unwanted(self, node: str, name: str, state: Volume) -> None:
        for key in [key for key, one in self.controllers.items() if key[0] == name and one.node == node]:
            if unwanted_controller(state, key[1]):
                del self.controllers[key]
        for (at, volume, replica), disk in self.disks.items():
            mine = (at, volume) == (node, name) and disk.process is not None
            if mine and unwanted_replica(state, node, replica, disk.spent):
                disk.die(None)

    def _seen(self, node: str, name: str, state: Volume) -> list[Event]:
        self._kill_unwanted(node, name, state)
        wanted = engines(state, node)
        seen: list[Event] = []
        generation = wanted.controller
        if generation is not None and (name, generation) not in self.controllers:
            complete = self.ended.get((name, generation))
            died = ControllerDied(generation=generation, clean=complete is not None, replicas=complete or ())
            seen.append(died)
        for replica, incarnation in wanted.replicas.items():
            disk = self.disks.get((node, name, replica))
            if disk is None or disk.process is None or disk.process.incarnation != incarnation:
                clean = disk is not None and disk.clean_at == incarnation
                seen.append(ReplicaDied(replica=replica, incarnation=incarnation, clean=clean))
        for (volume, number), controller in self.controllers.items():
            if volume == name and controller.node == node:
                members = state.controller.members if state.controller else ()
                for other in controller.members:
                    if self._connected(controller, name, other):
                        self.disks[controller.members[other][0], name, other].lost.update(controller.failed)
                seen += [MemberFailed(replica=one, generation=number) for one in controller.failed if one in members]
        return seen

    # What agents do.

    def perform(self, node: str, job: Job) -> Event:
        action, id, name = job.effect.action, job.effect.id, job.name
        match action:
            case FindNodes():
                offers = tuple(NodeOffer(node=one, free=10) for one in self.nodes if one)
                return NodesFound(effect=id, nodes=offers)
            case BuildReplica():
                disk = self.disks.setdefault((node, name, action.replica), Disk())
                for source in action.layers:
                    other = self._disk(source.node, source.volume or name, source.replica)
                    disk.layers[source.name] = dict(self._frozen(other, source.name))
                    disk.chain = [*[one for one in disk.chain if one != source.name], source.name]
                self._stack(disk)
                if action.head and action.head not in disk.layers:
                    disk.layers[action.head] = {}
                    disk.chain.append(action.head)
                    disk.head = action.head
                    self._stack(disk)
                return ReplicaBuilt(effect=id, replica=action.replica)
            case StartReplica():
                return self._start(node, name, id, action)
            case FenceReplica():
                process = self._process(node, name, action.replica, action.incarnation)
                process.generation = action.generation
                address = _address(action.incarnation, action.generation)
                return ReplicaFenced(effect=id, replica=action.replica, generation=action.generation, address=address)
            case StopReplica():
                return self._stop(node, name, id, action)
            case RemoveReplica():
                self.disks.pop((node, name, action.replica), None)
                return ReplicaRemoved(effect=id, replica=action.replica)
            case InspectReplica():
                disk = self._disk(node, name, action.replica)
                alive = disk.process is not None or disk.clean_at == disk.spent
                if disk.process is not None:
                    disk.flush()
                    disk.process, disk.clean_at = None, disk.spent
                return ReplicaInspected(
                    effect=id,
                    replica=action.replica,
                    usable=True,
                    alive=alive,
                    head=disk.head,
                    written_ns=disk.written,
                    lost=tuple(sorted(disk.lost)),
                )
            case MergeLayer():
                return self._merge(node, name, id, action)
            case SettleReplica():
                return self._settle(node, name, id, action)
            case _:
                return self._control(node, name, id, action)

    def _control(self, node: str, name: str, id: str, action: Any) -> Event:
        match action:
            case StartController():
                for key in [one for one in self.controllers if one[0] == name and one[1] < action.generation]:
                    if self.controllers[key].node == node:
                        del self.controllers[key]
                if (name, action.generation) not in self.controllers:
                    if (name, action.generation) in self.ended:
                        raise EffectError("that generation has ended", permanent=True)
                    self.begun.add((name, action.generation))
                    for member in action.members:
                        self._member(name, member, action.generation)
                    self.controllers[name, action.generation] = Controller(node, action.generation, action.members)
                return ControllerStarted(effect=id, generation=action.generation, endpoint="nbd")
            case StopController():
                key = (name, action.generation)
                controller = self.controllers.pop(key, None)
                if controller is not None:
                    self._flush(name, controller)
                if controller is not None:
                    self.ended[key] = tuple(controller.members)
                elif key not in self.begun:
                    self.ended[key] = None
                self.begun.add(key)
                clean, complete = key in self.ended, self.ended.get(key) or ()
                begun = not clean or self.ended[key] is not None
                return ControllerStopped(
                    effect=id, generation=action.generation, clean=clean, replicas=complete, begun=begun
                )
            case DropMember():
                controller = self._controller(name, action.generation)
                working = [one for one in controller.members if self._connected(controller, name, one)]
                if not [one for one in working if one != action.replica]:
                    raise EffectError("no other member works", permanent=True)
                controller.members.pop(action.replica, None)
                controller.failed = [one for one in controller.failed if one != action.replica]
                return MemberDropped(effect=id, replica=action.replica, generation=action.generation)
            case FreezeHead():
                taken = self._freeze(name, action.generation, action.layer, action.head, action.members)
                return LayerFrozen(effect=id, layer=action.layer, head=action.head, replicas=taken, frozen_ms=1.0)
            case JoinReplica():
                return self._join(name, id, action)
            case _:
                raise AssertionError(f"nobody does {action}")

    def _start(self, node: str, name: str, id: str, action: StartReplica) -> Event:
        disk = self._disk(node, name, action.replica)
        running = disk.process is not None and disk.process.incarnation == action.incarnation
        if not running:
            if action.incarnation <= disk.spent:
                raise EffectError("that incarnation is spent", permanent=True)
            disk.die(None)
            for gone in action.obsolete:
                disk.layers.pop(gone, None)
            present = disk.head in disk.layers
            if present and disk.head not in (*action.chain, *action.known):
                raise EffectError(f"its head is {disk.head}, which is none of the volume's", permanent=True)
            there = [n for n, one in enumerate(action.chain) if one in disk.layers]
            above = action.chain[max(there, default=-1) + 1 :]
            chain = [*(one for one in action.chain if one in disk.layers), *above]
            for below, one in zip(["", *chain], chain, strict=False):
                if one in disk.layers and disk.below.get(one, "") != below:
                    raise EffectError(f"{one} is on top of {disk.below.get(one)}, not of {below}", permanent=True)
                disk.below[one] = below
            for one in above:
                disk.layers[one] = {}
            disk.chain, disk.head, disk.spent = chain, chain[-1], action.incarnation
            disk.lost = set()
            disk.process = Process(action.incarnation, action.generation)
        address = _address(action.incarnation, action.generation)
        return ReplicaStarted(effect=id, replica=action.replica, incarnation=action.incarnation, address=address)

    def _stop(self, node: str, name: str, id: str, action: StopReplica) -> Event:
        disk = self._disk(node, name, action.replica)
        if disk.process and disk.process.incarnation == action.incarnation:
            disk.flush()
            disk.process, disk.clean_at = None, action.incarnation
        clean = disk.clean_at == action.incarnation
        return ReplicaStopped(effect=id, replica=action.replica, incarnation=action.incarnation, clean=clean)

    def _freeze(self, name: str, generation: int, layer: str, head: str, members: Any) -> tuple[str, ...]:
        controller = self._controller(name, generation)
        taken = []
        for member in members:
            disk = self.disks.get((member.node, name, member.replica))
            if (
                member.replica not in controller.members
                or disk is None
                or not self._connected(controller, name, member.replica)
            ):
                continue
            if disk.head == layer:
                disk.flush()
                self.oracles.setdefault(name, Oracle()).freeze(layer, disk.content())
                disk.layers[head] = {}
                disk.chain.append(head)
                disk.head = head
                self._stack(disk)
            if disk.head == head:
                taken.append(member.replica)
        if not taken:
            raise EffectError("no member could freeze its head")
        # One that is left behind must not acknowledge anything alone.
        for left in [one for one in controller.members if one not in taken]:
            del controller.members[left]
        return tuple(taken)

    def _join(self, name: str, id: str, action: JoinReplica) -> Event:
        controller = self._controller(name, action.generation)
        joining = action.joining
        disk = self._disk(joining.node, name, joining.replica)
        process = self._process(joining.node, name, joining.replica, joining.incarnation)
        if joining.replica not in controller.members:
            first = self._disk(action.members[0].node, name, action.members[0].replica)
            if first.head != action.layer:
                raise EffectError("the head is frozen already: too late to join", permanent=True)
            taken = self._freeze(name, action.generation, action.layer, action.head, action.members)
            source = next(m for m in action.members if m.replica in taken)
            disk.borrowed = self._disk(source.node, name, source.replica).content(action.layer)
            disk.layers, disk.chain, disk.head = {action.head: {}}, [action.head], action.head
            controller.members[joining.replica] = (joining.node, process.incarnation, controller.generation)
        else:
            taken = tuple(member.replica for member in action.members if member.replica in controller.members)
        return ReplicaJoined(
            effect=id, replica=joining.replica, layer=action.layer, head=action.head, replicas=taken, frozen_ms=1.0
        )

    def _settle(self, node: str, name: str, id: str, action: SettleReplica) -> Event:
        self._process(node, name, action.replica, action.incarnation)
        disk = self._disk(node, name, action.replica)
        for source in action.layers:
            other = self._disk(source.node, name, source.replica)
            disk.layers[source.name] = dict(self._frozen(other, source.name))
        disk.chain = [*(source.name for source in action.layers), disk.head]
        disk.borrowed = {}
        self._stack(disk)
        return ReplicaSettled(effect=id, replica=action.replica)

    def _merge(self, node: str, name: str, id: str, action: MergeLayer) -> Event:
        disk = self._disk(node, name, action.replica)
        if action.layer in disk.layers:
            if action.child not in disk.layers:
                # The head of a volume at rest gets its file when it is started.
                disk.layers[action.child] = {}
                disk.head = action.child if disk.head == action.layer else disk.head
                disk.chain = [*disk.chain, action.child]
            disk.layers[action.child] = disk.layers.pop(action.layer) | disk.layers[action.child]
            disk.chain = [one for one in disk.chain if one != action.layer]
            disk.below[action.child] = action.below
        return LayerMerged(effect=id, replica=action.replica, layer=action.layer)

    def _stack(self, disk: Disk) -> None:
        disk.below |= dict(zip(disk.chain, ["", *disk.chain], strict=False))

    def _disk(self, node: str, name: str, replica: str) -> Disk:
        disk = self.disks.get((node, name, replica))
        if disk is None:
            raise EffectError(f"there is no replica {replica} of {name} on {node}")
        return disk

    def _frozen(self, disk: Disk, layer: str) -> Blocks:
        if layer not in disk.layers or (layer == disk.head and disk.process):
            raise EffectError(f"layer {layer} is not there, or written")
        return disk.layers[layer]

    def _process(self, node: str, name: str, replica: str, incarnation: int) -> Process:
        process = self._disk(node, name, replica).process
        if process is None or process.incarnation != incarnation:
            raise EffectError("its process is gone")
        return process

    def _member(self, name: str, member: Member, generation: int) -> None:
        process = self._process(member.node, name, member.replica, member.incarnation)
        if process.generation != generation:
            raise EffectError(f"{member.replica} is served to another controller")

    def _controller(self, name: str, generation: int) -> Controller:
        if (name, generation) not in self.controllers:
            raise EffectError("the controller is gone")
        return self.controllers[name, generation]

    def _connected(self, controller: Controller, name: str, replica: str) -> bool:
        node, incarnation, generation = controller.members[replica]
        disk = self.disks.get((node, name, replica))
        process = disk.process if disk else None
        return process is not None and (process.incarnation, process.generation) == (incarnation, generation)

    # What clients do, and what dies.

    def suffer(self, random: Random) -> str:
        self.clock += SECOND
        what = random.choices(("write", "flush", "replica", "controller", "node"), (45, 15, 8, 3, 2))[0]
        alive = list(self.controllers.items())
        if what in ("write", "flush", "controller") and not alive:
            return "nobody writes"
        match what:
            case "write":
                (name, _), controller = random.choice(alive)
                return self._write(name, controller, random.randrange(BLOCKS))
            case "flush":
                (name, number), controller = random.choice(alive)
                return f"flush of {name} by {number}: {'done' if self._flush(name, controller) else 'EIO'}"
            case "controller":
                (name, number), _ = random.choice(alive)
                del self.controllers[name, number]
                return f"controller {number} of {name} dies"
            case "replica":
                return self._kill(random, lambda _: random.random() < 0.3)
            case _:
                node = random.choice(self.nodes[1:])
                for key in [key for key, one in alive if one.node == node]:
                    del self.controllers[key]
                return f"{node} falls: " + self._kill(random, lambda key: key[0] == node)

    def _kill(self, random: Random, chosen: Any) -> str:
        keys = [key for key, disk in self.disks.items() if disk.process and chosen(key)]
        for key in keys:
            self.disks[key].die(random)
        return f"processes die: {', '.join('/'.join(key) for key in keys)}"

    def _write(self, name: str, controller: Controller, block: int) -> str:
        oracle = self.oracles.setdefault(name, Oracle())
        value = self.clock
        if controller.generation >= oracle.served:
            oracle.tried(block, value)
        done = self._each(name, controller, lambda disk: disk.write(block, value, self.clock))
        return f"write of {name} by {controller.generation}: block {block} = {value} {'done' if done else 'EIO'}"

    def _flush(self, name: str, controller: Controller) -> bool:
        done = self._each(name, controller, Disk.flush)
        oracle = self.oracles.setdefault(name, Oracle())
        if done and controller.generation >= oracle.generation:
            oracle.flushed(self._first(name, controller).content())
        return done

    def _first(self, name: str, controller: Controller) -> Disk:
        replica = next(one for one in controller.members if self._connected(controller, name, one))
        return self.disks[controller.members[replica][0], name, replica]

    def _each(self, name: str, controller: Controller, do: Any) -> bool:
        """Let every member do something; those that fail are used no longer. True if one did it."""
        connected = [one for one in controller.members if self._connected(controller, name, one)]
        for replica in [one for one in controller.members if one not in connected]:
            del controller.members[replica]
            controller.failed.append(replica)
        disks = [self.disks[controller.members[replica][0], name, replica] for replica in connected]
        for disk in disks:
            do(disk)
            if not self._hasty:
                disk.lost.update(controller.failed)
        return bool(disks)

    # What must hold.

    def follow(self, kind: str, name: str, state: Any) -> None:
        assert kind == "volume"
        self.states[name] = state
        oracle = self.oracles.setdefault(name, Oracle())
        oracle.follow(state, lambda layer: self._content_of(name, state, layer), self.oracles)

    def check(self, entities: dict[tuple[str, str], Entity[Any]]) -> None:
        for (_, name), entity in entities.items():
            state: Volume = entity.state
            oracle = self.oracles[name]
            controller = state.controller
            alive = controller and self.controllers.get((name, controller.generation))
            if alive:
                for replica in alive.members:
                    if self._connected(alive, name, replica):
                        disk = self.disks[alive.members[replica][0], name, replica]
                        oracle.check(disk.content(), f"{name}, read from {replica}")
                        break

    def _content_of(self, name: str, state: Volume, layer: str) -> Blocks | None:
        for replica in state.in_mode("resting", "running"):
            disk = self.disks.get((replica.node, name, replica.name))
            if disk:
                return disk.along(state.chain(layer))
        return None

    def check_at_rest(self, entities: dict[tuple[str, str], Entity[Any]]) -> None:
        for (_, name), entity in entities.items():
            state: Volume = entity.state
            oracle = self.oracles[name]
            contents = []
            for replica in state.in_mode("resting", "running"):
                disk = self.disks[replica.node, name, replica.name]
                contents.append(disk.along(state.chain(state.head)))
                oracle.check(contents[-1], f"{name} at rest, read from {replica.name}")
                for layer in state.layers:
                    if layer.snapshot and layer.name in disk.chain:
                        oracle.check_snapshot(layer.name, disk.content(layer.name), f"{name}, {replica.name}")
            assert all(one == contents[0] for one in contents), f"replicas of {name} differ: {contents}"
            controllers = [one for one in self.controllers if one[0] == name]
            if state.controller:
                assert (name, state.controller.generation) in controllers, f"{name} is served by nobody"


def _address(incarnation: int, generation: int) -> Address:
    return Address(export=f"r-i{incarnation}-g{generation}")
