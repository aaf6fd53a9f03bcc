"""What retentions keep: never is anything removed that what is kept needs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.types.retentions import HeldManifest, RetentionSpec
from streams.retentions.keeping import Plan, own_tags, reached, subjects_of

DAY = 86_400 * 1_000_000_000
NOW = 1_700_000_000 * 1_000_000_000
COUNT = 10


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def held(number: int, *tags: str, days: float = 0, **more: object) -> HeldManifest:
    return HeldManifest(digest=digest(number), tags=tags, created=NOW - int(days * DAY), size=1, **more)  # type: ignore[arg-type]


def spec(**said: object) -> RetentionSpec:
    return RetentionSpec(repository="r.test/a", **said)  # type: ignore[arg-type]


def gone(spec: RetentionSpec, *all_held: HeldManifest) -> list[int]:
    return [int(one.digest[7:], 16) for one in Plan(spec, all_held, NOW).doomed()]


def test_the_newest_are_kept() -> None:
    assert gone(spec(newest=2), held(1, "a", days=3), held(2, "b", days=2), held(3, "c", days=1)) == [1]


def test_one_rule_that_keeps_is_enough() -> None:
    artifacts = (held(1, "a", days=9), held(2, "b", days=2), held(3, "release-1", days=30), held(4, "c", "d", days=8))
    assert gone(spec(newest=1, younger_than_seconds=7 * 86_400, keep=("release-*",)), *artifacts) == [4, 1]


def test_what_does_not_say_how_old_it_is_is_kept() -> None:
    unknown = HeldManifest(digest=digest(1), tags=("a",), created=0)
    assert gone(spec(younger_than_seconds=1), unknown, held(2, "b", days=1)) == [2]


def test_what_is_quarantined_is_kept() -> None:
    assert gone(spec(newest=1), held(1, "a", days=3, barred=True), held(2, "b", days=2), held(3, "c")) == [2]


def test_referrers_go_with_their_subject_and_before_it() -> None:
    artifacts = (held(1, "a", days=3), held(2, subject=digest(1)), held(3, subject=digest(2)), held(4, "b"))
    assert gone(spec(newest=1), *artifacts) == [3, 2, 1]
    groups = {one.group for one in Plan(spec(newest=1), artifacts, NOW).doomed()}
    assert len(groups) == 1


def test_what_a_kept_index_points_at_is_kept_under_whatever_tag() -> None:
    artifacts = (held(1, "old-amd64", days=9), held(2, "new", members=(digest(1), digest(3))), held(3))
    assert gone(spec(newest=1), *artifacts) == []


def test_signatures_that_tags_name_belong_to_their_subject() -> None:
    signature = held(2, f"sha256-{1:064x}.sig", days=1)
    assert own_tags(signature) == ()
    assert subjects_of(signature) == [digest(1)]
    assert gone(spec(newest=1), held(1, "a", days=3), signature, held(4, "b")) == [2, 1]
    assert gone(spec(newest=1), held(1, "a"), signature) == []


def test_what_belongs_to_nothing_that_goes_stays() -> None:
    assert gone(spec(newest=1), held(1, "a"), held(9, subject=digest(77)), held(8)) == []


repositories = st.lists(
    st.builds(
        HeldManifest,
        digest=st.integers(0, COUNT).map(digest),
        tags=st.lists(
            st.sampled_from(["a", "b", "keep-1", "c", f"sha256-{1:064x}", f"sha256-{2:064x}.sig"]), max_size=2
        ).map(tuple),
        created=st.sampled_from([0, NOW, NOW - DAY, NOW - 40 * DAY]),
        size=st.integers(0, 9),
        subject=st.sampled_from(["", *map(digest, range(COUNT + 2))]),
        members=st.lists(st.integers(0, COUNT + 1).map(digest), max_size=3).map(tuple),
        barred=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one.digest,
)
specs = st.builds(
    spec,
    newest=st.integers(0, 3),
    younger_than_seconds=st.sampled_from([0, 86_400 * 7]),
    keep=st.sampled_from([(), ("keep-*",)]),
)


@settings(max_examples=400, deadline=None)
@given(specs, repositories)
def test_nothing_goes_that_what_stays_needs(spec: RetentionSpec, found: list[HeldManifest]) -> None:
    plan = Plan(spec, found, NOW)
    doomed = plan.doomed()
    going = [one.digest for one in doomed]
    by_digest = {one.digest: one for one in found}
    assert len(set(going)) == len(going)
    assert set(going) <= by_digest.keys()
    staying = by_digest.keys() - set(going)
    for digest_ in staying:
        one = by_digest[digest_]
        if own_tags(one):
            needed = {*one.members, one.subject} & by_digest.keys()
            assert not needed & set(going)
    for one in doomed:
        held_ = by_digest[one.digest]
        assert not held_.barred or not own_tags(held_)
        assert not any(tag.startswith("keep-") for tag in own_tags(held_)) or not spec.keep
    tagged = [one for one in found if own_tags(one)]
    assert len([one for one in tagged if one.digest not in going]) >= min(spec.newest, len(tagged))
    assert Plan(spec, reversed(found), NOW).going == plan.going


@settings(max_examples=200, deadline=None)
@given(specs, repositories)
def test_what_hangs_together_is_one_group(spec: RetentionSpec, found: list[HeldManifest]) -> None:
    plan = Plan(spec, found, NOW)
    groups = {one.digest: one.group for one in plan.doomed()}
    for one, group in groups.items():
        assert {groups[other] for other in reached({one}, plan._near) if other in groups} == {group}
