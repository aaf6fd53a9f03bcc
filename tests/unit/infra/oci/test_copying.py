import random
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.oci import copying, discovering, pulling
from infra.oci.copying import all_referrers, copy, copy_with_referrers, select_platform
from infra.oci.descriptors import Descriptor, Platform, describe
from infra.oci.discovering import Tree, discover
from infra.oci.errors import InvalidContentError, NotFoundError
from infra.oci.manifests import is_manifest, parse_manifest, successors
from infra.oci.media_types import IMAGE_CONFIG, IMAGE_MANIFEST
from infra.oci.memory import Memory
from infra.oci.packing import pack_index
from infra.oci.target import Content, Progress, read_all
from infra.oci.watching import Watcher
from tests.artifacts import artifact, index, layer


class Counting(Watcher):
    """Counts what becomes of content."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def _tell(self, what: str, descriptor: Descriptor) -> None:
        with self._lock:
            self.told.append((what, descriptor.digest))

    def done(self, descriptor: Descriptor) -> None:
        self._tell("done", descriptor)

    def existed(self, descriptor: Descriptor) -> None:
        self._tell("existed", descriptor)


def held(target: Memory, root: Descriptor) -> set[str]:
    """Return all that a target holds under a manifest; fails if something is missing."""
    found = {root.digest}
    if is_manifest(root):
        for one in successors(parse_manifest(read_all(target, root), root.media_type)):
            found |= held(target, one)
    else:
        read_all(target, root)
    return found


def graph(target: Memory) -> tuple[Descriptor, list[Descriptor]]:
    """Make an index of two artifacts with referrers of referrers; return it, and the referrers."""
    shared = layer(target, b"shared", "shared.txt")
    first = artifact(target, shared, layer(target, b"a", "a.txt"), n="1")
    second = artifact(target, shared, layer(target, b"b", "b.txt"), n="2")
    root = index(target, first, second, tag="v1")
    sbom = artifact(target, layer(target, b"sbom"), subject=root, kind="application/spdx+json")
    signed = artifact(target, layer(target, b"sig"), subject=sbom, kind="application/vnd.test.sig")
    inner = artifact(target, layer(target, b"scan"), subject=first, kind="application/sarif+json")
    return root, [sbom, signed, inner]


def test_all_of_a_graph_is_copied_once() -> None:
    source, destination, watcher = Memory(), Memory(), Counting()
    root, _ = graph(source)
    copy(source, destination, root, watcher=watcher)
    assert held(destination, root) == held(source, root)
    assert len(watcher.told) == len(set(watcher.told)) == len(held(source, root))
    assert not list(destination.referrers(root))


def test_referrers_at_any_depth_come_along() -> None:
    source, destination = Memory(), Memory()
    root, referrers = graph(source)
    copied = copy_with_referrers(source, destination, root)
    assert {one.digest for one in copied} == {one.digest for one in referrers}
    assert {one.digest for one in all_referrers(destination, root)} == {one.digest for one in referrers}
    for one in referrers:
        held(destination, one)


def test_only_referrers_of_a_type_come_along() -> None:
    source, destination = Memory(), Memory()
    root, (sbom, *_) = graph(source)
    copied = copy_with_referrers(source, destination, root, artifact_types=("application/spdx+json",))
    assert [one.digest for one in copied] == [sbom.digest]


def test_a_second_copy_moves_nothing() -> None:
    source, destination, watcher = Memory(), Memory(), Counting()
    root, _ = graph(source)
    copy_with_referrers(source, destination, root)
    copy_with_referrers(source, destination, root, watcher=watcher)
    assert {what for what, _ in watcher.told} == {"existed"}


def test_force_mends_what_is_missing_under_a_manifest() -> None:
    source, destination = Memory(), Memory()
    root, _ = graph(source)
    copy(source, destination, root)
    destination.delete(describe(b"a", "text/plain"))
    copy(source, destination, root)
    with pytest.raises(NotFoundError):
        held(destination, root)
    copy(source, destination, root, force=True)
    assert held(destination, root) == held(source, root)


def test_a_subject_that_is_missing_is_no_obstacle() -> None:
    source, destination = Memory(), Memory()
    gone = describe(b"{}", IMAGE_MANIFEST)
    referrer = artifact(source, layer(source, b"x"), subject=gone)
    copy(source, destination, referrer)
    assert destination.exists(referrer)
    assert [one.digest for one in destination.referrers(gone)] == [referrer.digest]


class Failing(Memory):
    """A target whose writes fail now and then."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.writes: list[str] = []

    def push(self, descriptor: Descriptor, content: Content, progress: Progress | None = None) -> None:
        if self._chance.random() < 0.3:
            raise NotFoundError("the registry is gone")
        super().push(descriptor, content, progress)
        self.writes.append(descriptor.digest)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_a_copy_that_fails_is_gone_on_with_and_never_leaves_a_manifest_without_what_it_points_at(
    seed: int, concurrency: int
) -> None:
    source, destination = Memory(), Failing(random.Random(seed))
    root, referrers = graph(source)
    for _ in range(200):
        try:
            copy_with_referrers(source, destination, root, concurrency=concurrency)
            break
        except NotFoundError:
            for one in (root, *referrers):
                if destination.exists(one):
                    held(destination, one)
    assert held(destination, root) == held(source, root)
    assert len(destination.writes) == len(set(destination.writes))


def image(target: Memory, *platform: str) -> Descriptor:
    config = layer(target, b'{"os":"%b","architecture":"%b"}' % (platform[0].encode(), platform[1].encode()))
    from infra.oci.packing import pack
    from infra.oci.target import push_bytes

    packed = pack([], config=Descriptor(IMAGE_CONFIG, config.digest, config.size), artifact_type="a/b")
    for blob, data in packed.blobs:
        push_bytes(target, blob, data)
    push_bytes(target, packed.descriptor, packed.data)
    return Descriptor(packed.descriptor.media_type, packed.descriptor.digest, packed.descriptor.size)


def test_a_platform_is_found_in_an_index_and_told_of_an_image() -> None:
    import msgspec

    from infra.oci.media_types import IMAGE_INDEX
    from infra.oci.target import push_bytes

    target = Memory()
    arm, amd = Platform("arm64", "linux", variant="v8"), Platform("amd64", "linux")
    one, other = image(target, "linux", "arm64"), image(target, "linux", "amd64")
    listed = [msgspec.structs.replace(one, platform=arm), msgspec.structs.replace(other, platform=amd)]
    data = pack_index(listed)
    root = describe(data, IMAGE_INDEX)
    push_bytes(target, root, data)
    assert select_platform(target, root, Platform("arm64", "linux")).digest == one.digest
    assert select_platform(target, root, amd).digest == other.digest
    assert select_platform(target, one, Platform("arm64", "linux")) == one
    with pytest.raises(NotFoundError, match="linux/arm64/v7"):
        select_platform(target, root, Platform("arm64", "linux", variant="v7"))
    with pytest.raises(NotFoundError):
        select_platform(target, one, amd)


def flat(tree: Tree) -> list[str]:
    return [tree.descriptor.digest, *(digest for below in tree.referrers for digest in flat(below))]


def test_a_tree_of_referrers_ends_at_its_depth() -> None:
    target = Memory()
    root, (sbom, signed, _) = graph(target)
    assert flat(discover(target, root)) == [root.digest, sbom.digest, signed.digest]
    assert flat(discover(target, root, depth=1)) == [root.digest, sbom.digest]
    assert flat(discover(target, root, artifact_type="application/vnd.test.sig")) == [root.digest]


class Circle(Memory):
    """A registry that says that everything refers to everything."""

    def referrers(self, *_: object):  # type: ignore[no-untyped-def]
        return iter([describe(b"1", IMAGE_MANIFEST), describe(b"2", IMAGE_MANIFEST)])


def test_a_circle_of_referrers_has_an_end() -> None:
    assert len(flat(discover(Circle(), describe(b"1", IMAGE_MANIFEST)))) == 2
    assert len(all_referrers(Circle(), describe(b"1", IMAGE_MANIFEST))) == 1


def test_small_blobs_are_not_asked_for_one_by_one_when_none_is_there() -> None:
    class Asked(Memory):
        eager_bytes = 1000

        def __init__(self) -> None:
            super().__init__()
            self.asked: list[str] = []

        def exists(self, descriptor: Descriptor) -> bool:
            self.asked.append(descriptor.digest)
            return super().exists(descriptor)

    source, destination = Memory(), Asked()
    layers = [layer(source, str(number).encode(), str(number)) for number in range(100)]
    large = layer(source, bytes(2000), "large")
    root = artifact(source, *layers, large)
    copy(source, destination, root, concurrency=1)
    assert held(destination, root) == held(source, root)
    assert large.digest in destination.asked
    assert len(destination.asked) < 30
    destination.asked.clear()
    destination.delete(root)
    copy(source, destination, root, concurrency=1)
    assert len(destination.asked) > 100


def test_referrers_that_are_listed_are_not_copied_again() -> None:
    source, destination, watcher = Memory(), Memory(), Counting()
    root, referrers = graph(source)
    copy_with_referrers(source, destination, root)
    more = artifact(source, layer(source, b"more"), subject=root, kind="application/vnd.more")
    copy_with_referrers(source, destination, root, watcher=watcher)
    assert ("done", more.digest) in watcher.told
    assert {("existed", one.digest) for one in referrers} <= set(watcher.told)


class Endless(Memory):
    """A registry that makes up referrers of whatever it is asked for."""

    def __init__(self, each: int) -> None:
        super().__init__()
        self._each = each

    def referrers(self, subject: Descriptor, artifact_type: str = ""):  # type: ignore[no-untyped-def]
        del artifact_type
        return (describe(f"{subject.digest}{number}".encode(), IMAGE_MANIFEST) for number in range(self._each))


@pytest.mark.parametrize("each", [1, 300])
def test_referrers_that_are_made_up_have_an_end(each: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (copying, discovering):
        monkeypatch.setattr(module, "MOST_REFERRERS", 1000)
    for way in (discover, all_referrers):
        with pytest.raises(InvalidContentError, match="more than"):
            way(Endless(each), describe(b"1", IMAGE_MANIFEST))


def test_manifests_that_would_fill_the_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (copying, pulling):
        monkeypatch.setattr(module, "MOST_BYTES", 2000)
    target = Memory()
    root = index(target, *(artifact(target, layer(target, b"x"), number=str(number)) for number in range(5)))
    with pytest.raises(InvalidContentError, match="2,000 bytes of manifests"):
        copy(target, Memory(), root)
    with pytest.raises(InvalidContentError, match="2,000 bytes of manifests"):
        pulling.pull(target, root, pulling.Wish(folder=tmp_path / "out"))
    assert not (tmp_path / "out").exists()
