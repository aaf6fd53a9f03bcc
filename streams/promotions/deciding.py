"""The decider of promotions: decide, evolve, pending."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from schemas.types.lifecycles import Delete, EffectGivenUp
from schemas.types.promotions import (
    ArtifactPromoted,
    ChangePromotion,
    CreatePromotion,
    PromotionApproved,
    PromotionBegan,
    PromotionChanged,
    PromotionCreated,
    PromotionDeleted,
    PromotionFailed,
    PromotionRefused,
    PromotionSpec,
    Requirement,
    RequirementFound,
    RequirementMissing,
    RequirementsChecked,
    RunPromotion,
)
from streams.lifecycles.lifecycle import Effect, Event, Message, Rejected
from streams.promotions.state import (
    SEVERITIES,
    CheckRequirements,
    PromoteArtifact,
    Promotion,
    phase,
    required,
)

Answer = tuple[Event, ...] | Rejected
CHECK_SECONDS: Final = 900.0
COPY_SECONDS: Final = 6 * 3600.0
ATTEMPTS: Final = 8


def decide(state: Promotion, message: Message) -> Answer:
    """Return what follows from the message."""
    body = message.body
    match body:
        case CreatePromotion():
            return _create(state, body, message.name)
        case RequirementsChecked():
            return tuple(_checked(state, body)) if state.step == "checking" else ()
        case ArtifactPromoted():
            return (body,) if state.step == "copying" and body.digest == state.digest else ()
        case EffectGivenUp():
            return (PromotionFailed(error=body.error),) if state.step else ()
        case _ if not state.exists:
            return Rejected("not-found", f"there is no promotion {message.name}", "deedlog get promotions")
        case ChangePromotion():
            same = state.spec == body.spec
            return () if same else _bad(body.spec) or (PromotionChanged(spec=body.spec), _begun(state))
        case RunPromotion():
            return () if state.step else (_begun(state),)
        case Delete():
            return (PromotionDeleted(),)
        case _:
            return ()


def _create(state: Promotion, body: CreatePromotion, name: str) -> Answer:
    if not state.exists:
        return _bad(body.spec) or (PromotionCreated(spec=body.spec), _begun(state))
    if state.spec == body.spec:
        return ()
    what = f"there is a promotion {name} already ({phase(state)})"
    return Rejected("exists", what, f"deedlog describe promotion {name}")


def _bad(spec: PromotionSpec) -> Rejected | None:
    if not spec.source or not spec.destination or spec.source == spec.destination:
        return Rejected("bad-ends", "a promotion needs a source, and another destination", "registry/repository:tag")
    if spec.scan and spec.scan not in SEVERITIES:
        return Rejected("bad-severity", f"{spec.scan!r} is none of {', '.join(SEVERITIES)}", "spec.scan: high")
    return None


def _begun(state: Promotion) -> PromotionBegan:
    return PromotionBegan(run=state.run + 1)


def _checked(state: Promotion, body: RequirementsChecked) -> Iterator[Event]:
    told = {one.requirement: one for one in body.requirements}
    missing = []
    for name in required(state.spec):
        one = told.get(name) or Requirement(requirement=name, met=False, detail="it was not looked at")
        if one.met:
            yield RequirementFound(requirement=name, referrer=one.referrer, detail=one.detail)
        else:
            missing.append(one)
            yield RequirementMissing(requirement=name, referrer=one.referrer, detail=one.detail, fix=one.fix)
    if missing:
        fix = next((one.fix for one in missing if one.fix), "")
        yield PromotionRefused(digest=body.digest, missing=tuple(one.requirement for one in missing), fix=fix)
    else:
        yield PromotionApproved(digest=body.digest)


def evolve(state: Promotion, event: Event) -> Promotion:
    """Return the promotion after the event."""
    match event:
        case PromotionCreated():
            return Promotion(exists=True, spec=event.spec)
        case PromotionChanged():
            return replace(state, spec=event.spec)
        case PromotionBegan():
            return replace(state, run=event.run, step="checking", requirements=(), missing=(), fault="", fix="")
        case RequirementFound():
            return _with(state, Requirement(requirement=event.requirement, met=True, detail=event.detail), event)
        case RequirementMissing():
            one = Requirement(requirement=event.requirement, met=False, detail=event.detail, fix=event.fix)
            return _with(state, one, event)
        case PromotionApproved():
            return replace(state, step="copying", digest=event.digest)
        case PromotionRefused():
            fault = f"not met: {', '.join(event.missing)}"
            missing = event.missing or ("unknown",)
            return replace(state, step="", digest=event.digest, missing=missing, fault=fault, fix=event.fix)
        case ArtifactPromoted():
            count = len(event.referrers)
            return replace(state, step="", promoted=event.digest, referrers=count, bytes=event.bytes)
        case PromotionFailed():
            return replace(state, step="", fault=event.error or "it failed")
        case PromotionDeleted():
            return Promotion()
        case _:
            return state


def _with(state: Promotion, one: Requirement, event: RequirementFound | RequirementMissing) -> Promotion:
    others = tuple(other for other in state.requirements if other.requirement != one.requirement)
    return replace(state, requirements=(*others, replace(one, referrer=event.referrer)))


def pending(state: Promotion) -> tuple[Effect, ...]:
    """Return the effects that are to be had for the promotion."""
    if state.step == "checking":
        check = CheckRequirements(state.spec)
        id = f"check/{state.run}"
        return (Effect(id=id, node="", action=check, seconds=CHECK_SECONDS, attempts=ATTEMPTS),)
    if state.step == "copying":
        promote = PromoteArtifact(state.digest, state.spec)
        id = f"promote/{state.run}"
        return (Effect(id=id, node="", action=promote, seconds=COPY_SECONDS, attempts=ATTEMPTS),)
    return ()
