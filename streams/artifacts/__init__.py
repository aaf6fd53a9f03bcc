"""The lifecycle of an artifact: what became of some content that is known by its digest, wherever it is."""

from typing import Final

from schemas.topics import ARTIFACTS_EVENTS, ARTIFACTS_INBOX
from streams.artifacts.deciding import decide
from streams.artifacts.evolving import evolve, pending
from streams.artifacts.naming import DIGEST_NAMES
from streams.artifacts.state import Artifact, phase
from streams.artifacts.telling import react
from streams.artifacts.vocabulary import COMMANDS, OBSERVATIONS
from streams.lifecycles.lifecycle import Lifecycle, Phase

ARTIFACTS: Final = Lifecycle(
    kind="artifact",
    inbox=ARTIFACTS_INBOX,
    events=ARTIFACTS_EVENTS,
    commands=COMMANDS,
    observations=OBSERVATIONS,
    answers={},
    initial=Artifact(),
    state_type=Artifact,
    state_version=1,
    decide=decide,
    evolve=evolve,
    pending=pending,
    react=react,
    phase=phase,
    phases={
        "unknown": Phase("absent", "Nobody told of it."),
        "present": Phase("stable", "It is in a repository that is known."),
        "nowhere": Phase("stable", "It is in no repository that is known: it was deleted, or never got there."),
        "quarantined": Phase("stable", "It is barred: nobody is to use it."),
    },
    naming=DIGEST_NAMES,
)
