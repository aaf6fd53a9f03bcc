"""The lifecycle of a mirror: a repository, or some of its tags, that is kept the same in another place."""

from typing import Final

from schemas.topics import MIRRORS_EVENTS, MIRRORS_INBOX
from schemas.types.artifacts import TellAct
from schemas.types.mirrors import (
    ChangeMirror,
    CreateMirror,
    PauseMirror,
    ResumeMirror,
    SyncMirror,
    TagCopied,
    TagRemoved,
    TagsListed,
)
from streams.artifacts.naming import is_digest
from streams.artifacts.places import parted
from streams.lifecycles.lifecycle import Event, Lifecycle, Phase, Send
from streams.lifecycles.vocabulary import EVERY_COMMAND, EVERY_OBSERVATION
from streams.mirrors.deciding import decide
from streams.mirrors.evolving import evolve, pending
from streams.mirrors.state import CopyTag, ListTags, Mirror, RemoveTag, phase


def react(_name: str, state: Mirror, event: Event) -> tuple[Send, ...]:
    """Return what artifacts are told: that they were copied, and which tags of theirs were removed."""
    if not isinstance(event, TagCopied | TagRemoved) or not is_digest(event.digest):
        return ()
    registry, repository = parted(state.spec.destination)
    verb, source = ("copy", state.spec.source) if isinstance(event, TagCopied) else ("untag", "")
    body = TellAct(verb=verb, registry=registry, repository=repository, tag=event.tag, source=source)
    return (Send("artifact", event.digest, body),)


MIRRORS: Final = Lifecycle(
    kind="mirror",
    inbox=MIRRORS_INBOX,
    events=MIRRORS_EVENTS,
    commands=EVERY_COMMAND.union(
        {
            CreateMirror,
            ChangeMirror,
            SyncMirror,
            PauseMirror,
            ResumeMirror,
        }
    ),
    observations=EVERY_OBSERVATION.union({TagsListed, TagCopied, TagRemoved}),
    answers={ListTags: TagsListed, CopyTag: TagCopied, RemoveTag: TagRemoved},
    initial=Mirror(),
    state_type=Mirror,
    state_version=1,
    decide=decide,
    evolve=evolve,
    pending=pending,
    react=react,
    phase=phase,
    phases={
        "absent": Phase("absent", "There is no mirror of that name."),
        "idle": Phase("stable", "It has not run yet, and waits to be told."),
        "listing": Phase("transitional", "It looks which tags there are, and what they mean at both ends."),
        "copying": Phase("transitional", "What is not the same at both ends is copied."),
        "synced": Phase("stable", "The last run made both ends the same."),
        "failing": Phase("failed", "The last run did not succeed; on a schedule it is tried again soon."),
        "paused": Phase("stable", "It rests, in the middle of a run too, until it is resumed."),
    },
)
