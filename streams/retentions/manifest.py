"""A retention as it is written in a manifest."""

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.types.retentions import Access, ChangeRetention, CreateRetention, RetentionSpec
from streams.artifacts.durations import duration
from streams.artifacts.manifests import Registries, access, registries, seconds_of
from streams.lifecycles.lifecycle import Event, Rejected
from streams.lifecycles.manifests import ManifestKind
from streams.retentions import RETENTIONS
from streams.retentions.state import Retention


class RetentionManifest(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What is kept of a repository; one rule that keeps an artifact is enough."""

    repository: str
    newest: int = 0
    """So many tagged artifacts."""
    younger_than: str = ""
    """Such as 30d."""
    keep: tuple[str, ...] = ()
    """Patterns of tags."""
    every: str = ""
    """Such as 1d; empty: only when it is told to."""
    dry_run: bool = False
    registries: Registries = {}


def spec_of(state: Retention) -> RetentionManifest:
    """Return the spec of a retention as it is."""
    spec = state.spec
    return RetentionManifest(
        repository=spec.repository,
        newest=spec.newest,
        younger_than=duration(max(spec.younger_than_seconds, 0)),
        keep=spec.keep,
        every=duration(max(spec.every_seconds, 0)),
        dry_run=spec.dry_run,
        registries=registries(spec.access),
    )


def wire_spec(manifest: RetentionManifest) -> RetentionSpec:
    """Return a spec as it is on the wire. Raises ValueError."""
    return RetentionSpec(
        repository=manifest.repository,
        newest=manifest.newest,
        younger_than_seconds=seconds_of(manifest.younger_than),
        keep=manifest.keep,
        every_seconds=seconds_of(manifest.every),
        dry_run=manifest.dry_run,
        access=access(Access, manifest.registries),
    )


def commands(manifest: RetentionManifest, state: Retention, labels: Mapping[str, str]) -> tuple[Event, ...] | Rejected:
    """Return the command that leads from the state to the spec, or why none does."""
    try:
        spec = wire_spec(manifest)
    except ValueError as error:
        return Rejected("bad-spec", str(error), "spec.every: 1d")
    if not state.exists:
        return (CreateRetention(spec=spec, labels=dict(labels)),)
    return () if spec == state.spec else (ChangeRetention(spec=spec),)


MANIFEST: Final = ManifestKind("Retention", RETENTIONS, RetentionManifest, spec_of, commands)
