"""The lifecycle of a quarantine: an artifact that nobody is to get by its tags, until it is released."""

from collections.abc import Iterator
from typing import Final

from schemas.topics import QUARANTINES_EVENTS, QUARANTINES_INBOX
from schemas.types.artifacts import BarArtifact, TellAct, UnbarArtifact
from schemas.types.quarantines import (
    BarredTagSeen,
    CreateQuarantine,
    QuarantineCreated,
    QuarantineReleased,
    ReleaseQuarantine,
    RetryQuarantine,
    TagsBarred,
    TagsRestored,
    TellPlaces,
    TellTag,
)
from streams.artifacts.places import parted
from streams.lifecycles.lifecycle import Event, Lifecycle, Phase, Send
from streams.lifecycles.vocabulary import EVERY_COMMAND, EVERY_OBSERVATION
from streams.quarantines.deciding import decide
from streams.quarantines.evolving import evolve, pending
from streams.quarantines.state import ASIDE, BarTags, Quarantine, RestoreTags, phase


def react(name: str, state: Quarantine, event: Event) -> tuple[Send, ...]:
    """Return what the artifact is told: that it is barred, or not any more, and what became of its tags."""
    match event:
        case QuarantineCreated():
            return (Send("artifact", event.digest, BarArtifact(quarantine=name, reason=event.reason)),)
        case QuarantineReleased():
            return (Send("artifact", state.digest, UnbarArtifact(quarantine=name)),)
        case TagsBarred():
            return tuple(_moved(state, event.repository, _new(event), aside=True))
        case TagsRestored():
            return tuple(_moved(state, event.repository, iter(event.restored), aside=False))
        case _:
            return ()


def _new(event: TagsBarred) -> Iterator[str]:
    return (one.tag for one in event.tags if one.tag not in event.already)


def _moved(state: Quarantine, repository: str, tags: Iterator[str], *, aside: bool) -> Iterator[Send]:
    registry, path = parted(repository)
    for tag in tags:
        now, before = (ASIDE + tag, tag) if aside else (tag, ASIDE + tag)
        for verb, name in (("tag", now), ("untag", before)):
            body = TellAct(verb=verb, registry=registry, repository=path, tag=name)
            yield Send("artifact", state.digest, body)


QUARANTINES: Final = Lifecycle(
    kind="quarantine",
    inbox=QUARANTINES_INBOX,
    events=QUARANTINES_EVENTS,
    commands=EVERY_COMMAND.union(
        {
            CreateQuarantine,
            RetryQuarantine,
            ReleaseQuarantine,
            TellPlaces,
            TellTag,
        }
    ),
    observations=EVERY_OBSERVATION.union({TagsBarred, TagsRestored, BarredTagSeen}),
    answers={BarTags: TagsBarred, RestoreTags: TagsRestored},
    initial=Quarantine(),
    state_type=Quarantine,
    state_version=3,
    decide=decide,
    evolve=evolve,
    pending=pending,
    react=react,
    phase=phase,
    phases={
        "absent": Phase("absent", "There is no quarantine of that name."),
        "barring": Phase("transitional", "Tags that mean the artifact are moved aside."),
        "barred": Phase("stable", "No tag means the artifact, in all repositories that it is about."),
        "failing": Phase("failed", "In a repository tags could not be moved aside, or put back."),
        "releasing": Phase("transitional", "Tags are put back that nobody has moved since."),
        "released": Phase("stable", "The artifact is to be had by its tags again."),
    },
)
