"""What mirrors, retentions, quarantines and promotions let be done, in real image layouts."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.artifacts.barring import bar_tags, placeholder_of, restore_tags
from infra.artifacts.mirroring import copy_tag, list_tags, remove_tag
from infra.artifacts.overlay import narrowed, platform_of
from infra.artifacts.pacing import Counting, Pace
from infra.artifacts.performing import ArtifactEngines, lane, mine
from infra.artifacts.placeholders import barred as barred_by
from infra.artifacts.promoting import check_requirements, promote
from infra.artifacts.surveying import nanoseconds, remove_group, survey
from infra.artifacts.targets import Targets, options_of
from infra.oci.descriptors import Descriptor, Platform
from infra.oci.errors import InvalidContentError, NotFoundError, UnsupportedError
from infra.oci.layout import Layout
from infra.oci.manifests import parse_manifest
from infra.oci.media_types import IMAGE_INDEX
from infra.oci.packing import pack_index
from infra.oci.signatures import COSIGN_LAYER, COSIGN_SIGNATURE
from infra.oci.target import push_bytes, read_all
from schemas.types.mirrors import Access, MirrorSpec
from schemas.types.promotions import PromotionSpec
from schemas.types.quarantines import MovedTag
from schemas.types.retentions import RetentionSpec
from streams.lifecycles.effector import EffectError
from streams.lifecycles.lifecycle import Effect
from streams.lifecycles.schedule import Job
from streams.mirrors import MIRRORS
from streams.mirrors.state import CopyTag, ListTags, RemoveTag
from streams.promotions.state import CheckRequirements, PromoteArtifact
from streams.quarantines.state import BarTags, RestoreTags
from streams.retentions.keeping import Plan
from streams.retentions.state import RemoveGroup, SurveyRepository
from tests.artifacts import artifact, layer

AMD, ARM, RISC = (Platform(name, "linux") for name in ("amd64", "arm64", "riscv64"))


class Two:
    """Two image layouts, as specs name them."""

    def __init__(self, folder: Path) -> None:
        self.here, self.there = Layout(folder / "here"), Layout(folder / "there")
        self.source, self.destination = f"oci-layout:{folder / 'here'}", f"oci-layout:{folder / 'there'}"
        self.targets = Targets()

    def spec(self, **said: Any) -> MirrorSpec:
        return MirrorSpec(source=self.source, destination=self.destination, **said)

    def now(self) -> Layout:
        """Return the destination as it is now: a layout reads its index once."""
        return Layout(self.there.folder)

    def sync(self, spec: MirrorSpec) -> list[Any]:
        """Run a mirror once; return what was copied."""
        listed = list_tags(self.targets, "list/1", ListTags(spec))
        actions = [CopyTag(one.tag, one.digest, one.origin, one.referrers, spec) for one in listed.tags]
        return [copy_tag(self.targets, "copy/1", action, counting()) for action in actions]


def counting() -> Counting:
    return Counting(Pace(), lambda _done, _total: None)


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def index(target: Any, tag: str = "") -> tuple[Descriptor, list[Descriptor]]:
    from msgspec.structs import replace

    members = []
    for platform in (AMD, ARM, RISC):
        one = artifact(target, layer(target, platform.architecture.encode()))
        members.append(replace(one.bare(), platform=platform))
    data = pack_index(members, annotations={"a": "b"})
    from infra.oci.descriptors import describe

    root = describe(data, IMAGE_INDEX)
    push_bytes(target, root, data)
    if tag:
        target.tag(root, tag)
    return root, members


# Mirrors.


def test_a_run_copies_what_is_wanted_with_referrers_and_the_next_finds_it_there(two: Two) -> None:
    root = artifact(two.here, layer(two.here, b"one"), tag="1.0.0")
    artifact(two.here, layer(two.here, b"two"), tag="2.0.0")
    sbom = artifact(two.here, layer(two.here, b"sbom"), kind="a/sbom", subject=root)
    spec = two.spec(semver="^1")
    [copied] = two.sync(spec)
    assert (copied.tag, copied.digest, copied.referrer_count) == ("1.0.0", root.digest, 1)
    assert copied.bytes > 0
    assert list(two.now().tags()) == ["1.0.0"]
    assert [one.digest for one in two.now().referrers(root)] == [sbom.digest]
    [again] = list_tags(two.targets, "list/2", ListTags(spec)).tags
    assert (again.digest, again.there, again.referrers) == (root.digest, root.digest, copied.referrers)
    [repeated] = two.sync(spec)
    assert (repeated.blobs, repeated.bytes) == (0, 0)


def test_a_new_referrer_is_noticed(two: Two) -> None:
    root = artifact(two.here, layer(two.here, b"one"), tag="v1")
    [before] = list_tags(two.targets, "list/1", ListTags(two.spec())).tags
    artifact(two.here, layer(two.here, b"sbom"), kind="a/sbom", subject=root)
    [after] = list_tags(two.targets, "list/1", ListTags(two.spec())).tags
    assert before.referrers == "" != after.referrers
    [other] = list_tags(two.targets, "list/1", ListTags(two.spec(artifact_types=("a/other",)))).tags
    assert other.referrers == ""


def test_only_some_platforms(two: Two) -> None:
    root, members = index(two.here, "v1")
    [found] = list_tags(two.targets, "list/1", ListTags(two.spec(platforms=("linux/arm64",)))).tags
    assert (found.digest, found.origin) == (members[1].digest, root.digest)
    spec = two.spec(platforms=("linux/amd64", "linux/arm64"))
    [copied] = two.sync(spec)
    there = two.now().resolve("v1")
    assert there.digest == copied.digest != root.digest
    manifest = parse_manifest(read_all(two.now(), there), there.media_type)
    assert [one.digest for one in manifest.manifests or ()] == [one.digest for one in members[:2]]
    assert manifest.annotations == {"a": "b"}
    assert not two.now().exists(members[2])
    with pytest.raises(NotFoundError):
        list_tags(two.targets, "list/1", ListTags(two.spec(platforms=("windows/amd64",))))


def test_what_is_no_index_stays_what_it_is(two: Two) -> None:
    root = artifact(two.here, layer(two.here, b"one"), tag="v1")
    assert narrowed(two.here, root, ("linux/amd64",)) == (root, b"")


@pytest.mark.parametrize("text", ["", "linux", "linux/", "a/b/c/d", "/amd64"])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(InvalidContentError):
        platform_of(text)


def test_a_tag_is_removed_only_if_it_means_what_was_copied(two: Two) -> None:
    root = artifact(two.there, layer(two.there, b"one"), tag="v1")
    other = artifact(two.there, layer(two.there, b"two"), tag="v2")
    for tag in ("v1", "v2", "v3"):
        remove_tag(two.targets, "remove/1", RemoveTag(tag, root.digest, two.spec()))
    assert list(two.now().tags()) == ["v2"]
    assert two.now().resolve("v2").digest == other.digest


# Quarantines.


def barring(two: Two, digest: str) -> BarTags:
    return BarTags(two.destination, digest, "it is bad", ())


def test_tags_are_set_aside_and_put_back(two: Two) -> None:
    root = artifact(two.there, layer(two.there, b"bad"), tag="v1")
    two.there.tag(root, "latest")
    good = artifact(two.there, layer(two.there, b"good"), tag="v2")
    for _ in range(2):
        barred = bar_tags(two.targets, "bar/1", "q", barring(two, root.digest))
        assert barred.tags == (MovedTag(tag="latest"), MovedTag(tag="v1"))
        assert list(two.now().tags()) == ["quarantined-latest", "quarantined-v1", "v2"]
    two.now().tag(good, "latest")
    for _ in range(2):
        action = RestoreTags(two.destination, root.digest, barred.tags, ())
        restored = restore_tags(two.targets, "restore/2", action)
        assert (restored.restored, restored.left) == (("v1",), ("latest",))
        assert two.now().resolve("v1").digest == root.digest
        assert two.now().resolve("latest").digest == good.digest


class KeepsTags(Layout):
    """A layout that, as some registries, removes no tags."""

    def untag(self, reference: str) -> None:
        raise UnsupportedError(f"{reference} stays")


class KeepsAll(Targets):
    def write(self, place: str, access: Any) -> Layout:
        del access
        return KeepsTags(Path(place.removeprefix("oci-layout:")))


def test_where_tags_cannot_be_removed_a_placeholder_says_why(two: Two) -> None:
    root = artifact(two.there, layer(two.there, b"bad"), tag="v1")
    targets = KeepsAll()
    for _ in range(2):
        barred = bar_tags(targets, "bar/1", "q", barring(two, root.digest))
    placeholder = two.now().resolve("v1")
    manifest = parse_manifest(read_all(two.now(), placeholder), placeholder.media_type)
    said = barred_by(manifest.artifact_type, manifest.annotations)
    assert said is not None
    assert said.reason == "it is bad"
    assert barred.tags == (MovedTag(tag="v1", placeholder=placeholder.digest),)
    assert placeholder_of("q", root.digest, "it is bad").descriptor.digest == placeholder.digest
    restored = restore_tags(targets, "restore/2", RestoreTags(two.destination, root.digest, barred.tags, ()))
    assert restored.restored == ("v1",)
    assert two.now().resolve("v1").digest == root.digest


# Retentions.


def retention(two: Two, **said: Any) -> RetentionSpec:
    return RetentionSpec(repository=two.destination, **said)


def test_a_repository_is_surveyed_from_its_tags_to_all_that_hangs_on_them(two: Two) -> None:
    root, members = index(two.there, "v1")
    sbom = artifact(two.there, layer(two.there, b"sbom"), kind="a/sbom", subject=members[0])
    held = {one.digest: one for one in survey(SurveyRepository(retention(two)), {root.digest})}
    assert held.keys() == {root.digest, sbom.digest, *(one.digest for one in members)}
    assert held[root.digest].tags == ("v1",)
    assert held[root.digest].members == tuple(one.digest for one in members)
    assert held[root.digest].barred
    assert held[sbom.digest].subject == members[0].digest
    assert held[sbom.digest].created == nanoseconds("2026-01-01T00:00:00Z")


def test_what_hangs_together_is_removed_unless_a_tag_needs_it_now(two: Two) -> None:
    root, members = index(two.there, "v1")
    other = artifact(two.there, layer(two.there, b"other"), tag="v2")
    spec = retention(two, keep=("v2",))
    doomed = Plan(spec, survey(SurveyRepository(spec), set()), 2_000_000_000 * 1_000_000_000).doomed()
    assert {one.digest for one in doomed} == {root.digest, *(one.digest for one in members)}
    assert doomed[0].digest == root.digest
    action = RemoveGroup(tuple(one.digest for one in doomed), ("v1",), spec)
    two.now().tag(members[1], "needed")
    spared = remove_group(two.targets, "remove/1/1", action, set())
    assert (spared.removed, spared.spared) == ((), action.digests)
    two.now().untag("needed")
    for _ in range(2):
        removed = remove_group(two.targets, "remove/1/1", action, set())
        assert [one.digest for one in removed.removed] == list(action.digests)
        assert list(two.now().tags()) == ["v2"]
    assert two.now().exists(other)
    assert remove_group(two.targets, "remove/1/1", action, {root.digest}).spared == action.digests


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00Z"])
def test_times_that_are_not_known(text: str) -> None:
    assert nanoseconds(text) == 0


# Promotions.


def sarif(score: str) -> bytes:
    rule = {"id": "CVE-1", "properties": {"security-severity": score}}
    return json.dumps({"runs": [{"tool": {"driver": {"rules": [rule]}}, "results": [{"ruleId": "CVE-1"}]}]}).encode()


def sign(two: Two, root: Descriptor, key: Any, *, tag: bool) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    payload = json.dumps({"critical": {"image": {"docker-manifest-digest": root.digest}}}).encode()
    signature = b64encode(key.sign(payload, ec.ECDSA(hashes.SHA256()))).decode()
    blob = layer(two.here, payload, media_type=COSIGN_LAYER)
    from msgspec.structs import replace

    blob = replace(blob, annotations={COSIGN_SIGNATURE: signature})
    name = root.digest.replace(":", "-") + ".sig"
    artifact(two.here, blob, kind="application/vnd.dev.cosign.artifact.sig.v1+json", tag=name if tag else "")


@pytest.fixture
def key(tmp_path: Path) -> tuple[Any, Path]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "cosign.pub"
    path.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, path


def checked(two: Two, spec: PromotionSpec, quarantines: dict[str, str] | None = None) -> dict[str, Any]:
    found = check_requirements(two.targets, "check/1", CheckRequirements(spec), quarantines or {})
    return {one.requirement: one for one in found.requirements}


def test_requirements_are_met_one_by_one(two: Two, key: tuple[Any, Path]) -> None:
    root = artifact(two.here, layer(two.here, b"app"), tag="v1")
    spec = PromotionSpec(
        source=f"{two.source}:v1", destination=f"{two.destination}:prod", sbom=True, scan="high", key=str(key[1])
    )
    found = checked(two, spec)
    assert {name: one.met for name, one in found.items()} == {
        "not-quarantined": True,
        "sbom": False,
        "scan": False,
        "signature": False,
    }
    assert all(one.fix for one in found.values() if not one.met)
    sbom = artifact(two.here, layer(two.here, b"{}"), kind="application/spdx+json", subject=root)
    scan = artifact(two.here, layer(two.here, sarif("5.0")), kind="application/sarif+json", subject=root)
    sign(two, root, key[0], tag=True)
    found = checked(two, spec)
    assert all(one.met for one in found.values()), found
    assert (found["sbom"].referrer, found["scan"].referrer) == (sbom.digest, scan.digest)
    promoted = promote(two.targets, "promote/1", PromoteArtifact(root.digest, spec), counting())
    assert set(promoted.referrers) == {sbom.digest, scan.digest}
    assert two.now().resolve("prod").digest == root.digest
    assert not checked(two, spec, {root.digest: "q"})["not-quarantined"].met


def test_a_scan_that_found_too_much_or_is_no_scan_does_not_do(two: Two) -> None:
    root = artifact(two.here, layer(two.here, b"app"), tag="v1")
    spec = PromotionSpec(source=f"{two.source}:v1", destination=f"{two.destination}:prod", scan="high")
    artifact(two.here, layer(two.here, sarif("9.8")), kind="application/sarif+json", subject=root)
    found = checked(two, spec)["scan"]
    assert not found.met
    assert "CVE-1" in found.detail


def test_a_signature_by_another_key_does_not_do(two: Two, key: tuple[Any, Path]) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    root = artifact(two.here, layer(two.here, b"app"), tag="v1")
    spec = PromotionSpec(source=f"{two.source}:v1", destination=f"{two.destination}:prod", key=str(key[1]))
    sign(two, root, ec.generate_private_key(ec.SECP256R1()), tag=True)
    assert not checked(two, spec)["signature"].met


# All of them, as the service does it.


def job(action: Any, name: str = "m") -> Job:
    effect = Effect(id="e/1", node="", action=action, seconds=1.0, attempts=1)
    return Job(
        lifecycle=MIRRORS, name=name, effect=effect, failures=0, lane=lane(name, effect), cause="c", correlation_id="c"
    )


def test_the_service_does_every_action_and_says_what_is_hopeless(two: Two) -> None:
    engines, progress = ArtifactEngines(two.targets), lambda _done, _total: None
    artifact(two.here, layer(two.here, b"one"), tag="v1")
    listed: Any = engines.perform(job(ListTags(two.spec())), progress)
    assert [one.tag for one in listed.tags] == ["v1"]
    assert mine(job(ListTags(two.spec())).effect)
    for source, permanent in ((f"oci-layout:{two.here.folder}/none", False), ("not a registry/x", True)):
        spec = MirrorSpec(source=source, destination=two.destination)
        with pytest.raises(EffectError) as caught:
            engines.perform(job(ListTags(spec)), progress)
        assert caught.value.permanent == permanent


def test_a_pace_holds_back_who_moves_too_much() -> None:
    slept: list[float] = []
    clock: Callable[[], float] = lambda: sum(slept)  # noqa: E731
    pace = Pace(clock, slept.append)
    pace.take(1000)
    assert slept == []
    pace.bytes_per_second = 100
    for _ in range(10):
        pace.take(50)
    assert sum(slept) == pytest.approx(5.0)


def test_how_a_registry_is_reached() -> None:
    access = (Access(registry="r.test", plain_http=True, config="/c.json"),)
    found = options_of("r.test", access)
    assert (found.plain_http, found.registry_configs) == (True, (Path("/c.json"),))
    assert options_of("other", access).plain_http is None


def test_several_threads_copy_into_one_layout_and_lose_no_tag(two: Two) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(24):
        artifact(two.here, layer(two.here, f"{number}".encode()), tag=f"v{number}")
    spec = two.spec()
    listed = list_tags(two.targets, "list/1", ListTags(spec))
    actions = [CopyTag(one.tag, one.digest, one.origin, one.referrers, spec) for one in listed.tags]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda action: copy_tag(two.targets, "copy/1", action, counting()), actions))
    assert len(list(two.now().tags())) == 24
