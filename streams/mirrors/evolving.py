"""From one event to the next state of a mirror, and what is to be done in a state."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from schemas.types.mirrors import (
    MirrorChanged,
    MirrorCreated,
    MirrorDeleted,
    MirroringBegan,
    MirroringEnded,
    MirroringFailed,
    MirrorPaused,
    MirrorResumed,
    TagCopied,
    TagFailed,
    TagFound,
    TagRemoved,
    TagsListed,
)
from streams.lifecycles.lifecycle import Effect, Event
from streams.mirrors.state import (
    MOST_AT_ONCE,
    AwaitDue,
    CopyTag,
    ListTags,
    Mirror,
    MirroredTag,
    RemoveTag,
)

LIST_SECONDS: Final = 900.0
COPY_SECONDS: Final = 6 * 3600.0
FIRST_PAUSE_SECONDS: Final = 30.0
"""After a first run that failed; after each more it is twice as long, and at most as long as between runs."""


def evolve(state: Mirror, event: Event) -> Mirror:
    """Return the mirror after the event."""
    match event:
        case MirrorCreated():
            return Mirror(exists=True, spec=event.spec)
        case MirrorChanged():
            return _changed(state, event)
        case MirrorDeleted():
            return Mirror()
        case MirrorPaused():
            return replace(state, paused=True)
        case MirrorResumed():
            return replace(state, paused=False)
        case MirroringBegan():
            return replace(
                state, run=event.run, step="listing", copied=0, same=0, removed=0, failed=0, bytes=0, fault=""
            )
        case MirroringEnded():
            return replace(state, step="", failures=0, fault="")
        case MirroringFailed():
            return replace(state, step="", failures=state.failures + 1, fault=event.error or "it failed")
        case _:
            return _tags(state, event)


def _changed(state: Mirror, event: MirrorChanged) -> Mirror:
    old, new = state.spec, event.spec
    elsewhere = (old.source, old.destination) != (new.source, new.destination)
    return replace(state, spec=new, step="", tags=() if elsewhere else state.tags)


def _tags(state: Mirror, event: Event) -> Mirror:
    match event:
        case TagsListed():
            tags = tuple(_listed(state, event))
            same = sum(one.status == "same" for one in tags)
            return replace(state, step="copying", tags=tags, same=same)
        case TagCopied():
            changes = {"status": "copied", "there": event.digest, "known": event.referrers, "ours": True, "error": ""}
            done = replace(state, copied=state.copied + 1, bytes=state.bytes + max(event.bytes, 0))
            return _with(done, event.tag, changes)
        case TagFailed():
            failed = replace(state, failed=state.failed + 1)
            return _with(failed, event.tag, {"status": "failed", "error": event.error})
        case TagRemoved():
            left = tuple(one for one in state.tags if one.tag != event.tag)
            return replace(state, tags=left, removed=state.removed + 1)
        case _:
            return state


def _with(state: Mirror, tag: str, changes: dict[str, Any]) -> Mirror:
    return replace(state, tags=tuple(replace(one, **changes) if one.tag == tag else one for one in state.tags))


def _listed(state: Mirror, event: TagsListed) -> Iterator[MirroredTag]:
    before = {one.tag: one for one in state.tags}
    found = {one.tag: one for one in event.tags}
    for one in found.values():
        yield _found(state, one, before.get(one.tag))
    for old in state.tags:
        # Only what it copied itself may be removed: other tags there are not its own.
        if old.tag not in found and old.ours:
            yield replace(old, status="remove" if state.spec.prune else "lost")


def _found(state: Mirror, one: TagFound, old: MirroredTag | None) -> MirroredTag:
    known = old.known if old and old.digest == one.digest else ""
    attached = state.spec.referrers and one.referrers != known
    same = one.there == one.digest and not attached
    return MirroredTag(
        tag=one.tag,
        digest=one.digest,
        origin=one.origin,
        there=one.there,
        referrers=one.referrers,
        known=known,
        status="same" if same else "todo",
        ours=bool(old and old.ours),
    )


def pending(state: Mirror) -> tuple[Effect, ...]:
    """Return the effects that are to be had for the mirror."""
    if not state.exists or state.paused:
        return ()
    match state.step:
        case "listing":
            action = ListTags(state.spec)
            return (Effect(id=f"list/{state.run}", node="", action=action, seconds=LIST_SECONDS, attempts=8),)
        case "copying":
            return tuple(_copying(state))
        case _:
            return tuple(_due(state))


def _copying(state: Mirror) -> Iterator[Effect]:
    most = min(max(state.spec.concurrency, 1), MOST_AT_ONCE)
    todo = state.in_status("todo")[:most]
    for one in todo:
        action = CopyTag(one.tag, one.digest, one.origin, one.referrers, state.spec)
        yield Effect(id=f"copy/{state.run}/{one.tag}", node="", action=action, seconds=COPY_SECONDS, attempts=8)
    # What is lost is removed when all that is new is there.
    for one in () if todo else state.in_status("remove")[:most]:
        gone = RemoveTag(one.tag, one.there, state.spec)
        yield Effect(id=f"remove/{state.run}/{one.tag}", node="", action=gone, seconds=LIST_SECONDS, attempts=8)


def _due(state: Mirror) -> Iterator[Effect]:
    every = float(state.spec.every_seconds)
    if every > 0:
        soon = FIRST_PAUSE_SECONDS * 2.0 ** min(state.failures - 1, 20)
        seconds = min(soon, every) if state.fault else every
        yield Effect(id=f"due/{state.run}", node=None, action=AwaitDue(), seconds=seconds, attempts=1, alarm=True)
