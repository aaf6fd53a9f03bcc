"""What a promotion is: an artifact, where it is to get, and what is required of it."""

from typing import Final, Literal

import msgspec

from schemas.types.promotions import PromotionSpec, Requirement

SEVERITIES: Final = ("low", "medium", "high", "critical")
NOTHING: Final = PromotionSpec(source="", destination="")

Step = Literal["", "checking", "copying"]


class CheckRequirements(msgspec.Struct, frozen=True):
    """Look what the source means, and whether it is what is required."""

    spec: PromotionSpec


class PromoteArtifact(msgspec.Struct, frozen=True):
    """Copy the artifact, and let the destination mean it."""

    digest: str
    spec: PromotionSpec


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a promotion."""

    exists: bool = False
    spec: PromotionSpec = NOTHING
    run: int = 0
    """How often it was checked."""
    step: Step = ""
    digest: str = ""
    """What the source meant when it was checked last."""
    requirements: tuple[Requirement, ...] = ()
    missing: tuple[str, ...] = ()
    promoted: str = ""
    """Digest that the destination got last."""
    referrers: int = 0
    """How many were copied with it."""
    bytes: int = 0
    fault: str = ""
    fix: str = ""


def required(spec: PromotionSpec) -> tuple[str, ...]:
    """Return what is required: that it is not quarantined always is."""
    asked = {"sbom": spec.sbom, "scan": bool(spec.scan), "signature": bool(spec.key)}
    return ("not-quarantined", *(name for name, wanted in asked.items() if wanted))


def phase(state: Promotion) -> str:
    """Return the phase of a promotion."""
    if not state.exists:
        return "absent"
    if state.step:
        return state.step
    if state.missing:
        return "refused"
    return "failing" if state.fault else "promoted"
