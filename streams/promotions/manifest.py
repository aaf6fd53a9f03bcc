"""A promotion as it is written in a manifest."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from schemas.types.promotions import Access, ChangePromotion, CreatePromotion, PromotionSpec
from streams.artifacts.manifests import Registries, access, registries
from streams.lifecycles.lifecycle import Event, Rejected
from streams.lifecycles.manifests import ManifestKind
from streams.promotions import PROMOTIONS
from streams.promotions.state import Promotion

Severity = Literal["", "low", "medium", "high", "critical"]


class Required(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What is required of the artifact."""

    sbom: bool = False
    scan_below: Severity = ""
    """A scan found nothing as severe as this."""
    signed_by: str = ""
    """File of a public key."""


class PromotionManifest(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What is promoted, and what is required of it."""

    source: str
    destination: str
    require: Required = Required()
    referrers: bool = True
    registries: Registries = {}


def spec_of(state: Promotion) -> PromotionManifest:
    """Return the spec of a promotion as it is."""
    spec = state.spec
    scan: Severity = msgspec.convert(spec.scan, Severity) if spec.scan else ""
    return PromotionManifest(
        source=spec.source,
        destination=spec.destination,
        require=Required(sbom=spec.sbom, scan_below=scan, signed_by=spec.key),
        referrers=spec.referrers,
        registries=registries(spec.access),
    )


def wire_spec(manifest: PromotionManifest) -> PromotionSpec:
    """Return a spec as it is on the wire."""
    return PromotionSpec(
        source=manifest.source,
        destination=manifest.destination,
        sbom=manifest.require.sbom,
        scan=manifest.require.scan_below,
        key=manifest.require.signed_by,
        referrers=manifest.referrers,
        access=access(Access, manifest.registries),
    )


def commands(manifest: PromotionManifest, state: Promotion, labels: Mapping[str, str]) -> tuple[Event, ...] | Rejected:
    """Return the command that leads from the state to the spec."""
    spec = wire_spec(manifest)
    if not state.exists:
        return (CreatePromotion(spec=spec, labels=dict(labels)),)
    return () if spec == state.spec else (ChangePromotion(spec=spec),)


MANIFEST: Final = ManifestKind("Promotion", PROMOTIONS, PromotionManifest, spec_of, commands)
