"""From one event to the next state of an artifact."""

from typing import Final

from msgspec.structs import replace

from schemas.types.artifacts import (
    ActBegan,
    ActFailed,
    ActLost,
    ArtifactBarred,
    ArtifactDeleted,
    ArtifactForgotten,
    ArtifactPulled,
    ArtifactUnbarred,
    ArtifactUntagged,
    ReferrerForgotten,
    ReferrerNoted,
)
from streams.artifacts.state import (
    MOST_ACTS,
    MOST_OPEN,
    MOST_PLACES,
    MOST_REFERRERS,
    MOST_SPOOLS,
    MOST_TAGS,
    Artifact,
    Bar,
    DoneAct,
    OpenAct,
    Place,
    Referrer,
    SpoolRead,
    TagHere,
)
from streams.artifacts.vocabulary import VERBS, Done, Told
from streams.lifecycles.lifecycle import Effect, Event

MOST_BARS: Final = 16
LONGEST_SECONDS: Final = 3600.0
"""After that an act of which nothing was heard counts as lost; if its end is told later still, that counts too."""


def evolve(state: Artifact, event: Event) -> Artifact:
    """Return the artifact after the event."""
    match event:
        case ActBegan():
            return _begun(_heard(state, event), event)
        case ActFailed():
            return _ended(_heard(state, event), event, event.verb)
        case ActLost():
            return replace(state, open=tuple(one for one in state.open if one.act != event.act))
        case ReferrerNoted():
            referrer = Referrer(event.referrer, event.artifact_type)
            others = tuple(one for one in state.referrers if one.digest != event.referrer)
            return replace(state, known=True, referrers=(*others, referrer)[-MOST_REFERRERS:])
        case ReferrerForgotten():
            return replace(state, referrers=tuple(one for one in state.referrers if one.digest != event.referrer))
        case ArtifactBarred():
            others_ = tuple(bar for bar in state.bars if bar.quarantine != event.quarantine)
            return replace(state, known=True, bars=(*others_, Bar(event.quarantine, event.reason))[-MOST_BARS:])
        case ArtifactUnbarred():
            return replace(state, bars=tuple(bar for bar in state.bars if bar.quarantine != event.quarantine))
        case ArtifactForgotten():
            # What is known of spools stays: a repetition must not make it known again.
            return Artifact(spools=state.spools)
        case _ if isinstance(event, Done):
            return _placed(_ended(_heard(state, event), event, VERBS[type(event)]), event)
        case _:
            return state


def _heard(state: Artifact, told: Told) -> Artifact:
    """Take note of what every act tells of the artifact, and of how far its spool is known."""
    spools = state.spools
    if told.spool:
        others = tuple(one for one in spools if one.spool != told.spool)
        number = max(told.number, state.read(told.spool))
        spools = (*others, SpoolRead(told.spool, number))[-MOST_SPOOLS:]
    return replace(
        state,
        known=True,
        artifact_type=told.artifact_type or state.artifact_type,
        media_type=told.media_type or state.media_type,
        size=told.size or state.size,
        subject=told.subject or state.subject,
        spools=spools,
    )


def _begun(state: Artifact, event: ActBegan) -> Artifact:
    # Of more at once than that, those that are lost are not noticed; how the others end is told all the same.
    if len(state.open) >= MOST_OPEN or any(one.act == event.act for one in state.open):
        return state
    return replace(state, open=(*state.open, OpenAct(event.act, event.verb)))


def _ended(state: Artifact, event: ActFailed | Done, verb: str) -> Artifact:
    where = f"{event.registry}/{event.repository}".strip("/")
    error = event.error if isinstance(event, ActFailed) else ""
    done = DoneAct(event.act, verb, event.by, where + (f":{event.tag}" if event.tag else ""), event.at, error)
    return replace(
        state,
        open=tuple(one for one in state.open if one.act != event.act),
        acts=(done, *state.acts)[:MOST_ACTS],
        pulls=state.pulls + isinstance(event, ArtifactPulled),
    )


def _placed(state: Artifact, event: Done) -> Artifact:
    key = (event.registry, event.repository)
    others = tuple(one for one in state.places if (one.registry, one.repository) != key)
    if isinstance(event, ArtifactDeleted):
        return replace(state, places=others)
    known = state.place(*key)
    tags = tuple(one for one in known.tags if one.name != event.tag) if known else ()
    if isinstance(event, ArtifactUntagged):
        place = () if known is None else (Place(*key, tags),)
    else:
        now = (TagHere(event.tag, event.at),) if event.tag else ()
        place = (Place(*key, (*tags, *now)[-MOST_TAGS:]),)
    return replace(state, places=(*others, *place)[-MOST_PLACES:])


def pending(state: Artifact) -> tuple[Effect, ...]:
    """Return what is waited for: that acts end which began."""
    return tuple(
        Effect(id=f"act/{one.act}", node=None, action=one, seconds=LONGEST_SECONDS, attempts=1) for one in state.open
    )
