"""From one event to the next state of a quarantine, and what is to be done in a state."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from schemas.types.quarantines import (
    BarredTagSeen,
    BarringFailed,
    PlacesAdded,
    QuarantineCreated,
    QuarantineDeleted,
    QuarantineReleased,
    QuarantineRetried,
    ReleaseBegan,
    RestoringFailed,
    TagsBarred,
    TagsRestored,
)
from streams.lifecycles.lifecycle import Effect, Event
from streams.quarantines.state import (
    MOST_REPOSITORIES,
    AwaitPlaces,
    BarredRepository,
    BarTags,
    Quarantine,
    RestoreTags,
    Step,
)

SECONDS: Final = 900.0
ATTEMPTS: Final = 12
PLACES: Final = "places"
ASKING_SECONDS: Final = 300.0
AGAIN: Final[dict[Step, Step]] = {"unbarred": "todo", "unrestored": "restore"}


def evolve(state: Quarantine, event: Event) -> Quarantine:
    """Return the quarantine after the event."""
    match event:
        case QuarantineCreated():
            made = Quarantine(
                exists=True,
                digest=event.digest,
                reason=event.reason,
                by=event.by,
                access=event.access,
                everywhere=not event.repositories,
            )
            return _added(made, event.repositories)
        case PlacesAdded():
            return replace(_added(state, event.repositories), told=True)
        case ReleaseBegan():
            begun = replace(state, releasing=True, release_reason=event.reason)
            return _each(begun, lambda one: _again(one, "restore"))
        case QuarantineRetried():
            return _each(state, lambda one: _again(one, AGAIN[one.step]) if one.step in AGAIN else one)
        case QuarantineReleased():
            return replace(state, releasing=True, released=True)
        case QuarantineDeleted():
            return Quarantine()
        case _:
            return _repository(state, event)


def _added(state: Quarantine, names: tuple[str, ...]) -> Quarantine:
    new = [name for name in dict.fromkeys(names) if name and state.repository(name) is None]
    more = tuple(BarredRepository(repository=name) for name in new)
    return replace(state, repositories=(*state.repositories, *more)[:MOST_REPOSITORIES])


def _repository(state: Quarantine, event: Event) -> Quarantine:
    match event:
        case TagsBarred():
            return _one(state, event.repository, step="barred", tags=event.tags, error="")
        case BarringFailed():
            return _one(state, event.repository, step="unbarred", error=event.error)
        case TagsRestored():
            return _one(state, event.repository, step="restored", tags=(), left=event.left, error="")
        case RestoringFailed():
            return _one(state, event.repository, step="unrestored", error=event.error)
        case BarredTagSeen():
            name = event.repository
            return _each(state, lambda one: _again(one, "todo") if one.repository == name else one)
        case _:
            return state


def _again(one: BarredRepository, step: Step) -> BarredRepository:
    return replace(one, step=step, number=one.number + 1, error="")


def _one(state: Quarantine, name: str, **changes: Any) -> Quarantine:
    return _each(state, lambda one: replace(one, **changes) if one.repository == name else one)


def _each(state: Quarantine, change: Any) -> Quarantine:
    return replace(state, repositories=tuple(map(change, state.repositories)))


def pending(state: Quarantine) -> tuple[Effect, ...]:
    """Return the effects that are to be had for the quarantine."""
    return tuple(_all(state)) if state.exists and not state.released else ()


def _all(state: Quarantine) -> Iterator[Effect]:
    if state.asking:
        yield Effect(id=PLACES, node=None, action=AwaitPlaces(), seconds=ASKING_SECONDS, attempts=1)
    for one in state.repositories:
        name = f"{one.number}/{one.repository}"
        if one.step == "todo":
            bar = BarTags(one.repository, state.digest, state.reason, state.access)
            yield Effect(id=f"bar/{name}", node="", action=bar, seconds=SECONDS, attempts=ATTEMPTS)
        elif one.step == "restore":
            back = RestoreTags(one.repository, state.digest, one.tags, state.access)
            yield Effect(id=f"restore/{name}", node="", action=back, seconds=SECONDS, attempts=ATTEMPTS)
