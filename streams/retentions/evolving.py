"""From one event to the next state of a retention, and what is to be done in a state."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from schemas.types.retentions import (
    ArtifactRemoved,
    ArtifactSpared,
    RemovalFailed,
    RetentionBegan,
    RetentionChanged,
    RetentionCreated,
    RetentionDeleted,
    RetentionEnded,
    RetentionFailed,
    RetentionPlanned,
)
from streams.lifecycles.lifecycle import Effect, Event
from streams.retentions.state import (
    AT_ONCE,
    AwaitDue,
    Going,
    RemoveGroup,
    Retention,
    Status,
    SurveyRepository,
)

SURVEY_SECONDS: Final = 3600.0
REMOVE_SECONDS: Final = 1800.0
FIRST_PAUSE_SECONDS: Final = 60.0
"""After a first run that failed; after each more it is twice as long, and at most as long as between runs."""


def evolve(state: Retention, event: Event) -> Retention:
    """Return the retention after the event."""
    match event:
        case RetentionCreated():
            return Retention(exists=True, spec=event.spec)
        case RetentionChanged():
            # What was planned was planned by what is kept no longer.
            return replace(state, spec=event.spec, step="", going=())
        case RetentionDeleted():
            return Retention()
        case RetentionBegan():
            return replace(state, run=event.run, step="surveying", dry_run=event.dry_run, kept=0, going=(), fault="")
        case RetentionPlanned():
            return _planned(state, event)
        case ArtifactRemoved():
            return _with(state, event.digest, "removed")
        case ArtifactSpared():
            return _with(state, event.digest, "spared")
        case RemovalFailed():
            return _with(state, event.digest, "failed")
        case RetentionEnded():
            return replace(state, step="", failures=0, fault="")
        case RetentionFailed():
            return replace(state, step="", failures=state.failures + 1, fault=event.error or "it failed")
        case _:
            return state


def _planned(state: Retention, event: RetentionPlanned) -> Retention:
    going = {
        one.digest: Going(
            digest=one.digest,
            tags=one.tags,
            size=one.size,
            why=one.why,
            referrer_of=one.referrer_of,
            group=one.group,
        )
        for one in event.doomed
    }
    return replace(state, step="removing", kept=event.kept, going=tuple(going.values()))


def _with(state: Retention, digest: str, status: Status) -> Retention:
    going = tuple(replace(one, status=status) if one.digest == digest else one for one in state.going)
    return replace(state, going=going)


def pending(state: Retention) -> tuple[Effect, ...]:
    """Return the effects that are to be had for the retention."""
    if not state.exists:
        return ()
    match state.step:
        case "surveying":
            survey = SurveyRepository(state.spec)
            id = f"survey/{state.run}"
            return (Effect(id=id, node="", action=survey, seconds=SURVEY_SECONDS, attempts=8),)
        case "removing":
            return () if state.dry_run else tuple(_removing(state))
        case _:
            return tuple(_due(state))


def _removing(state: Retention) -> Iterator[Effect]:
    groups = dict.fromkeys(one.group for one in state.in_status("todo"))
    for number in list(groups)[:AT_ONCE]:
        group = state.group(number)
        tags = tuple(tag for one in group for tag in one.tags)
        action = RemoveGroup(tuple(one.digest for one in group), tags, state.spec)
        yield Effect(id=f"remove/{state.run}/{number}", node="", action=action, seconds=REMOVE_SECONDS, attempts=8)


def _due(state: Retention) -> Iterator[Effect]:
    every = float(state.spec.every_seconds)
    if every > 0:
        soon = FIRST_PAUSE_SECONDS * 2.0 ** min(state.failures - 1, 20)
        seconds = min(soon, every) if state.fault else every
        yield Effect(id=f"due/{state.run}", node=None, action=AwaitDue(), seconds=seconds, attempts=1, alarm=True)
