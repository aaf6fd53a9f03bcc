"""The one table of all topics: topics are created, documented and checked from it."""

from typing import Final, Literal

import msgspec

DAY_MS: Final = 24 * 60 * 60 * 1000


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A Kafka topic of deedlog: its name, what its keys and values are, and how long it keeps them."""

    name: str
    doc: str
    key: str
    """What the message key is, for people."""
    schemas: tuple[str, ...]
    """Full names of the Avro records that may be on it; empty for a topic that is not Avro."""
    partitions: int
    retention_ms: int | None
    """Milliseconds; None keeps for ever."""
    retention_bytes: int | None = None
    """Bytes of each partition, as the broker keeps them; None: no matter how many."""
    cleanup: Literal["delete", "compact"] = "delete"
    max_message_bytes: int = 1 << 20

    def subject(self, schema: str) -> str:
        """Return the registry subject of a schema on this topic (TopicRecordNameStrategy)."""
        return f"{self.name}-{schema}"


SYSCALLS: Final = Topic(
    name="syscalls",
    doc="Batches of system calls, one message for many events.",
    key="node",
    schemas=("deedlog.syscalls.SyscallBatch",),
    partitions=4,
    retention_ms=7 * DAY_MS,
    retention_bytes=4 << 30,
    max_message_bytes=8 << 20,
)
K8S_AUDIT: Final = Topic(
    name="k8s-audit",
    doc="Audit events of Kubernetes API servers, one a message.",
    key="cluster",
    schemas=("deedlog.audit.AuditEvent",),
    partitions=4,
    retention_ms=30 * DAY_MS,
    retention_bytes=4 << 30,
    max_message_bytes=8 << 20,
)
CLOUDTRAIL: Final = Topic(
    name="cloudtrail",
    doc="Events of AWS CloudTrail, one a message.",
    key="account",
    schemas=("deedlog.audit.AuditEvent",),
    partitions=4,
    retention_ms=90 * DAY_MS,
    retention_bytes=4 << 30,
    max_message_bytes=8 << 20,
)
ALERTS: Final = Topic(
    name="alerts",
    doc="What the rules said.",
    key="rule",
    schemas=("deedlog.alerts.Alert",),
    partitions=4,
    retention_ms=90 * DAY_MS,
)
EVENTS: Final = Topic(
    name="events",
    doc="What people and programs put on record.",
    key="subject",
    schemas=("deedlog.events.Note",),
    partitions=4,
    retention_ms=None,
)
PIPELINE: Final = Topic(
    name="pipeline",
    doc="The life of the pipeline itself: processes started and ended, events dropped.",
    key="node",
    schemas=(
        "deedlog.pipeline.ProcessStarted",
        "deedlog.pipeline.ProcessExited",
        "deedlog.pipeline.EventsDropped",
    ),
    partitions=1,
    retention_ms=90 * DAY_MS,
)
_TO_EVERY_LIFECYCLE: Final = tuple(
    f"deedlog.lifecycles.{name}"
    for name in (
        "ChangeLabels",
        "AddFinalizer",
        "RemoveFinalizer",
        "Delete",
        "EffectFailed",
        "EffectProgressed",
        "TimerElapsed",
    )
)
_OF_EVERY_LIFECYCLE: Final = tuple(
    f"deedlog.lifecycles.{name}"
    for name in (
        "LabelsChanged",
        "FinalizerAdded",
        "FinalizerRemoved",
        "DeletionRequested",
        "CommandRejected",
        "CommandUnchanged",
        "EffectRetried",
        "EffectProgressed",
        "EffectGivenUp",
    )
)


def _inbox(kind: str, *messages: str, partitions: int = 4) -> Topic:
    return Topic(
        name=f"{kind}s.inbox",
        doc=f"Commands to {kind}s, and what is observed of them.",
        key=f"name of the {kind}",
        schemas=(*_TO_EVERY_LIFECYCLE, *(f"deedlog.{kind}s.{name}" for name in messages)),
        partitions=partitions,
        retention_ms=30 * DAY_MS,
    )


def _history(kind: str, *events: str, partitions: int = 4) -> Topic:
    return Topic(
        name=f"{kind}s.events",
        doc=f"The history of all {kind}s: what they are is the fold of it. Written by the lifecycle host alone.",
        key=f"name of the {kind}",
        schemas=(*_OF_EVERY_LIFECYCLE, *(f"deedlog.{kind}s.{name}" for name in events)),
        partitions=partitions,
        retention_ms=None,
    )


NODES_INBOX: Final = _inbox("node", "NodeReported", "CordonNode", "UncordonNode")
NODES_EVENTS: Final = _history("node", "NodeReported", "NodeCordoned", "NodeUncordoned", "NodeForgotten")
_OBSERVED_OF_VOLUMES: Final = (
    "ReplicaBuilt",
    "ReplicaStarted",
    "ReplicaFenced",
    "ReplicaStopped",
    "ReplicaRemoved",
    "ReplicaDied",
    "ReplicaInspected",
    "ControllerStarted",
    "ControllerStopped",
    "ControllerDied",
    "MemberFailed",
    "MemberDropped",
    "LayerFrozen",
    "ReplicaJoined",
    "ReplicaSettled",
    "LayerMerged",
)
VOLUMES_INBOX: Final = _inbox(
    "volume",
    "CreateVolume",
    "AttachVolume",
    "DetachVolume",
    "TakeSnapshot",
    "DeleteSnapshot",
    "RevertVolume",
    "ChangeReplicas",
    "RepairVolume",
    "SalvageVolume",
    "HoldSnapshot",
    "ReleaseSnapshot",
    "SourceReady",
    "SourceRefused",
    "NodesFound",
    *_OBSERVED_OF_VOLUMES,
)
VOLUMES_EVENTS: Final = _history(
    "volume",
    "VolumeCreated",
    "SourceFound",
    "SourceReleased",
    "ReplicaPlaced",
    "AttachmentRequested",
    "DetachmentRequested",
    "AttachmentFailed",
    "ReplicaRestarted",
    "VolumeDetached",
    "ReplicaFailed",
    "ReplicaReadied",
    "JoiningBegan",
    "ControllerLost",
    "ControllerEnded",
    "ReplicasLost",
    "SourceChosen",
    "SnapshotRequested",
    "SnapshotTaken",
    "SnapshotFailed",
    "SnapshotDeleted",
    "LayersDropped",
    "MergeBegan",
    "MergeGivenUp",
    "MergeEnded",
    "VolumeReverted",
    "ReplicasChanged",
    "ReplicaSurrendered",
    "ReplicaForgotten",
    "RepairGivenUp",
    "RepairRequested",
    "VolumeFaulted",
    "VolumeSalvaged",
    "DeletionStarted",
    "VolumeDeleted",
    "SnapshotHeld",
    "HoldRefused",
    "SnapshotReleased",
    *_OBSERVED_OF_VOLUMES,
)
_ACTS: Final = (
    "ActBegan",
    "ArtifactPushed",
    "ArtifactPulled",
    "ArtifactAttached",
    "ArtifactCopied",
    "ArtifactTagged",
    "ArtifactUntagged",
    "ArtifactDeleted",
    "ActFailed",
)
ARTIFACTS_INBOX: Final = _inbox(
    "artifact", "TellAct", "NoteReferrer", "ForgetReferrer", "BarArtifact", "UnbarArtifact", *_ACTS
)
ARTIFACTS_EVENTS: Final = _history(
    "artifact",
    "ActLost",
    "ReferrerNoted",
    "ReferrerForgotten",
    "ArtifactBarred",
    "ArtifactUnbarred",
    "ArtifactForgotten",
    *_ACTS,
)
_OBSERVED_OF_MIRRORS: Final = ("TagsListed", "TagCopied", "TagRemoved")
MIRRORS_INBOX: Final = _inbox(
    "mirror",
    "CreateMirror",
    "ChangeMirror",
    "SyncMirror",
    "PauseMirror",
    "ResumeMirror",
    *_OBSERVED_OF_MIRRORS,
    partitions=2,
)
MIRRORS_EVENTS: Final = _history(
    "mirror",
    "MirrorCreated",
    "MirrorChanged",
    "MirroringBegan",
    "TagFailed",
    "MirroringEnded",
    "MirroringFailed",
    "MirrorPaused",
    "MirrorResumed",
    "MirrorDeleted",
    *_OBSERVED_OF_MIRRORS,
    partitions=2,
)
RETENTIONS_INBOX: Final = _inbox(
    "retention",
    "CreateRetention",
    "ChangeRetention",
    "RunRetention",
    "RepositorySurveyed",
    "ArtifactsRemoved",
    partitions=2,
)
RETENTIONS_EVENTS: Final = _history(
    "retention",
    "RetentionCreated",
    "RetentionChanged",
    "RetentionBegan",
    "RetentionPlanned",
    "ArtifactRemoved",
    "ArtifactSpared",
    "RemovalFailed",
    "RetentionEnded",
    "RetentionFailed",
    "RetentionDeleted",
    partitions=2,
)
_OBSERVED_OF_QUARANTINES: Final = ("TagsBarred", "TagsRestored", "BarredTagSeen")
QUARANTINES_INBOX: Final = _inbox(
    "quarantine",
    "CreateQuarantine",
    "RetryQuarantine",
    "ReleaseQuarantine",
    "TellPlaces",
    "TellTag",
    *_OBSERVED_OF_QUARANTINES,
    partitions=2,
)
QUARANTINES_EVENTS: Final = _history(
    "quarantine",
    "QuarantineCreated",
    "PlacesAdded",
    "BarringFailed",
    "QuarantineRetried",
    "ReleaseBegan",
    "RestoringFailed",
    "QuarantineReleased",
    "QuarantineDeleted",
    *_OBSERVED_OF_QUARANTINES,
    partitions=2,
)
PROMOTIONS_INBOX: Final = _inbox(
    "promotion",
    "CreatePromotion",
    "ChangePromotion",
    "RunPromotion",
    "RequirementsChecked",
    "ArtifactPromoted",
    partitions=2,
)
PROMOTIONS_EVENTS: Final = _history(
    "promotion",
    "PromotionCreated",
    "PromotionChanged",
    "PromotionBegan",
    "RequirementFound",
    "RequirementMissing",
    "PromotionApproved",
    "PromotionRefused",
    "ArtifactPromoted",
    "PromotionFailed",
    "PromotionDeleted",
    partitions=2,
)
DEAD_LETTERS: Final = Topic(
    name="dead-letters",
    doc="Messages that could not be decoded or handled, whole, with the reason.",
    key="topic of the message",
    schemas=("deedlog.dead_letters.DeadLetter",),
    partitions=1,
    retention_ms=30 * DAY_MS,
    max_message_bytes=16 << 20,
)
SCHEMAS: Final = Topic(
    name="_schemas",
    doc="The schema registry's own log, in the form that Confluent-compatible registries share.",
    key="JSON: keytype, subject, version, magic",
    schemas=(),
    partitions=1,
    retention_ms=None,
    cleanup="compact",
)

AUDIT: Final = {"k8s_audit": K8S_AUDIT, "aws_cloudtrail": CLOUDTRAIL}
"""The topics of audit logs, by the event source that rules name."""

TOPICS: Final = {
    topic.name: topic
    for topic in (
        SYSCALLS,
        K8S_AUDIT,
        CLOUDTRAIL,
        ALERTS,
        EVENTS,
        PIPELINE,
        NODES_INBOX,
        NODES_EVENTS,
        VOLUMES_INBOX,
        VOLUMES_EVENTS,
        ARTIFACTS_INBOX,
        ARTIFACTS_EVENTS,
        MIRRORS_INBOX,
        MIRRORS_EVENTS,
        RETENTIONS_INBOX,
        RETENTIONS_EVENTS,
        QUARANTINES_INBOX,
        QUARANTINES_EVENTS,
        PROMOTIONS_INBOX,
        PROMOTIONS_EVENTS,
        DEAD_LETTERS,
        SCHEMAS,
    )
}
