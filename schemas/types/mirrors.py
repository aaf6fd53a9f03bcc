"""Made from `schemas/avsc/mirrors` by `make types`; change those files, not this one."""

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


class MirrorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a mirror is to do."""

    source: str
    """Repository, registry/repository, or oci-layout:PATH."""
    destination: str
    """Repository, or oci-layout:PATH, that is to have the same."""
    tags: tuple[str, ...] = ()
    """Patterns such as 1.*, of which one must fit the tag; none: all tags."""
    regex: str = ''
    """Expression of RE2 that must fit the whole tag."""
    semver: str = ''
    """Range such as >=1.2 <2 that the tag must be in, as a semantic version."""
    newest: int = 0
    """Only so many of the newest by version; 0: all."""
    platforms: tuple[str, ...] = ()
    """Only these of an index, such as linux/amd64; none: all."""
    referrers: bool = True
    """Whether what refers to an artifact is copied too."""
    artifact_types: tuple[str, ...] = ()
    """Only referrers of these types; none: all."""
    every_seconds: int = 0
    """How often it runs; 0: only when it is told to."""
    bytes_per_second: int = 0
    """How much is moved at most; 0: as much as goes."""
    concurrency: int = 4
    """How many tags at once."""
    prune: bool = False
    """Whether tags that it copied and the source has lost are removed."""
    access: tuple[Access, ...] = ()
    """How registries are reached."""


class CreateMirror(msgspec.Struct, frozen=True, kw_only=True):
    """Make a mirror."""

    spec: MirrorSpec
    """What it is to do."""
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    """Labels that it gets."""


class ChangeMirror(msgspec.Struct, frozen=True, kw_only=True):
    """Let a mirror do something else."""

    spec: MirrorSpec
    """What it is to do."""


class SyncMirror(msgspec.Struct, frozen=True, kw_only=True):
    """Let a mirror run now."""


class PauseMirror(msgspec.Struct, frozen=True, kw_only=True):
    """Let a mirror rest, in the middle of a run too."""


class ResumeMirror(msgspec.Struct, frozen=True, kw_only=True):
    """Let a mirror go on."""


class MirrorCreated(msgspec.Struct, frozen=True, kw_only=True):
    """There is a mirror."""

    spec: MirrorSpec
    """What it is to do."""


class MirrorChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A mirror is to do something else."""

    spec: MirrorSpec
    """What it is to do."""


class MirroringBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A run began."""

    run: int = 0
    """Its number."""
    why: str = ''
    """What for: asked, due or changed."""


class TagFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A tag could not be copied in this run."""

    tag: str
    """The tag."""
    digest: str = ''
    """What it means at the source."""
    error: str = ''
    """Why."""


class MirroringEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A run ended, and all is as it should be."""

    run: int = 0
    """Its number."""
    copied: int = 0
    """Tags that were copied."""
    same: int = 0
    """Tags that were there already."""
    removed: int = 0
    """Tags that were removed."""
    bytes: int = 0
    """How much was moved."""


class MirroringFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A run ended, and something of it did not succeed."""

    run: int = 0
    """Its number."""
    failed: int = 0
    """Tags that were not copied or removed."""
    error: str = ''
    """What went wrong first."""


class MirrorPaused(msgspec.Struct, frozen=True, kw_only=True):
    """A mirror rests."""


class MirrorResumed(msgspec.Struct, frozen=True, kw_only=True):
    """A mirror goes on."""


class MirrorDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """There is no mirror any more; what it copied stays."""


class TagFound(msgspec.Struct, frozen=True, kw_only=True):
    """A tag of the source."""

    tag: str
    """The tag."""
    digest: str
    """What it is to mean at the destination."""
    origin: str = ''
    """What it means at the source, if that is not the same because only some platforms are wanted."""
    there: str = ''
    """What it means at the destination; empty: nothing."""
    referrers: str = ''
    """Mark of all that refers to it at the source: another one when they change."""


class TagsListed(msgspec.Struct, frozen=True, kw_only=True):
    """The tags of the source that a mirror is about."""

    effect: str
    """Effect that this answers."""
    tags: tuple[TagFound, ...] = ()
    """The tags."""


class TagCopied(msgspec.Struct, frozen=True, kw_only=True):
    """A tag means at the destination what it means at the source, with all that belongs to it."""

    effect: str
    """Effect that this answers."""
    tag: str
    """The tag."""
    digest: str
    """What it means."""
    referrers: str = ''
    """Mark of all that referred to it."""
    referrer_count: int = 0
    """Referrers that were copied with it."""
    blobs: int = 0
    """Blobs and manifests that were moved."""
    skipped: int = 0
    """Blobs and manifests that were there already."""
    bytes: int = 0
    """How much was moved."""


class TagRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that the source has lost was removed."""

    effect: str
    """Effect that this answers."""
    tag: str
    """The tag."""
    digest: str = ''
    """What it meant."""
