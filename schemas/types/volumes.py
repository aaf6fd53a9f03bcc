"""Made from `schemas/avsc/volumes` by `make types`; change those files, not this one."""

import msgspec


class HoldSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A clone asks its source to keep a snapshot until it is released."""

    holder: str
    """Name of the clone."""
    snapshot: str = ''
    """Name; empty: take one."""


class ReleaseSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A clone needs its source no longer."""

    holder: str
    """Name of the clone."""


class SourceReady(msgspec.Struct, frozen=True, kw_only=True):
    """A source tells its clone what to copy."""

    size: int
    """Bytes of the source."""
    snapshot: str
    """Snapshot that is held."""
    layers: tuple[str, ...]
    """Layers to copy, oldest first."""
    replica: str
    """Replica that has them."""
    node: str
    """Node of that replica."""
    next_layer: int
    """Number from which the clone names its own layers."""


class SourceRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A source tells its clone that it cannot be copied."""

    reason: str
    """Why."""


class CreateVolume(msgspec.Struct, frozen=True, kw_only=True):
    """Make a volume, empty or from another's snapshot."""

    size: int = 0
    """Bytes; 0: that of the source."""
    replicas: int = 2
    """How many copies."""
    anti_affinity: str = 'preferred'
    """required: no two replicas on one node; preferred: only if there are too few nodes."""
    nodes: tuple[str, ...] = ()
    """Nodes that replicas may be on; empty: any."""
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    """Labels to begin with."""
    source_volume: str = ''
    """Volume to clone; empty: none."""
    source_snapshot: str = ''
    """Its snapshot; empty: one made for it."""


class AttachVolume(msgspec.Struct, frozen=True, kw_only=True):
    """Serve the volume on a node."""

    node: str = ''
    """Node; empty: that of the first replica."""


class DetachVolume(msgspec.Struct, frozen=True, kw_only=True):
    """End serving the volume."""


class TakeSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Freeze what the volume holds now under a name."""

    snapshot: str
    """Name."""


class DeleteSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a snapshot; later ones keep what they hold."""

    snapshot: str
    """Name."""


class RevertVolume(msgspec.Struct, frozen=True, kw_only=True):
    """Make the volume hold what a snapshot holds; what was written since is lost."""

    snapshot: str
    """Name."""


class ChangeReplicas(msgspec.Struct, frozen=True, kw_only=True):
    """Have another number of copies."""

    replicas: int
    """How many."""


class RepairVolume(msgspec.Struct, frozen=True, kw_only=True):
    """Try again what was given up: to place, build and join replicas."""


class SalvageVolume(msgspec.Struct, frozen=True, kw_only=True):
    """Make a faulted volume usable with what one replica holds."""

    replica: str = ''
    """Name of the replica; empty: the one written last."""


class VolumeCreated(msgspec.Struct, frozen=True, kw_only=True):
    """There is a volume; its replicas are to be placed."""

    size: int
    """Bytes."""
    replicas: int
    """How many copies are wanted."""
    anti_affinity: str
    """required or preferred."""
    nodes: tuple[str, ...]
    """Nodes that replicas may be on; empty: any."""
    source_volume: str = ''
    """Volume that it is a clone of; empty: none."""
    source_snapshot: str = ''
    """The snapshot asked for."""


class SourceFound(msgspec.Struct, frozen=True, kw_only=True):
    """What the clone copies is known."""

    size: int
    """Bytes."""
    layers: tuple[str, ...]
    """Layers, oldest first."""
    volume: str
    """Source."""
    replica: str
    """Its replica."""
    node: str
    """Node of that replica."""
    snapshot: str
    """The snapshot."""
    next_layer: int
    """Number of the clone's first layer."""


class SourceReleased(msgspec.Struct, frozen=True, kw_only=True):
    """The clone has all it needs of its source."""


class ReplicaPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """A replica is to be on a node."""

    replica: str
    """Name of the replica, such as r1."""
    node: str
    """Node."""


class AttachmentRequested(msgspec.Struct, frozen=True, kw_only=True):
    """The volume is to be served on a node."""

    node: str
    """Node."""
    generation: int
    """Number of the controller."""
    at: int = 0
    """When it was asked for, ns since the epoch."""


class DetachmentRequested(msgspec.Struct, frozen=True, kw_only=True):
    """The volume is to be served no longer."""


class AttachmentFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The volume could not be served; its replicas are put to rest."""

    node: str
    """Node that it was to be served on."""
    reason: str
    """Why."""


class ReplicaRestarted(msgspec.Struct, frozen=True, kw_only=True):
    """A replica that holds everything is started once more."""

    replica: str
    """Name of the replica, such as r1."""
    incarnation: int
    """Number of the start of the replica's process."""


class VolumeDetached(msgspec.Struct, frozen=True, kw_only=True):
    """The volume is served no longer, and its replicas are at rest."""


class ReplicaFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A replica counts no longer: it missed writes, or may have."""

    replica: str
    """Name of the replica, such as r1."""
    reason: str
    """Why."""


class ReplicaReadied(msgspec.Struct, frozen=True, kw_only=True):
    """A replica is at rest and holds everything."""

    replica: str
    """Name of the replica, such as r1."""


class JoiningBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A replica that has nothing yet is started, to take part in writes and copy the rest."""

    replica: str
    """Name of the replica, such as r1."""
    incarnation: int
    """Number of the start of the replica's process."""
    layer: str
    """Layer that is to be frozen when it joins."""
    head: str
    """Layer that it begins with."""


class ControllerLost(msgspec.Struct, frozen=True, kw_only=True):
    """The controller is gone, or may be; its replicas may differ, and which was written last is found out."""

    generation: int
    """Number of the controller."""
    reason: str = ''
    """What happened."""
    at: int = 0
    """When, ns since the epoch."""


class ControllerEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The controller is gone in good order; replicas are started again."""

    generation: int
    """Number of the controller."""


class ReplicasLost(msgspec.Struct, frozen=True, kw_only=True):
    """All replicas of the volume are gone at once; which was written last is found out."""

    generation: int
    """Number of the controller."""
    reason: str = ''
    """What happened."""
    at: int = 0
    """When, ns since the epoch."""


class SourceChosen(msgspec.Struct, frozen=True, kw_only=True):
    """The volume goes on with what one replica holds; the others count no longer."""

    replica: str
    """Name of the replica, such as r1."""
    generation: int
    """Number of the controller."""
    epoch: int
    """Number of the volume's content: when it changes, writes that clients were told of and had not flushed are lost."""


class SnapshotRequested(msgspec.Struct, frozen=True, kw_only=True):
    """What the volume holds is to be frozen under a name."""

    snapshot: str
    """Name."""
    layer: str
    """Layer that is frozen."""
    head: str
    """Layer that writes go to afterwards."""
    at: int
    """When it was asked for, ns since the epoch."""
    holder: str = ''
    """Clone that it is for; empty: none."""


class SnapshotTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot is there."""

    snapshot: str
    """Name."""
    layer: str
    """Its layer."""
    at: int
    """When it was asked for, ns since the epoch."""


class SnapshotFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot could not be taken; the volume goes on without it."""

    snapshot: str
    """Name."""
    reason: str
    """Why."""


class SnapshotDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot is no longer there by its name; its layer goes when it can."""

    snapshot: str
    """Name."""


class MergeBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A layer that nobody needs is taken out."""

    layer: str
    """Layer."""
    number: int = 1
    """How often it was begun."""
    child: str
    """Layer that takes up what is in it."""
    replicas: tuple[str, ...]
    """Replicas that do it."""


class LayersDropped(msgspec.Struct, frozen=True, kw_only=True):
    """Layers that nothing is based on any more are gone."""

    layers: tuple[str, ...]
    """Layers."""


class MergeGivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """A layer stays that should have been taken out, until somebody asks for a repair."""

    layer: str
    """Layer."""
    reason: str
    """Why."""


class MergeEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A layer is gone from all replicas."""

    layer: str
    """Layer."""


class VolumeReverted(msgspec.Struct, frozen=True, kw_only=True):
    """The volume holds what a snapshot holds."""

    snapshot: str
    """Name."""
    head: str
    """Layer that writes go to now."""


class ReplicasChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Another number of copies is wanted."""

    replicas: int
    """How many."""


class ReplicaSurrendered(msgspec.Struct, frozen=True, kw_only=True):
    """A replica is one too many, or counts no longer, and is removed."""

    replica: str
    """Name of the replica, such as r1."""


class ReplicaForgotten(msgspec.Struct, frozen=True, kw_only=True):
    """A replica could not be removed; what is left of it on its node is nobody's."""

    replica: str
    """Name of the replica, such as r1."""
    node: str
    """The node."""


class RepairGivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """No replica is placed, built or joined any more until somebody asks for it."""

    reason: str
    """Why."""


class RepairRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Replicas are placed, built and joined again."""


class VolumeFaulted(msgspec.Struct, frozen=True, kw_only=True):
    """The volume cannot be served."""

    reason: str
    """Why."""
    fix: str = ''
    """What can be done."""


class VolumeSalvaged(msgspec.Struct, frozen=True, kw_only=True):
    """The volume is usable again with what one replica holds."""

    replica: str
    """Name of the replica, such as r1."""
    epoch: int
    """Number of the volume's content."""


class DeletionStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The volume and its replicas are removed."""


class VolumeDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is left of the volume."""


class SnapshotHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot is kept for a clone."""

    holder: str
    """Name of the clone."""
    snapshot: str
    """Name of the snapshot."""


class HoldRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A clone cannot be made of the volume."""

    holder: str
    """Name of the clone."""
    reason: str
    """Why."""


class SnapshotReleased(msgspec.Struct, frozen=True, kw_only=True):
    """A clone needs the volume no longer."""

    holder: str
    """Name of the clone."""


class NodeOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A node that can take a replica."""

    node: str
    """Name."""
    free: int
    """Bytes free on it."""


class NodesFound(msgspec.Struct, frozen=True, kw_only=True):
    """Nodes were looked for that can take replicas."""

    effect: str
    """Id of the effect that this answers."""
    nodes: tuple[NodeOffer, ...]
    """Those that can."""


class ReplicaBuilt(msgspec.Struct, frozen=True, kw_only=True):
    """A replica has its folder, and the layers that it was to copy."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where an export of the network block device protocol is."""

    host: str = ''
    """Host name or address; empty for a socket of the node."""
    port: int = 0
    """TCP port; 0 for a socket."""
    path: str = ''
    """Path of the socket on its node."""
    export: str
    """Name of the export."""


class ReplicaStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A replica's process serves."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""
    incarnation: int
    """Number of the start of the replica's process."""
    address: Address
    """Where."""


class ReplicaFenced(msgspec.Struct, frozen=True, kw_only=True):
    """A replica is served to one controller only."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""
    generation: int
    """Number of the controller."""
    address: Address
    """Where."""


class ReplicaStopped(msgspec.Struct, frozen=True, kw_only=True):
    """A replica's process ended as it was told to."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""
    incarnation: int
    """Number of the start of the replica's process."""
    clean: bool
    """Whether all it held is in its file."""


class ReplicaRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is left of a replica."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""


class ReplicaDied(msgspec.Struct, frozen=True, kw_only=True):
    """A replica's process is gone without having been told to go."""

    replica: str
    """Name of the replica, such as r1."""
    incarnation: int
    """Number of the start of the replica's process."""
    clean: bool = False
    """Whether all it held is in its file."""
    error: str = ''
    """What was seen, for a person."""


class ReplicaInspected(msgspec.Struct, frozen=True, kw_only=True):
    """What a replica whose process died has on disk."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""
    usable: bool
    """Whether it could be read."""
    alive: bool = False
    """Whether its process ran until now, so that it holds all that it was told."""
    head: str = ''
    """Its newest layer."""
    written_ns: int = 0
    """When its head was written last, ns since the epoch."""
    lost: tuple[str, ...] = ()
    """Replicas that it knows to have missed writes."""


class ControllerStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A volume is served."""

    effect: str
    """Id of the effect that this answers."""
    generation: int
    """Number of the controller."""
    endpoint: str
    """URI of the endpoint on its node."""


class ControllerStopped(msgspec.Struct, frozen=True, kw_only=True):
    """A controller ended as it was told to."""

    effect: str
    """Id of the effect that this answers."""
    generation: int
    """Number of the controller."""
    clean: bool
    """Whether it ended in good order."""
    replicas: tuple[str, ...] = ()
    """Replicas that got everything, if so."""
    begun: bool = True
    """Whether it ever served."""


class ControllerDied(msgspec.Struct, frozen=True, kw_only=True):
    """A controller is gone without having been told to go."""

    generation: int
    """Number of the controller."""
    clean: bool = False
    """Whether it ended in good order."""
    replicas: tuple[str, ...] = ()
    """Replicas that got everything, if so."""
    error: str = ''
    """What was seen, for a person."""


class MemberFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A replica did not carry out what its controller asked."""

    replica: str
    """Name of the replica, such as r1."""
    generation: int
    """Number of the controller."""
    error: str = ''
    """What was seen, for a person."""


class MemberDropped(msgspec.Struct, frozen=True, kw_only=True):
    """A controller no longer uses a replica."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""
    generation: int
    """Number of the controller."""


class LayerFrozen(msgspec.Struct, frozen=True, kw_only=True):
    """What a volume holds is frozen in a layer; writes go to the next."""

    effect: str
    """Id of the effect that this answers."""
    layer: str
    """Layer that is frozen."""
    head: str
    """Layer that writes go to now."""
    replicas: tuple[str, ...]
    """Replicas that have it."""
    frozen_ms: float
    """How long writes were held back, ms."""
    size: int = 0
    """Bytes that the layer takes on the first replica."""


class ReplicaJoined(msgspec.Struct, frozen=True, kw_only=True):
    """A replica takes part in all writes from the moment a layer was frozen."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""
    layer: str
    """Layer that is frozen."""
    head: str
    """Layer that writes go to now."""
    replicas: tuple[str, ...]
    """Members that have it."""
    frozen_ms: float
    """How long writes were held back, ms."""


class ReplicaSettled(msgspec.Struct, frozen=True, kw_only=True):
    """A replica has all layers of its own."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""
    bytes: int = 0
    """Bytes that were copied."""


class LayerMerged(msgspec.Struct, frozen=True, kw_only=True):
    """A replica holds a layer no longer: what was in it is in the next."""

    effect: str
    """Id of the effect that this answers."""
    replica: str
    """Name of the replica, such as r1."""
    layer: str
    """Layer that is gone."""
