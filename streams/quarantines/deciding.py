"""From a message to the events of a quarantine."""

from msgspec.structs import replace

from schemas.types.lifecycles import Delete, EffectGivenUp
from schemas.types.quarantines import (
    BarredTagSeen,
    BarringFailed,
    CreateQuarantine,
    PlacesAdded,
    QuarantineCreated,
    QuarantineDeleted,
    QuarantineReleased,
    QuarantineRetried,
    ReleaseBegan,
    ReleaseQuarantine,
    RestoringFailed,
    RetryQuarantine,
    TagsBarred,
    TagsRestored,
    TellPlaces,
    TellTag,
)
from streams.artifacts.naming import DIGEST_NAMES, is_digest
from streams.lifecycles.lifecycle import Event, Message, Rejected
from streams.quarantines.evolving import PLACES, evolve
from streams.quarantines.state import ASIDE, MOST_REPOSITORIES, Quarantine, phase

Answer = tuple[Event, ...] | Rejected


def decide(state: Quarantine, message: Message) -> Answer:
    """Return what follows from the message."""
    decided = _decided(state, message)
    return decided if isinstance(decided, Rejected) else _with_end(state, decided)


def _decided(state: Quarantine, message: Message) -> Answer:
    body, name = message.body, message.name
    match body:
        case CreateQuarantine():
            return _create(state, body, message)
        case TagsBarred() | TagsRestored() | EffectGivenUp():
            return _observed(state, body)
        case BarredTagSeen():
            return _seen(state, body)
        case TellTag():
            return _seen(state, BarredTagSeen(repository=body.repository, tag=body.tag))
        case TellPlaces():
            return _told(state, body.repositories) if state.everywhere else ()
        case _ if not state.exists:
            return Rejected("not-found", f"there is no quarantine {name}", "deedlog get quarantines")
        case Delete() if not state.released:
            what = f"quarantine {name} is {phase(state)}: its artifact is barred, and its tags are aside"
            return Rejected("active", what, f"deedlog quarantine release {name}")
        case Delete():
            return (QuarantineDeleted(),)
        case ReleaseQuarantine():
            return () if state.releasing else (ReleaseBegan(reason=body.reason),)
        case RetryQuarantine():
            return (QuarantineRetried(),) if state.fault else ()
        case _:
            return ()


def _create(state: Quarantine, body: CreateQuarantine, message: Message) -> Answer:
    name = message.name
    if not is_digest(body.digest):
        what = f"{body.digest!r} is not {DIGEST_NAMES.said}"
        return Rejected("bad-digest", what, f"deedlog quarantine add DIGEST --name {name}")
    if not state.exists:
        made = QuarantineCreated(
            digest=body.digest,
            repositories=body.repositories[:MOST_REPOSITORIES],
            reason=body.reason,
            by=body.by or message.actor or "",
            access=body.access,
        )
        return (made,)
    if state.digest == body.digest and state.active:
        return _places(state, body.repositories)
    what = f"there is a quarantine {name} already ({phase(state)}) of {state.digest}"
    return Rejected("exists", what, "give it another name: --name NAME")


def _told(state: Quarantine, repositories: tuple[str, ...]) -> tuple[Event, ...]:
    """Return what is added; the first answer counts also if the artifact is nowhere, for it is what is waited for."""
    added = _places(state, repositories)
    return added or ((PlacesAdded(),) if state.active and not state.told else ())


def _places(state: Quarantine, repositories: tuple[str, ...]) -> tuple[Event, ...]:
    known = {one.repository for one in state.repositories}
    new = tuple(one for one in dict.fromkeys(repositories) if one and one not in known)
    new = new[: MOST_REPOSITORIES - len(known)]
    return (PlacesAdded(repositories=new),) if new and state.active else ()


def _seen(state: Quarantine, body: BarredTagSeen) -> tuple[Event, ...]:
    if not state.active or body.tag.startswith(ASIDE):
        return ()
    known = state.repository(body.repository)
    if known is None:
        return _places(state, (body.repository,)) if state.everywhere else ()
    # One that is to be barred gets this tag moved with all others.
    return () if known.step == "todo" else (body,)


def _observed(state: Quarantine, body: Event) -> tuple[Event, ...]:
    match body:
        case TagsBarred():
            known = state.repository(body.repository)
            if known is None or known.step != "todo":
                return ()
            return (replace(body, already=tuple(one.tag for one in known.tags)),)
        case TagsRestored():
            known = state.repository(body.repository)
            return (body,) if known and known.step == "restore" else ()
        case EffectGivenUp(effect=effect) if effect == PLACES:
            # What was not told by now is still taken in whenever it is.
            return (PlacesAdded(),)
        case EffectGivenUp():
            verb, _, rest = body.effect.partition("/")
            name = rest.partition("/")[2]
            failed = BarringFailed if verb == "bar" else RestoringFailed
            return (failed(repository=name, error=body.error),) if state.repository(name) else ()
        case _:
            return ()


def _with_end(state: Quarantine, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Return events with the end of a release, if all is put back."""
    for event in events:
        state = evolve(state, event)
    over = state.releasing and not state.released and not state.in_step("todo", "restore", "unrestored")
    return (*events, QuarantineReleased()) if events and over else events
