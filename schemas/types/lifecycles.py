"""Made from `schemas/avsc/lifecycles` by `make types`; change those files, not this one."""

import msgspec


class ChangeLabels(msgspec.Struct, frozen=True, kw_only=True):
    """Set labels of an entity and remove others."""

    set: dict[str, str] = msgspec.field(default_factory=dict)
    """Labels to set."""
    remove: tuple[str, ...] = ()
    """Names of labels to remove."""


class AddFinalizer(msgspec.Struct, frozen=True, kw_only=True):
    """Keep an entity from being deleted until the finalizer is removed."""

    finalizer: str
    """Name of the finalizer."""


class RemoveFinalizer(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a finalizer; the last one of an entity whose deletion was requested lets it begin."""

    finalizer: str
    """Name of the finalizer."""


class Delete(msgspec.Struct, frozen=True, kw_only=True):
    """Delete an entity, once it has no finalizers."""


class LabelsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The labels of an entity are others now."""

    labels: dict[str, str]
    """All its labels."""


class FinalizerAdded(msgspec.Struct, frozen=True, kw_only=True):
    """An entity got a finalizer."""

    finalizer: str
    """Its name."""


class FinalizerRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """An entity lost a finalizer."""

    finalizer: str
    """Its name."""


class DeletionRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants an entity deleted; it begins when it has no finalizers."""


class CommandRejected(msgspec.Struct, frozen=True, kw_only=True):
    """A command was refused and changed nothing."""

    command: str
    """Type of the command."""
    code: str
    """Why, short and stable."""
    reason: str
    """Why, for a person."""
    fix: str = ''
    """What to do instead."""


class CommandUnchanged(msgspec.Struct, frozen=True, kw_only=True):
    """A command found what it asks for already there."""

    command: str
    """Type of the command."""


class EffectRetried(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt at an effect failed; there will be another."""

    effect: str
    """Id of the effect."""
    attempt: int
    """Number of the attempt that failed, from 1."""
    retry_at: int
    """When the next may begin, ns since the epoch."""
    error: str
    """What went wrong."""


class EffectGivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """An effect failed for good: too often, too late, or permanently."""

    effect: str
    """Id of the effect."""
    attempts: int
    """How often it was tried and failed."""
    error: str
    """What went wrong last."""


class EffectFailed(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt at an effect failed."""

    effect: str
    """Id of the effect."""
    error: str
    """What went wrong, for a person."""
    permanent: bool = False
    """Whether another attempt would fail too."""


class EffectProgressed(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that takes long is on its way."""

    effect: str
    """Id of the effect."""
    done: int
    """How much is done."""
    total: int
    """How much there is."""
    unit: str = 'bytes'
    """What is counted, such as bytes."""


class TimerElapsed(msgspec.Struct, frozen=True, kw_only=True):
    """Time passed that somebody waited for."""

    time: int
    """What the clock said, ns since the epoch."""
