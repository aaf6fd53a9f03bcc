"""From a message to the events of a retention."""

from collections.abc import Iterator

from schemas.types.lifecycles import Delete, EffectGivenUp
from schemas.types.retentions import (
    ArtifactRemoved,
    ArtifactSpared,
    ArtifactsRemoved,
    ChangeRetention,
    CreateRetention,
    RemovalFailed,
    RepositorySurveyed,
    RetentionBegan,
    RetentionChanged,
    RetentionCreated,
    RetentionDeleted,
    RetentionEnded,
    RetentionFailed,
    RetentionPlanned,
    RetentionSpec,
    RunRetention,
)
from streams.artifacts.durations import LONGEST
from streams.lifecycles.lifecycle import Event, Message, Rejected
from streams.retentions.evolving import evolve
from streams.retentions.keeping import Plan
from streams.retentions.state import MOST_HELD, Going, Retention, phase

Answer = tuple[Event, ...] | Rejected


def decide(state: Retention, message: Message) -> Answer:
    """Return what follows from the message."""
    body, name = message.body, message.name
    match body:
        case CreateRetention():
            return _create(state, body, name)
        case RepositorySurveyed():
            return _surveyed(state, body, message.time_ns)
        case ArtifactsRemoved():
            return _with_end(state, tuple(_removed(state, body)))
        case EffectGivenUp():
            return _with_end(state, tuple(_given_up(state, body)))
        case _ if not state.exists:
            return Rejected("not-found", f"there is no retention {name}", "deedlog get retentions")
        case ChangeRetention():
            begin = body.spec.every_seconds > 0 or state.step != ""
            changed = (RetentionChanged(spec=body.spec), *[_begun(state, dry_run=body.spec.dry_run)] * begin)
            return () if state.spec == body.spec else _bad(body.spec) or changed
        case RunRetention() if state.step:
            return Rejected("running", f"retention {name} runs already", f"deedlog wait retention/{name} --for=stable")
        case RunRetention():
            return (_begun(state, dry_run=body.dry_run or state.spec.dry_run),)
        case Delete():
            return (RetentionDeleted(),)
        case _:
            return ()


def _create(state: Retention, body: CreateRetention, name: str) -> Answer:
    if state.exists:
        if state.spec == body.spec:
            return ()
        what = f"there is a retention {name} already ({phase(state)})"
        return Rejected("exists", what, f"deedlog describe retention {name}")
    begin = body.spec.every_seconds > 0
    first = [_begun(Retention(), dry_run=body.spec.dry_run)] * begin
    return _bad(body.spec) or (RetentionCreated(spec=body.spec), *first)


def _bad(spec: RetentionSpec) -> Rejected | None:
    if not spec.repository:
        return Rejected("bad-repository", "a retention needs a repository", "spec.repository: registry/repository")
    if not 0 <= spec.every_seconds <= LONGEST:
        return Rejected("bad-schedule", f"every {spec.every_seconds} s is no schedule", "spec.every: 1d")
    if spec.newest < 0 or not 0 <= spec.younger_than_seconds <= LONGEST:
        return Rejected("bad-rules", "less than nothing cannot be kept", "spec.newest: 10")
    if not (spec.newest or spec.younger_than_seconds or spec.keep):
        return Rejected("bad-rules", "nothing says what is kept: all would go", "spec.newest: 10")
    return None


def _begun(state: Retention, *, dry_run: bool) -> RetentionBegan:
    return RetentionBegan(run=state.run + 1, dry_run=dry_run)


def _surveyed(state: Retention, body: RepositorySurveyed, now_ns: int) -> Answer:
    if state.step != "surveying":
        return ()
    if len(body.held) > MOST_HELD:
        what = f"{len(body.held):,} manifests are more than a retention takes ({MOST_HELD:,})"
        return Rejected("too-many", what, "keep fewer in one repository")
    plan = Plan(state.spec, body.held, now_ns)
    doomed = plan.doomed()
    held = len({one.digest for one in body.held})
    return _with_end(state, (RetentionPlanned(run=state.run, kept=held - len(doomed), doomed=doomed),))


def _removed(state: Retention, body: ArtifactsRemoved) -> Iterator[Event]:
    verb, _, number = body.effect.rpartition("/")
    group = {one.digest: one for one in state.group(int(number))} if verb and number.isdigit() else {}
    for one in dict.fromkeys(one.digest for one in body.removed):
        if going := group.pop(one, None):
            yield ArtifactRemoved(digest=one, tags=going.tags, size=going.size, why=going.why)
    for left in group.values():
        why = "it got a tag since" if left.digest in body.spared else "it is not there any more"
        yield ArtifactSpared(digest=left.digest, why=why)


def _given_up(state: Retention, body: EffectGivenUp) -> Iterator[Event]:
    verb, _, rest = body.effect.partition("/")
    if verb == "due":
        yield _begun(state, dry_run=state.spec.dry_run)
    elif verb == "survey":
        yield RetentionFailed(run=state.run, error=body.error)
    else:
        number = rest.partition("/")[2]
        group: tuple[Going, ...] = state.group(int(number)) if number.lstrip("-").isdigit() else ()
        for one in group:
            yield RemovalFailed(digest=one.digest, error=body.error)


def _with_end(state: Retention, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Return events with the end of the run, if it is one."""
    for event in events:
        state = evolve(state, event)
    if not events or state.step != "removing" or (state.in_status("todo") and not state.dry_run):
        return events
    if failed := state.in_status("failed"):
        error = f"{len(failed)} of {len(state.going)} could not be removed, the first: {failed[0].digest}"
        return (*events, RetentionFailed(run=state.run, error=error))
    gone = state.going if state.dry_run else state.in_status("removed")
    size = sum(max(one.size, 0) for one in gone)
    return (*events, RetentionEnded(run=state.run, removed=len(gone), bytes=size, dry_run=state.dry_run))
