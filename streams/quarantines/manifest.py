"""A quarantine as it is written in a manifest."""

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.types.quarantines import Access, CreateQuarantine, ReleaseQuarantine
from streams.artifacts.manifests import Registries, access, registries
from streams.lifecycles.lifecycle import Event, Rejected
from streams.lifecycles.manifests import ManifestKind
from streams.quarantines import QUARANTINES
from streams.quarantines.state import Quarantine


class QuarantineManifest(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What is barred, and why."""

    digest: str
    repositories: tuple[str, ...] = ()
    """registry/repository each; none: wherever the artifact is known to be."""
    reason: str = ""
    by: str = ""
    released: bool = False
    registries: Registries = {}


def spec_of(state: Quarantine) -> QuarantineManifest:
    """Return the spec of a quarantine as it is."""
    named = () if state.everywhere else tuple(one.repository for one in state.repositories)
    return QuarantineManifest(
        digest=state.digest,
        repositories=named,
        reason=state.reason,
        by=state.by,
        released=state.releasing,
        registries=registries(state.access),
    )


def commands(
    manifest: QuarantineManifest, state: Quarantine, labels: Mapping[str, str]
) -> tuple[Event, ...] | Rejected:
    """Return the command that leads from the state to the spec, or why none does."""
    create = CreateQuarantine(
        digest=manifest.digest,
        repositories=manifest.repositories,
        reason=manifest.reason,
        by=manifest.by,
        access=access(Access, manifest.registries),
        labels=dict(labels),
    )
    if not state.exists:
        return (create,)
    if manifest.digest != state.digest:
        return Rejected("fixed", "what a quarantine bars cannot be changed", "make another quarantine")
    if manifest.released:
        return () if state.releasing else (ReleaseQuarantine(reason="as its manifest says"),)
    if state.releasing:
        return Rejected("released", "a quarantine that was released is not taken back", "make another quarantine")
    new = {*manifest.repositories} - {one.repository for one in state.repositories}
    return (create,) if new else ()


MANIFEST: Final = ManifestKind("Quarantine", QUARANTINES, QuarantineManifest, spec_of, commands)
