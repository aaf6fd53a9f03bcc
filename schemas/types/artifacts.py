"""Made from `schemas/avsc/artifacts` by `make types`; change those files, not this one."""

import msgspec


class TellAct(msgspec.Struct, frozen=True, kw_only=True):
    """Put an act on record that another entity let be done."""

    verb: str
    """What is done: push, pull, attach, copy, tag, untag or delete."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""


class NoteReferrer(msgspec.Struct, frozen=True, kw_only=True):
    """Tell an artifact of one that refers to it."""

    referrer: str
    """Digest of the one that refers."""
    artifact_type: str = ''
    """Its artifact type."""


class ForgetReferrer(msgspec.Struct, frozen=True, kw_only=True):
    """Tell an artifact that one that referred to it is nowhere any more."""

    referrer: str
    """Digest of the one that referred."""


class BarArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """Tell an artifact that it is quarantined."""

    quarantine: str
    """Name of the quarantine."""
    reason: str = ''
    """Why."""


class UnbarArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """Tell an artifact that a quarantine of it ended."""

    quarantine: str
    """Name of the quarantine."""


class ActLost(msgspec.Struct, frozen=True, kw_only=True):
    """Of an act that began nothing was heard any more."""

    act: str
    """Id of the act."""
    verb: str = ''
    """What was to be done."""
    error: str = ''
    """Why it is given up."""


class ReferrerNoted(msgspec.Struct, frozen=True, kw_only=True):
    """Another artifact refers to it."""

    referrer: str
    """Digest of the one that refers."""
    artifact_type: str = ''
    """Its artifact type."""


class ReferrerForgotten(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact that referred to it is nowhere any more."""

    referrer: str
    """Digest of the one that referred."""


class ArtifactBarred(msgspec.Struct, frozen=True, kw_only=True):
    """It is quarantined: nobody is to use it."""

    quarantine: str
    """Name of the quarantine."""
    reason: str = ''
    """Why."""


class ArtifactUnbarred(msgspec.Struct, frozen=True, kw_only=True):
    """A quarantine of it ended."""

    quarantine: str
    """Name of the quarantine."""


class ArtifactForgotten(msgspec.Struct, frozen=True, kw_only=True):
    """It is known no longer; its history stays."""


class ActBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A client began to do something with the artifact."""

    verb: str
    """What is done: push, pull, attach, copy, tag, untag or delete."""
    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""


class ArtifactPushed(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact was written to a repository."""

    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""


class ArtifactPulled(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact was read from a repository."""

    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""


class ArtifactAttached(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact was written to a repository, referring to another one."""

    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""


class ArtifactCopied(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact was copied to a repository."""

    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""


class ArtifactTagged(msgspec.Struct, frozen=True, kw_only=True):
    """A tag means the artifact now."""

    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""


class ArtifactUntagged(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that meant the artifact was removed."""

    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""


class ArtifactDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact was removed from a repository, with its tags."""

    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""


class ActFailed(msgspec.Struct, frozen=True, kw_only=True):
    """What a client began did not succeed."""

    verb: str
    """What is done: push, pull, attach, copy, tag, untag or delete."""
    act: str
    """Id of the act."""
    by: str = ''
    """Who did it: user and host, or another entity."""
    registry: str = ''
    """Registry, host or host:port; of an image layout its path."""
    repository: str = ''
    """Repository there."""
    tag: str = ''
    """Tag, if the act was about one."""
    artifact_type: str = ''
    """Type of the artifact."""
    media_type: str = ''
    """Media type of the manifest."""
    size: int = 0
    """Bytes of the manifest."""
    subject: str = ''
    """Digest of the artifact that it refers to."""
    source: str = ''
    """Where it was copied from."""
    node: str = ''
    """Node of the client."""
    client: str = ''
    """Release of the client."""
    at: int = 0
    """When it happened, ns since the epoch."""
    spool: str = ''
    """Id of the spool that told it."""
    number: int = 0
    """Its place in the spool: each is higher than the one before."""
    error: str = ''
    """What went wrong, without secrets."""
