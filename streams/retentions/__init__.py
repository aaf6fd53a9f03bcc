"""The lifecycle of a retention: what is kept of a repository, looked after again and again."""

from typing import Final

from schemas.topics import RETENTIONS_EVENTS, RETENTIONS_INBOX
from schemas.types.artifacts import TellAct
from schemas.types.retentions import (
    ArtifactRemoved,
    ArtifactsRemoved,
    ChangeRetention,
    CreateRetention,
    RepositorySurveyed,
    RunRetention,
)
from streams.artifacts.naming import is_digest
from streams.artifacts.places import parted
from streams.lifecycles.lifecycle import Event, Lifecycle, Phase, Send
from streams.lifecycles.vocabulary import EVERY_COMMAND, EVERY_OBSERVATION
from streams.retentions.deciding import decide
from streams.retentions.evolving import evolve, pending
from streams.retentions.state import RemoveGroup, Retention, SurveyRepository, phase


def react(_name: str, state: Retention, event: Event) -> tuple[Send, ...]:
    """Return what artifacts are told: that they were deleted."""
    if not isinstance(event, ArtifactRemoved) or not is_digest(event.digest):
        return ()
    registry, repository = parted(state.spec.repository)
    return (Send("artifact", event.digest, TellAct(verb="delete", registry=registry, repository=repository)),)


RETENTIONS: Final = Lifecycle(
    kind="retention",
    inbox=RETENTIONS_INBOX,
    events=RETENTIONS_EVENTS,
    commands=EVERY_COMMAND.union({CreateRetention, ChangeRetention, RunRetention}),
    observations=EVERY_OBSERVATION.union({RepositorySurveyed, ArtifactsRemoved}),
    answers={SurveyRepository: RepositorySurveyed, RemoveGroup: ArtifactsRemoved},
    initial=Retention(),
    state_type=Retention,
    state_version=1,
    decide=decide,
    evolve=evolve,
    pending=pending,
    react=react,
    phase=phase,
    phases={
        "absent": Phase("absent", "There is no retention of that name."),
        "idle": Phase("stable", "It has not run yet, and waits to be told."),
        "surveying": Phase("transitional", "It looks what the repository holds."),
        "removing": Phase("transitional", "What is not kept is removed, what hangs together at once."),
        "done": Phase("stable", "The last run removed what is not kept, or said what would go."),
        "failing": Phase("failed", "The last run did not succeed; on a schedule it is tried again soon."),
    },
)
