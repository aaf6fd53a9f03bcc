"""What artifacts, mirrors, quarantines, promotions and retentions tell each other, on the real host."""

from typing import Any

import msgspec
import pytest

from schemas.types.artifacts import (
    ActBegan,
    ActFailed,
    ActLost,
    ArtifactAttached,
    ArtifactCopied,
    ArtifactDeleted,
    ArtifactPulled,
    ArtifactPushed,
    ArtifactTagged,
    ArtifactUntagged,
    ReferrerForgotten,
    ReferrerNoted,
)
from schemas.types.lifecycles import CommandRejected, Delete, EffectGivenUp, TimerElapsed
from schemas.types.mirrors import (
    CreateMirror,
    MirroringBegan,
    MirroringEnded,
    MirroringFailed,
    MirrorSpec,
    PauseMirror,
    ResumeMirror,
    SyncMirror,
    TagCopied,
    TagFound,
    TagsListed,
)
from schemas.types.quarantines import (
    BarredTagSeen,
    CreateQuarantine,
    MovedTag,
    PlacesAdded,
    QuarantineCreated,
    QuarantineReleased,
    ReleaseQuarantine,
    TagsBarred,
    TagsRestored,
    TellPlaces,
)
from streams.artifacts import ARTIFACTS
from streams.artifacts.evolving import LONGEST_SECONDS
from streams.artifacts.resolving import resolve
from streams.artifacts.state import MOST_ACTS, MOST_OPEN, MOST_PLACES, MOST_SPOOLS, phase
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Message
from streams.mirrors import MIRRORS
from streams.quarantines import QUARANTINES
from tests.lifecycles import SECOND, Memory

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")


def act(number: int, **said: Any) -> dict[str, Any]:
    place = {"registry": "r.test", "repository": "a/b", "tag": "v1", "spool": "s1", "number": number, "at": number}
    return {"act": f"act-{number // 10}", "by": "ann@web"} | place | said


def state(memory: Memory, name: str = A) -> Any:
    return memory.view(ARTIFACTS).one(name).state


def entity(memory: Memory, lifecycle: Any, name: str) -> Entity[Any]:
    found: Entity[Any] = memory.view(lifecycle).one(name)
    return found


def types(memory: Memory, lifecycle: Any, name: str) -> list[str]:
    return [type(event).__name__ for event in memory.events(lifecycle, name)]


def test_an_act_has_a_beginning_and_an_end() -> None:
    memory = Memory()
    memory.give(ARTIFACTS, A, ActBegan(verb="push", **act(10, artifact_type="x/y", size=7)))
    assert phase(state(memory)) == "nowhere"
    assert [one.verb for one in state(memory).open] == ["push"]
    memory.give(ARTIFACTS, A, ArtifactPushed(**act(11)))
    assert phase(state(memory)) == "present"
    assert not state(memory).open
    assert (state(memory).artifact_type, state(memory).size) == ("x/y", 7)
    assert [place.name for place in state(memory).places] == ["r.test/a/b"]
    assert state(memory).acts[0].where == "r.test/a/b:v1"


def test_a_record_that_is_sent_again_counts_once_and_late_ones_count() -> None:
    memory = Memory()
    records = [ActBegan(verb="pull", **act(10)), ArtifactPulled(**act(11)), ActBegan(verb="pull", **act(20))]
    for body in [*records, *records, ArtifactPulled(**act(21)), *records]:
        memory.give(ARTIFACTS, A, body)
    assert types(memory, ARTIFACTS, A) == ["ActBegan", "ArtifactPulled"] * 2
    assert state(memory).pulls == 2
    memory.give(ARTIFACTS, A, ArtifactPulled(**act(5, spool="s2")))  # an old one, of a spool that waited
    assert state(memory).pulls == 3


def test_of_an_act_that_never_ends_it_is_said_and_its_late_end_counts() -> None:
    memory = Memory()
    memory.give(ARTIFACTS, A, ActBegan(verb="push", **act(10)))
    late = memory.now + int((LONGEST_SECONDS + 1) * SECOND)
    memory.give(ARTIFACTS, A, TimerElapsed(time=late))
    assert isinstance(memory.events(ARTIFACTS, A)[-1], ActLost)
    assert not state(memory).open
    memory.give(ARTIFACTS, A, ArtifactPushed(**act(11)))
    assert phase(state(memory)) == "present"


def test_what_fails_is_told_and_is_nowhere() -> None:
    memory = Memory()
    memory.give(ARTIFACTS, A, ActBegan(verb="push", **act(10)))
    memory.give(ARTIFACTS, A, ActFailed(verb="push", error="no", **act(11)))
    assert phase(state(memory)) == "nowhere"
    assert state(memory).acts[0].error == "no"


def test_tags_are_told_and_resolved_by_the_last_who_told() -> None:
    memory = Memory()
    memory.give(ARTIFACTS, A, ArtifactPushed(**act(10)))
    memory.give(ARTIFACTS, B, ArtifactPushed(**act(21)))
    every = {name: one.state for name, one in memory.view(ARTIFACTS).all().items()}
    assert resolve(every, "r.test/a/b", "v1") == B
    assert resolve(every, "r.test/a/b", "v2") is None
    memory.give(ARTIFACTS, A, ArtifactTagged(**act(30, tag="v2")))
    memory.give(ARTIFACTS, A, ArtifactUntagged(**act(40, tag="v1")))
    assert [one.name for one in state(memory).places[0].tags] == ["v2"]


def test_a_subject_knows_its_referrers_until_they_are_nowhere() -> None:
    memory = Memory()
    memory.give(ARTIFACTS, B, ArtifactAttached(**act(10, subject=A, artifact_type="x/sbom")))
    assert [(one.digest, one.artifact_type) for one in state(memory).referrers] == [(B, "x/sbom")]
    assert isinstance(memory.events(ARTIFACTS, A)[0], ReferrerNoted)
    memory.give(ARTIFACTS, B, ArtifactDeleted(**act(20)))
    assert state(memory).referrers == ()
    assert isinstance(memory.events(ARTIFACTS, A)[-1], ReferrerForgotten)


def test_what_is_known_is_bounded() -> None:
    memory = Memory([ARTIFACTS])
    for number in range(10, 1000, 10):
        memory.give(ARTIFACTS, A, ActBegan(verb="push", **act(number)))
        memory.give(ARTIFACTS, A, ArtifactPushed(**act(number, spool=f"s{number}", repository=f"r{number}", act="x")))
    for number in range(10, 1000, 10):
        memory.give(ARTIFACTS, A, ArtifactPulled(**act(number, spool=f"t{number}", act=f"y{number}")))
    found = state(memory)
    assert len(found.open) <= MOST_OPEN
    assert len(found.acts) == MOST_ACTS
    assert len(found.spools) == MOST_SPOOLS
    assert len(found.places) <= MOST_PLACES


def test_only_what_is_nowhere_is_forgotten() -> None:
    memory = Memory()
    memory.give(ARTIFACTS, A, ArtifactPushed(**act(10)))
    memory.give(ARTIFACTS, A, Delete())
    assert isinstance(memory.events(ARTIFACTS, A)[-1], CommandRejected)
    memory.give(ARTIFACTS, A, ArtifactDeleted(**act(20)))
    memory.give(ARTIFACTS, A, Delete())
    assert phase(state(memory)) == "unknown"
    memory.give(ARTIFACTS, A, ArtifactPushed(**act(10)))
    assert phase(state(memory)) == "unknown"


# Mirrors.

SPEC = MirrorSpec(source="a.test/x", destination="b.test/y", every_seconds=3600, concurrency=2)


def answer(memory: Memory, lifecycle: Any, name: str, effect: str, body: Any) -> None:
    waiting = entity(memory, lifecycle, name).waits_for(effect)
    assert waiting, [one.id for one in entity(memory, lifecycle, name).waiting]
    memory.give(lifecycle, name, body, causation_id=waiting.cause)


def test_a_mirror_copies_what_differs_and_runs_again_when_it_is_time() -> None:
    memory = Memory()
    memory.give(MIRRORS, "m", CreateMirror(spec=SPEC))
    found = (TagFound(tag="v1", digest=A), TagFound(tag="v2", digest=B, there=B), TagFound(tag="v3", digest=C, there=A))
    answer(memory, MIRRORS, "m", "list/1", TagsListed(effect="list/1", tags=found))
    mirror = entity(memory, MIRRORS, "m")
    assert [one.id for one in mirror.waiting] == ["copy/1/v1", "copy/1/v3"]
    assert mirror.state.drift == 2
    for tag, digest in (("v1", A), ("v3", C)):
        body = TagCopied(effect=f"copy/1/{tag}", tag=tag, digest=digest, referrers="", bytes=5)
        answer(memory, MIRRORS, "m", body.effect, body)
    ended = memory.events(MIRRORS, "m")[-1]
    assert isinstance(ended, MirroringEnded)
    assert (ended.copied, ended.same, ended.bytes) == (2, 1, 10)
    assert entity(memory, MIRRORS, "m").state.drift == 0
    copied = memory.events(ARTIFACTS, A)[-1]
    assert isinstance(copied, ArtifactCopied)
    assert (copied.registry, copied.repository, copied.tag, copied.source) == ("b.test", "y", "v1", "a.test/x")
    (waiting,) = entity(memory, MIRRORS, "m").waiting
    assert waiting.alarm
    memory.give(MIRRORS, "m", TimerElapsed(time=waiting.deadline_ns - 1))
    assert isinstance(memory.events(MIRRORS, "m")[-1], MirroringEnded)
    memory.give(MIRRORS, "m", TimerElapsed(time=waiting.deadline_ns))
    began = memory.events(MIRRORS, "m")[-1]
    assert began == MirroringBegan(run=2, why="due")


def test_a_paused_mirror_goes_on_where_it_was() -> None:
    memory = Memory()
    memory.give(MIRRORS, "m", CreateMirror(spec=SPEC))
    found = (TagFound(tag="v1", digest=A), TagFound(tag="v2", digest=B))
    answer(memory, MIRRORS, "m", "list/1", TagsListed(effect="list/1", tags=found))
    body = TagCopied(effect="copy/1/v1", tag="v1", digest=A, referrers="")
    answer(memory, MIRRORS, "m", "copy/1/v1", body)
    memory.give(MIRRORS, "m", PauseMirror())
    assert entity(memory, MIRRORS, "m").waiting == ()
    memory.give(MIRRORS, "m", SyncMirror())
    rejected = memory.events(MIRRORS, "m")[-1]
    assert isinstance(rejected, CommandRejected)
    assert rejected.fix == "deedlog mirror resume m"
    memory.give(MIRRORS, "m", ResumeMirror())
    assert [one.id for one in entity(memory, MIRRORS, "m").waiting] == ["copy/1/v2"]


def test_a_mirror_whose_source_is_gone_is_failing_and_tries_again_soon() -> None:
    memory = Memory()
    memory.give(MIRRORS, "m", CreateMirror(spec=SPEC))
    deadline = entity(memory, MIRRORS, "m").waiting[0].deadline_ns
    memory.give(MIRRORS, "m", TimerElapsed(time=deadline))
    mirror = entity(memory, MIRRORS, "m")
    assert isinstance(memory.events(MIRRORS, "m")[-1], MirroringFailed)
    assert MIRRORS.phase(mirror.state) == "failing"
    first = mirror.waiting[0].deadline_ns - mirror.waiting[0].since_ns
    assert first < 3600 * SECOND


@pytest.mark.parametrize(
    "said", [{"destination": "a.test/x"}, {"source": ""}, {"semver": "new"}, {"regex": "("}, {"every_seconds": -1}]
)
def test_mirrors_that_make_no_sense_are_refused(said: dict[str, Any]) -> None:
    import msgspec

    memory = Memory()
    memory.give(MIRRORS, "m", CreateMirror(spec=msgspec.structs.replace(SPEC, **said)))
    assert types(memory, MIRRORS, "m") == ["CommandRejected"]


# Quarantines.


def test_a_quarantine_is_about_all_places_that_are_known_and_its_artifact_knows() -> None:
    memory = Memory()
    memory.give(ARTIFACTS, A, ArtifactPushed(**act(10)))
    memory.give(QUARANTINES, "q", CreateQuarantine(digest=A, reason="bad"))
    assert phase(state(memory)) == "quarantined"
    barring = entity(memory, QUARANTINES, "q")
    assert [one.id for one in barring.waiting] == ["bar/1/r.test/a/b"]
    moved = (MovedTag(tag="v1"),)
    body = TagsBarred(effect="bar/1/r.test/a/b", repository="r.test/a/b", tags=moved)
    answer(memory, QUARANTINES, "q", body.effect, body)
    assert QUARANTINES.phase(entity(memory, QUARANTINES, "q").state) == "barred"
    assert [one.name for one in state(memory).places[0].tags] == ["quarantined-v1"]


def test_a_quarantine_is_not_barred_before_it_is_told_where_its_artifact_is() -> None:
    created = QuarantineCreated(digest=A, reason="bad")
    fresh = QUARANTINES.evolve(QUARANTINES.initial, created)
    assert QUARANTINES.phase(fresh) == "barring"
    memory = Memory()
    memory.give(QUARANTINES, "q", CreateQuarantine(digest=A, reason="bad"))
    assert QUARANTINES.phase(entity(memory, QUARANTINES, "q").state) == "barred"
    assert memory.events(QUARANTINES, "q")[-1] == PlacesAdded()


def test_a_quarantine_that_is_never_told_ends_its_waiting_and_listens_on() -> None:
    state = QUARANTINES.evolve(QUARANTINES.initial, QuarantineCreated(digest=A, reason="bad"))
    (waited,) = QUARANTINES.pending(state)
    message = Message(name="q", id="m", time_ns=1, body=EffectGivenUp(effect=waited.id, attempts=0, error="late"))
    events = QUARANTINES.decide(state, message)
    assert events == (PlacesAdded(),)
    state = QUARANTINES.evolve(state, PlacesAdded())
    assert (QUARANTINES.phase(state), QUARANTINES.pending(state)) == ("barred", ())
    told = msgspec.structs.replace(message, body=TellPlaces(repositories=("r.io/a",)))
    assert QUARANTINES.decide(state, told) == (PlacesAdded(repositories=("r.io/a",)),)


def test_a_tag_that_means_a_barred_artifact_anew_is_moved_too_wherever_it_is() -> None:
    memory = Memory()
    memory.give(QUARANTINES, "q", CreateQuarantine(digest=A, reason="bad"))
    memory.give(ARTIFACTS, A, ArtifactPushed(**act(10)))
    assert [one.id for one in entity(memory, QUARANTINES, "q").waiting] == ["bar/1/r.test/a/b"]
    body = TagsBarred(effect="bar/1/r.test/a/b", repository="r.test/a/b", tags=(MovedTag(tag="v1"),))
    answer(memory, QUARANTINES, "q", body.effect, body)
    memory.give(QUARANTINES, "q", BarredTagSeen(repository="r.test/a/b", tag="v1"))
    assert [one.id for one in entity(memory, QUARANTINES, "q").waiting] == ["bar/2/r.test/a/b"]


def test_a_release_puts_tags_back_and_tells_the_artifact() -> None:
    memory = Memory()
    memory.give(QUARANTINES, "q", CreateQuarantine(digest=A, repositories=("r.test/a/b",), reason="bad"))
    moved = (MovedTag(tag="v1"), MovedTag(tag="v2", placeholder=B))
    body = TagsBarred(effect="bar/1/r.test/a/b", repository="r.test/a/b", tags=moved)
    answer(memory, QUARANTINES, "q", body.effect, body)
    memory.give(QUARANTINES, "q", Delete())
    assert isinstance(memory.events(QUARANTINES, "q")[-1], CommandRejected)
    memory.give(QUARANTINES, "q", ReleaseQuarantine(reason="it was mended"))
    back = TagsRestored(effect="restore/2/r.test/a/b", repository="r.test/a/b", restored=("v1",), left=("v2",))
    answer(memory, QUARANTINES, "q", back.effect, back)
    assert isinstance(memory.events(QUARANTINES, "q")[-1], QuarantineReleased)
    assert phase(state(memory)) == "present"
    assert [one.name for one in state(memory).places[0].tags] == ["quarantined-v2", "v1"]
    memory.give(QUARANTINES, "q", Delete())
    assert not entity(memory, QUARANTINES, "q").state.exists


def test_tags_that_are_aside_already_are_not_told_again() -> None:
    memory = Memory()
    memory.give(QUARANTINES, "q", CreateQuarantine(digest=A, repositories=("r.test/a/b",)))
    first = TagsBarred(effect="bar/1/r.test/a/b", repository="r.test/a/b", tags=(MovedTag(tag="v1"),))
    answer(memory, QUARANTINES, "q", first.effect, first)
    told = len(memory.events(ARTIFACTS, A))
    memory.give(QUARANTINES, "q", BarredTagSeen(repository="r.test/a/b", tag="v2"))
    both = (MovedTag(tag="v1"), MovedTag(tag="v2"))
    second = TagsBarred(effect="bar/2/r.test/a/b", repository="r.test/a/b", tags=both)
    answer(memory, QUARANTINES, "q", second.effect, second)
    new = memory.events(ARTIFACTS, A)[told:]
    assert [event.tag for event in new] == ["quarantined-v2", "v2"]  # type: ignore[attr-defined]
