"""What others are told of an artifact: its subject that it is there, its quarantines where it is."""

from collections.abc import Iterator
from typing import Final

from schemas.types.artifacts import (
    ArtifactBarred,
    ArtifactDeleted,
    ArtifactPulled,
    ArtifactUntagged,
    ForgetReferrer,
    NoteReferrer,
)
from schemas.types.quarantines import TellPlaces, TellTag
from streams.artifacts.naming import is_digest
from streams.artifacts.state import Artifact
from streams.artifacts.vocabulary import Done
from streams.lifecycles.lifecycle import Event, Send

ASIDE: Final = "quarantined-"
"""What tags begin with that are set aside: they mean a barred artifact, and are to."""


def react(name: str, state: Artifact, event: Event) -> tuple[Send, ...]:
    """Return what others are told of an event."""
    if isinstance(event, Done):
        return (*_subject(name, state, event), *_quarantines(state, event))
    if isinstance(event, ArtifactBarred):
        places = tuple(place.name for place in state.places)
        return (Send("quarantine", event.quarantine, TellPlaces(repositories=places)),)
    return ()


def _subject(name: str, state: Artifact, event: Done) -> Iterator[Send]:
    # A name that no artifact can have would only be refused there.
    if not is_digest(state.subject) or state.subject == name:
        return
    if isinstance(event, ArtifactDeleted):
        if not state.places:
            yield Send("artifact", state.subject, ForgetReferrer(referrer=name))
    elif not isinstance(event, ArtifactPulled | ArtifactUntagged):
        body = NoteReferrer(referrer=name, artifact_type=state.artifact_type)
        yield Send("artifact", state.subject, body)


def _quarantines(state: Artifact, event: Done) -> Iterator[Send]:
    if not event.tag or isinstance(event, ArtifactDeleted | ArtifactUntagged) or event.tag.startswith(ASIDE):
        return
    for bar in state.bars:
        if event.by == f"quarantine/{bar.quarantine}":
            continue  # what it does itself, it knows
        body = TellTag(repository=f"{event.registry}/{event.repository}", tag=event.tag)
        yield Send("quarantine", bar.quarantine, body)
