"""Made from `schemas/avsc/quarantines` by `make types`; change those files, not this one."""

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


class CreateQuarantine(msgspec.Struct, frozen=True, kw_only=True):
    """Let nobody get an artifact by its tags."""

    digest: str
    """Digest of the artifact."""
    repositories: tuple[str, ...] = ()
    """Where it is barred, registry/repository each; none: wherever it is known to be."""
    reason: str = ''
    """Why."""
    by: str = ''
    """Who wants it: a person, or the id of an alert."""
    access: tuple[Access, ...] = ()
    """How registries are reached."""
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    """Labels that it gets."""


class RetryQuarantine(msgspec.Struct, frozen=True, kw_only=True):
    """Try again what failed."""


class ReleaseQuarantine(msgspec.Struct, frozen=True, kw_only=True):
    """Let an artifact be had by its tags again."""

    reason: str = ''
    """Why."""


class TellPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a quarantine where its artifact is."""

    repositories: tuple[str, ...] = ()
    """The repositories."""


class TellTag(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a quarantine of a tag that means its artifact."""

    repository: str
    """Repository of the tag."""
    tag: str
    """The tag."""


class QuarantineCreated(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact is to be barred."""

    digest: str
    """Digest of the artifact."""
    repositories: tuple[str, ...] = ()
    """Where."""
    reason: str = ''
    """Why."""
    by: str = ''
    """Who wants it."""
    access: tuple[Access, ...] = ()
    """How registries are reached."""


class PlacesAdded(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact is in more repositories."""

    repositories: tuple[str, ...] = ()
    """The repositories."""


class BarringFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact could not be barred in a repository."""

    repository: str
    """The repository."""
    error: str = ''
    """Why."""


class QuarantineRetried(msgspec.Struct, frozen=True, kw_only=True):
    """What failed is tried again."""


class ReleaseBegan(msgspec.Struct, frozen=True, kw_only=True):
    """The artifact is to be had by its tags again."""

    reason: str = ''
    """Why."""


class RestoringFailed(msgspec.Struct, frozen=True, kw_only=True):
    """Tags could not be put back in a repository."""

    repository: str
    """The repository."""
    error: str = ''
    """Why."""


class QuarantineReleased(msgspec.Struct, frozen=True, kw_only=True):
    """All tags are back that were not moved since."""


class QuarantineDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """There is no quarantine of that name any more."""


class MovedTag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that was moved aside."""

    tag: str
    """The tag."""
    placeholder: str = ''
    """Digest of the placeholder that it means now; empty: it was removed."""


class TagsBarred(msgspec.Struct, frozen=True, kw_only=True):
    """The tags that meant the artifact in a repository are aside."""

    effect: str
    """Effect that this answers."""
    repository: str
    """The repository."""
    tags: tuple[MovedTag, ...] = ()
    """All tags that are aside there."""
    already: tuple[str, ...] = ()
    """Those of them that were aside before."""


class TagsRestored(msgspec.Struct, frozen=True, kw_only=True):
    """The tags of a repository are back."""

    effect: str
    """Effect that this answers."""
    repository: str
    """The repository."""
    restored: tuple[str, ...] = ()
    """Tags that mean the artifact again."""
    left: tuple[str, ...] = ()
    """Tags that were moved since, and left as they are."""


class BarredTagSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A tag means the barred artifact anew."""

    repository: str
    """Its repository."""
    tag: str
    """The tag."""
