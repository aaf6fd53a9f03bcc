"""The lifecycle of a volume: a block device that is kept several times, on several nodes."""

from typing import Final

from schemas.topics import VOLUMES_EVENTS, VOLUMES_INBOX
from streams.lifecycles.lifecycle import Lifecycle, Phase
from streams.volumes.deciding import decide
from streams.volumes.evolving import evolve
from streams.volumes.pending import pending
from streams.volumes.state import Volume, phase
from streams.volumes.telling import react
from streams.volumes.vocabulary import ANSWERS, COMMANDS, OBSERVATIONS

VOLUMES: Final = Lifecycle(
    kind="volume",
    inbox=VOLUMES_INBOX,
    events=VOLUMES_EVENTS,
    commands=COMMANDS,
    observations=OBSERVATIONS,
    answers=ANSWERS,
    initial=Volume(),
    state_type=Volume,
    state_version=2,
    decide=decide,
    evolve=evolve,
    pending=pending,
    react=react,
    phase=phase,
    phases={
        "absent": Phase("absent", "There is no volume of that name."),
        "creating": Phase("transitional", "Its replicas are placed and built, for a clone by copying."),
        "detached": Phase("stable", "Its replicas are at rest."),
        "attaching": Phase("transitional", "Its replicas are started, then the controller that serves it."),
        "attached": Phase("stable", "It is served, with all the replicas that it is to have."),
        "degraded": Phase("stable", "It is served, with fewer replicas; the missing ones are built up."),
        "recovering": Phase(
            "transitional", "Its controller or all replicas were lost; it is made safe and served again."
        ),
        "detaching": Phase("transitional", "Its controller ends, then its replicas."),
        "faulted": Phase("failed", "It cannot be served; `describe` says what can be done."),
        "deleting": Phase("transitional", "Its replicas are removed."),
    },
)
