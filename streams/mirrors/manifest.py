"""A mirror as it is written in a manifest."""

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.types.mirrors import Access, ChangeMirror, CreateMirror, MirrorSpec
from streams.artifacts.durations import duration
from streams.artifacts.manifests import Registries, access, rate, rate_of, registries, seconds_of
from streams.lifecycles.lifecycle import Event, Rejected
from streams.lifecycles.manifests import ManifestKind
from streams.mirrors import MIRRORS
from streams.mirrors.state import Mirror


class MirrorManifest(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What a mirror is to do."""

    source: str
    """registry/repository, or oci-layout:PATH."""
    destination: str
    tags: tuple[str, ...] = ()
    regex: str = ""
    semver: str = ""
    newest: int = 0
    platforms: tuple[str, ...] = ()
    referrers: bool = True
    artifact_types: tuple[str, ...] = ()
    every: str = ""
    """Such as 1h; empty: only when it is told to."""
    bandwidth: str | int = ""
    """Bytes a second, such as 10Mi."""
    concurrency: int = 4
    prune: bool = False
    registries: Registries = {}


def spec_of(state: Mirror) -> MirrorManifest:
    """Return the spec of a mirror as it is."""
    spec = state.spec
    return MirrorManifest(
        source=spec.source,
        destination=spec.destination,
        tags=spec.tags,
        regex=spec.regex,
        semver=spec.semver,
        newest=spec.newest,
        platforms=spec.platforms,
        referrers=spec.referrers,
        artifact_types=spec.artifact_types,
        every=duration(max(spec.every_seconds, 0)),
        bandwidth=rate(spec.bytes_per_second),
        concurrency=spec.concurrency,
        prune=spec.prune,
        registries=registries(spec.access),
    )


def wire_spec(manifest: MirrorManifest) -> MirrorSpec:
    """Return a spec as it is on the wire. Raises ValueError."""
    return MirrorSpec(
        source=manifest.source,
        destination=manifest.destination,
        tags=manifest.tags,
        regex=manifest.regex,
        semver=manifest.semver,
        newest=manifest.newest,
        platforms=manifest.platforms,
        referrers=manifest.referrers,
        artifact_types=manifest.artifact_types,
        every_seconds=seconds_of(manifest.every),
        bytes_per_second=rate_of(manifest.bandwidth),
        concurrency=manifest.concurrency,
        prune=manifest.prune,
        access=access(Access, manifest.registries),
    )


def commands(manifest: MirrorManifest, state: Mirror, labels: Mapping[str, str]) -> tuple[Event, ...] | Rejected:
    """Return the command that leads from the state to the spec, or why none does."""
    try:
        spec = wire_spec(manifest)
    except ValueError as error:
        return Rejected("bad-spec", str(error), "spec.every: 1h")
    if not state.exists:
        return (CreateMirror(spec=spec, labels=dict(labels)),)
    return () if spec == state.spec else (ChangeMirror(spec=spec),)


MANIFEST: Final = ManifestKind("Mirror", MIRRORS, MirrorManifest, spec_of, commands)
