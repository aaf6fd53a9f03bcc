"""The lifecycle of a promotion: an artifact gets to another place, if it is what is required."""

from typing import Final

from schemas.topics import PROMOTIONS_EVENTS, PROMOTIONS_INBOX
from schemas.types.artifacts import TellAct
from schemas.types.promotions import (
    ArtifactPromoted,
    ChangePromotion,
    CreatePromotion,
    RequirementsChecked,
    RunPromotion,
)
from streams.artifacts.naming import is_digest
from streams.artifacts.places import mark_of, parted, untagged
from streams.lifecycles.lifecycle import Event, Lifecycle, Phase, Send
from streams.lifecycles.vocabulary import EVERY_COMMAND, EVERY_OBSERVATION
from streams.promotions.deciding import decide, evolve, pending
from streams.promotions.state import CheckRequirements, PromoteArtifact, Promotion, phase


def react(_name: str, state: Promotion, event: Event) -> tuple[Send, ...]:
    """Return what the artifact is told: that it was copied."""
    if not isinstance(event, ArtifactPromoted) or not is_digest(event.digest):
        return ()
    registry, repository = parted(untagged(state.spec.destination))
    tag = "" if is_digest(mark_of(state.spec.destination)) else mark_of(state.spec.destination)
    body = TellAct(verb="copy", registry=registry, repository=repository, tag=tag, source=state.spec.source)
    return (Send("artifact", event.digest, body),)


PROMOTIONS: Final = Lifecycle(
    kind="promotion",
    inbox=PROMOTIONS_INBOX,
    events=PROMOTIONS_EVENTS,
    commands=EVERY_COMMAND.union({CreatePromotion, ChangePromotion, RunPromotion}),
    observations=EVERY_OBSERVATION.union({RequirementsChecked, ArtifactPromoted}),
    answers={CheckRequirements: RequirementsChecked, PromoteArtifact: ArtifactPromoted},
    initial=Promotion(),
    state_type=Promotion,
    state_version=1,
    decide=decide,
    evolve=evolve,
    pending=pending,
    react=react,
    phase=phase,
    phases={
        "absent": Phase("absent", "There is no promotion of that name."),
        "checking": Phase("transitional", "It is looked whether the artifact is what is required."),
        "copying": Phase("transitional", "All requirements are met, and the artifact is copied."),
        "promoted": Phase("stable", "The destination means the artifact."),
        "refused": Phase("failed", "Requirements are not met; nothing was copied."),
        "failing": Phase("failed", "It could not be checked, or not be copied."),
    },
)
