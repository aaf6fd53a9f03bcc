"""From a message to the events of an artifact.

Acts are told by clients, not asked for: an old one that comes late, from a spool that waited, counts like any other.
So they are observations, and told twice they are known by the place that they have in their spool.
"""

from schemas.types.artifacts import (
    ActBegan,
    ActLost,
    ArtifactBarred,
    ArtifactForgotten,
    ArtifactUnbarred,
    BarArtifact,
    ForgetReferrer,
    NoteReferrer,
    ReferrerForgotten,
    ReferrerNoted,
    TellAct,
    UnbarArtifact,
)
from schemas.types.lifecycles import Delete, EffectGivenUp
from streams.artifacts.state import MOST_REFERRERS, Artifact
from streams.artifacts.vocabulary import DONE, Done, Told
from streams.lifecycles.lifecycle import Event, Message, Rejected


def decide(state: Artifact, message: Message) -> tuple[Event, ...] | Rejected:
    """Return what follows from the message."""
    body = message.body
    if isinstance(body, Told):
        return (body,) if _is_news(state, body) else ()
    match body:
        case EffectGivenUp():
            return _lost(state, body)
        case TellAct():
            return _told(message, body)
        case NoteReferrer() | ForgetReferrer():
            return _referrer(state, body)
        case BarArtifact():
            known = any(bar.quarantine == body.quarantine for bar in state.bars)
            return () if known else (ArtifactBarred(quarantine=body.quarantine, reason=body.reason),)
        case UnbarArtifact():
            known = any(bar.quarantine == body.quarantine for bar in state.bars)
            return (ArtifactUnbarred(quarantine=body.quarantine),) if known else ()
        case Delete():
            return _forget(state, message.name)
        case _:
            return ()


def _is_news(state: Artifact, told: Told) -> bool:
    """Say whether an act, or its end, was not told before."""
    if told.spool and told.number <= state.read(told.spool):
        return False
    begun = isinstance(told, ActBegan) and any(one.act == told.act for one in state.open)
    return not begun and not any(one.act == told.act for one in state.acts)


def _lost(state: Artifact, body: EffectGivenUp) -> tuple[Event, ...]:
    act = body.effect.partition("/")[2]
    open_ = next((one for one in state.open if one.act == act), None)
    return (ActLost(act=act, verb=open_.verb, error=body.error),) if open_ else ()


def _told(message: Message, body: TellAct) -> tuple[Event, ...] | Rejected:
    type_ = DONE.get(body.verb)
    if type_ is None:
        return Rejected("bad-verb", f"{body.verb!r} is no act; known are {', '.join(DONE)}")
    event: Done = type_(
        act=message.id,
        by=message.actor or "",
        registry=body.registry,
        repository=body.repository,
        tag=body.tag,
        artifact_type=body.artifact_type,
        media_type=body.media_type,
        size=body.size,
        subject=body.subject,
        source=body.source,
        at=message.time_ns,
    )
    return (event,)


def _referrer(state: Artifact, body: NoteReferrer | ForgetReferrer) -> tuple[Event, ...]:
    known = any(one.digest == body.referrer for one in state.referrers)
    if isinstance(body, ForgetReferrer):
        return (ReferrerForgotten(referrer=body.referrer),) if known else ()
    if known or len(state.referrers) >= MOST_REFERRERS:
        return ()
    return (ReferrerNoted(referrer=body.referrer, artifact_type=body.artifact_type),)


def _forget(state: Artifact, name: str) -> tuple[Event, ...] | Rejected:
    if not state.known:
        return Rejected("not-found", f"nothing is known of {name}", "deedlog get artifacts")
    if state.places:
        first = state.places[0].name
        why = f"it is in {first}: what is there is deleted there, and then forgotten"
        return Rejected("present", why, f"deedlog artifact manifest delete {first}@{name}")
    if state.bars:
        why = f"it is quarantined by {state.bars[0].quarantine}"
        return Rejected("quarantined", why, f"deedlog quarantine release {state.bars[0].quarantine}")
    return (ArtifactForgotten(),)
