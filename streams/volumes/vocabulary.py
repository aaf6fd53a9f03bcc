"""The messages that a volume takes, and which of them answer what."""

from collections.abc import Mapping
from typing import Final

from schemas.types.volumes import (
    AttachVolume,
    ChangeReplicas,
    ControllerDied,
    ControllerStarted,
    ControllerStopped,
    CreateVolume,
    DeleteSnapshot,
    DetachVolume,
    HoldSnapshot,
    LayerFrozen,
    LayerMerged,
    MemberDropped,
    MemberFailed,
    NodesFound,
    ReleaseSnapshot,
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
    SourceReady,
    SourceRefused,
    TakeSnapshot,
)
from streams.lifecycles.vocabulary import EVERY_COMMAND, EVERY_OBSERVATION
from streams.volumes.effects import (
    BuildReplica,
    DropMember,
    FenceReplica,
    FindNodes,
    FreezeHead,
    InspectReplica,
    JoinReplica,
    MergeLayer,
    RemoveReplica,
    SettleReplica,
    StartController,
    StartReplica,
    StopController,
    StopReplica,
)

COMMANDS: Final[frozenset[type]] = EVERY_COMMAND.union(
    {
        CreateVolume,
        AttachVolume,
        DetachVolume,
        TakeSnapshot,
        DeleteSnapshot,
        RevertVolume,
        ChangeReplicas,
        RepairVolume,
        SalvageVolume,
        HoldSnapshot,
        ReleaseSnapshot,
        SourceReady,
        SourceRefused,
    }
)
OBSERVATIONS: Final[frozenset[type]] = EVERY_OBSERVATION.union(
    {
        NodesFound,
        ReplicaBuilt,
        ReplicaStarted,
        ReplicaFenced,
        ReplicaStopped,
        ReplicaRemoved,
        ReplicaDied,
        ReplicaInspected,
        ControllerStarted,
        ControllerStopped,
        ControllerDied,
        MemberFailed,
        MemberDropped,
        LayerFrozen,
        ReplicaJoined,
        ReplicaSettled,
        LayerMerged,
    }
)
ANSWERS: Final[Mapping[type, type]] = {
    FindNodes: NodesFound,
    BuildReplica: ReplicaBuilt,
    StartReplica: ReplicaStarted,
    FenceReplica: ReplicaFenced,
    StopReplica: ReplicaStopped,
    RemoveReplica: ReplicaRemoved,
    InspectReplica: ReplicaInspected,
    StartController: ControllerStarted,
    StopController: ControllerStopped,
    DropMember: MemberDropped,
    FreezeHead: LayerFrozen,
    JoinReplica: ReplicaJoined,
    SettleReplica: ReplicaSettled,
    MergeLayer: LayerMerged,
}
