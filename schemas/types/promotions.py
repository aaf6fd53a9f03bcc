"""Made from `schemas/avsc/promotions` by `make types`; change those files, not this one."""

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


class PromotionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What is promoted, and what is required of it."""

    source: str
    """The artifact, registry/repository:tag or @digest."""
    destination: str
    """What it becomes, registry/repository:tag."""
    sbom: bool = False
    """Whether a bill of materials must refer to it."""
    scan: str = ''
    """A scan must refer to it that found nothing as severe as this: low, medium, high or critical; empty: none need."""
    key: str = ''
    """File of the public key that it must be signed with; empty: none."""
    referrers: bool = True
    """Whether what refers to it is copied too."""
    access: tuple[Access, ...] = ()
    """How registries are reached."""


class CreatePromotion(msgspec.Struct, frozen=True, kw_only=True):
    """Promote an artifact if it is what is required."""

    spec: PromotionSpec
    """What is promoted."""
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    """Labels that it gets."""


class ChangePromotion(msgspec.Struct, frozen=True, kw_only=True):
    """Promote something else, or require something else."""

    spec: PromotionSpec
    """What is promoted."""


class RunPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """Check and promote anew."""


class PromotionCreated(msgspec.Struct, frozen=True, kw_only=True):
    """There is a promotion."""

    spec: PromotionSpec
    """What is promoted."""


class PromotionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion is another one."""

    spec: PromotionSpec
    """What is promoted."""


class PromotionBegan(msgspec.Struct, frozen=True, kw_only=True):
    """It is looked whether the artifact is what is required."""

    run: int = 0
    """How often this was done."""


class RequirementFound(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement is met."""

    requirement: str
    """Which one."""
    referrer: str = ''
    """Digest of the referrer that shows it."""
    detail: str = ''
    """What was found."""


class RequirementMissing(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement is not met."""

    requirement: str
    """Which one."""
    referrer: str = ''
    """Digest of the referrer that shows it."""
    detail: str = ''
    """What was found."""
    fix: str = ''
    """What to do."""


class PromotionApproved(msgspec.Struct, frozen=True, kw_only=True):
    """All requirements are met."""

    digest: str
    """Digest of the artifact."""


class PromotionRefused(msgspec.Struct, frozen=True, kw_only=True):
    """Requirements are not met."""

    digest: str = ''
    """Digest of the artifact."""
    missing: tuple[str, ...] = ()
    """Which ones."""
    fix: str = ''
    """What to do."""


class PromotionFailed(msgspec.Struct, frozen=True, kw_only=True):
    """It could not be checked or copied."""

    error: str = ''
    """Why."""


class PromotionDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """There is no promotion any more; what it copied stays."""


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a requirement."""

    requirement: str
    """sbom, scan, signature or not-quarantined."""
    met: bool = False
    """Whether it is met."""
    referrer: str = ''
    """Digest of the referrer that shows it."""
    detail: str = ''
    """What was found."""
    fix: str = ''
    """What to do about it."""


class RequirementsChecked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the requirements."""

    effect: str
    """Effect that this answers."""
    digest: str
    """What the source means."""
    requirements: tuple[Requirement, ...] = ()
    """One for each."""


class ArtifactPromoted(msgspec.Struct, frozen=True, kw_only=True):
    """The destination means the artifact now."""

    effect: str
    """Effect that this answers."""
    digest: str
    """Its digest."""
    referrers: tuple[str, ...] = ()
    """Digests of the referrers that were copied."""
    blobs: int = 0
    """Blobs and manifests that were moved."""
    bytes: int = 0
    """How much was moved."""
