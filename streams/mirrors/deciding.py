"""From a message to the events of a mirror."""

from collections.abc import Iterable
from typing import Final

from schemas.types.lifecycles import Delete, EffectGivenUp
from schemas.types.mirrors import (
    ChangeMirror,
    CreateMirror,
    MirrorChanged,
    MirrorCreated,
    MirrorDeleted,
    MirroringBegan,
    MirroringEnded,
    MirroringFailed,
    MirrorPaused,
    MirrorResumed,
    MirrorSpec,
    PauseMirror,
    ResumeMirror,
    SyncMirror,
    TagCopied,
    TagFailed,
    TagRemoved,
    TagsListed,
)
from streams.artifacts.durations import LONGEST
from streams.lifecycles.lifecycle import Event, Message, Rejected
from streams.mirrors.choosing import check
from streams.mirrors.evolving import evolve
from streams.mirrors.state import MOST_TAGS, Mirror, phase

Answer = tuple[Event, ...] | Rejected
OBSERVED: Final = (TagsListed, TagCopied, TagRemoved, EffectGivenUp)


def decide(state: Mirror, message: Message) -> Answer:
    """Return what follows from the message."""
    body = message.body
    if isinstance(body, OBSERVED):
        decided = _observed(state, body)
        return decided if isinstance(decided, Rejected) else _with_end(state, decided)
    match body:
        case CreateMirror():
            return _create(state, body, message.name)
        case _ if not state.exists:
            return Rejected("not-found", f"there is no mirror {message.name}", "deedlog get mirrors")
        case ChangeMirror():
            return _change(state, body)
        case Delete():
            return (MirrorDeleted(),)
        case PauseMirror():
            return () if state.paused else (MirrorPaused(),)
        case ResumeMirror():
            due = state.spec.every_seconds > 0 and not state.step
            return (MirrorResumed(), *[_begun(state, "due")] * due) if state.paused else ()
        case SyncMirror() if state.paused:
            return Rejected("paused", f"mirror {message.name} rests", f"deedlog mirror resume {message.name}")
        case SyncMirror():
            return () if state.step else (_begun(state, "asked"),)
        case _:
            return ()


def _create(state: Mirror, body: CreateMirror, name: str) -> Answer:
    if state.exists:
        if state.spec == body.spec:
            return ()
        what = f"there is a mirror {name} already ({phase(state)})"
        return Rejected("exists", what, f"deedlog describe mirror {name}")
    begin = body.spec.every_seconds > 0
    return _bad(body.spec) or (MirrorCreated(spec=body.spec), *[_begun(Mirror(), "due")] * begin)


def _change(state: Mirror, body: ChangeMirror) -> Answer:
    if state.spec == body.spec:
        return ()
    begin = not state.paused and (body.spec.every_seconds > 0 or state.step != "")
    return _bad(body.spec) or (MirrorChanged(spec=body.spec), *[_begun(state, "changed")] * begin)


def _bad(spec: MirrorSpec) -> Rejected | None:
    if not spec.source or not spec.destination or spec.source == spec.destination:
        return Rejected("bad-ends", "a mirror needs a source, and another destination", "registry/repository")
    if not 0 <= spec.every_seconds <= LONGEST:
        return Rejected("bad-schedule", f"every {spec.every_seconds} s is no schedule", "spec.every: 1h")
    try:
        check(spec)
    except ValueError as error:
        return Rejected("bad-filter", str(error), "spec.tags: ['1.*']")
    return None


def _begun(state: Mirror, why: str) -> MirroringBegan:
    return MirroringBegan(run=state.run + 1, why=why)


def _observed(state: Mirror, body: Event) -> Answer:
    match body:
        case EffectGivenUp():
            return _given_up(state, body)
        case TagsListed():
            return _listed(state, body)
        case TagCopied() | TagRemoved():
            wanted = "todo" if isinstance(body, TagCopied) else "remove"
            one = state.tag(body.tag)
            return (body,) if state.step == "copying" and one and one.status == wanted else ()
        case _:
            return ()


def _listed(state: Mirror, body: TagsListed) -> Answer:
    if state.step != "listing":
        return ()
    if len(body.tags) > MOST_TAGS:
        what = f"{len(body.tags):,} tags are more than a mirror takes ({MOST_TAGS:,})"
        return Rejected("too-many", what, "choose fewer of them, and make several mirrors")
    return (body,)


def _given_up(state: Mirror, body: EffectGivenUp) -> tuple[Event, ...]:
    verb, _, rest = body.effect.partition("/")
    if verb == "due":
        return (_begun(state, "due"),)
    if verb == "list":
        return (MirroringFailed(run=state.run, failed=0, error=body.error),)
    one = state.tag(rest.partition("/")[2])
    return (TagFailed(tag=one.tag, digest=one.digest, error=body.error),) if one else ()


def _with_end(state: Mirror, events: Iterable[Event]) -> tuple[Event, ...]:
    """Return events with the end of the run, if it is one."""
    found = list(events)
    for event in found:
        state = evolve(state, event)
    if not found or state.step != "copying" or state.in_status("todo", "remove"):
        return tuple(found)
    if failed := state.in_status("failed"):
        end: Event = MirroringFailed(run=state.run, failed=len(failed), error=f"{failed[0].tag}: {failed[0].error}")
    else:
        end = MirroringEnded(
            run=state.run, copied=state.copied, same=state.same, removed=state.removed, bytes=state.bytes
        )
    return (*found, end)
