"""Made from `schemas/avsc/retentions` by `make types`; change those files, not this one."""

import msgspec


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How a registry is reached; secrets are in files that are named here."""

    registry: str
    """The registry, host or host:port."""
    plain_http: bool = False
    """Whether it speaks HTTP without TLS."""
    ca_file: str = ''
    """File of the certificates that are trusted beside those of the system."""
    config: str = ''
    """Docker config file whose credentials are used; empty: the usual one."""


class RetentionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a repository."""

    repository: str
    """The repository, registry/repository, or oci-layout:PATH."""
    newest: int = 0
    """So many tagged artifacts are kept, the newest first."""
    younger_than_seconds: int = 0
    """What is younger is kept."""
    keep: tuple[str, ...] = ()
    """Patterns of tags that are kept always."""
    every_seconds: int = 0
    """How often it runs; 0: only when it is told to."""
    dry_run: bool = False
    """Whether it only says what would go."""
    access: tuple[Access, ...] = ()
    """How registries are reached."""


class CreateRetention(msgspec.Struct, frozen=True, kw_only=True):
    """Keep only some of a repository."""

    spec: RetentionSpec
    """What is kept."""
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    """Labels that it gets."""


class ChangeRetention(msgspec.Struct, frozen=True, kw_only=True):
    """Keep something else."""

    spec: RetentionSpec
    """What is kept."""


class RunRetention(msgspec.Struct, frozen=True, kw_only=True):
    """Look now what is to go, and remove it."""

    dry_run: bool = False
    """Whether only to say what would go."""


class RetentionCreated(msgspec.Struct, frozen=True, kw_only=True):
    """There is a retention."""

    spec: RetentionSpec
    """What is kept."""


class RetentionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Something else is kept."""

    spec: RetentionSpec
    """What is kept."""


class RetentionBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A run began."""

    run: int = 0
    """Its number."""
    dry_run: bool = False
    """Whether it only says what would go."""


class Doomed(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go."""

    digest: str
    """Its digest."""
    tags: tuple[str, ...] = ()
    """Tags that go with it."""
    size: int = 0
    """Bytes of it and its blobs."""
    why: str = ''
    """Why it is not kept."""
    referrer_of: str = ''
    """Digest of what it refers to and goes with."""
    group: int = 0
    """What hangs together has one number, and goes or stays together."""


class RetentionPlanned(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept and what is to go."""

    run: int = 0
    """Number of the run."""
    kept: int = 0
    """Manifests that are kept."""
    doomed: tuple[Doomed, ...] = ()
    """What is to go, referrers before what they refer to."""


class ArtifactRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest was removed from the repository."""

    digest: str
    """Its digest."""
    tags: tuple[str, ...] = ()
    """Tags that went with it."""
    size: int = 0
    """Bytes of it and its blobs."""
    why: str = ''
    """Why it was not kept."""


class ArtifactSpared(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest was not removed: it got a tag since, or is not there."""

    digest: str
    """Its digest."""
    why: str = ''
    """Why."""


class RemovalFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest could not be removed."""

    digest: str
    """Its digest."""
    error: str = ''
    """Why."""


class RetentionEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A run ended."""

    run: int = 0
    """Its number."""
    removed: int = 0
    """Manifests that went, or would go."""
    bytes: int = 0
    """How much they had."""
    dry_run: bool = False
    """Whether it only said so."""


class RetentionFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A run ended, and something of it did not succeed."""

    run: int = 0
    """Its number."""
    error: str = ''
    """What went wrong."""


class RetentionDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """There is no retention any more."""


class HeldManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest in a repository."""

    digest: str
    """Its digest."""
    tags: tuple[str, ...] = ()
    """Tags that mean it."""
    created: int = 0
    """When it was made, ns since the epoch; 0: not known."""
    size: int = 0
    """Bytes of it and its blobs."""
    subject: str = ''
    """Digest of what it refers to."""
    members: tuple[str, ...] = ()
    """Digests of the manifests that it points at."""
    barred: bool = False
    """Whether it is quarantined."""


class RepositorySurveyed(msgspec.Struct, frozen=True, kw_only=True):
    """What a repository holds."""

    effect: str
    """Effect that this answers."""
    held: tuple[HeldManifest, ...] = ()
    """All that can be found."""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What went."""

    digest: str
    """Its digest."""
    tags: tuple[str, ...] = ()
    """Tags that went with it."""
    size: int = 0
    """Bytes of it and its blobs."""


class ArtifactsRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """Manifests that were to go went."""

    effect: str
    """Effect that this answers."""
    removed: tuple[Removal, ...] = ()
    """Those that went."""
    spared: tuple[str, ...] = ()
    """Digests of those that got a tag since."""
