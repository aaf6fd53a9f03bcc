"""What every target must do, be it memory, an image layout or a registry; run on each by the tests beside this file."""

import os
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from infra.oci.descriptors import EMPTY, Descriptor, describe
from infra.oci.digests import digest_of
from infra.oci.errors import InvalidReferenceError, MismatchError, NotFoundError, OciError, UnsupportedError
from infra.oci.media_types import IMAGE_INDEX, IMAGE_MANIFEST, OCTETS
from infra.oci.target import BytesContent, Target, push_bytes, read_all

SIZES = (0, 1, 16 << 10, 300 << 10, 3 << 20)
MANY = 24


def push_blob(target: Target, data: bytes = b"") -> Descriptor:
    """Push a blob, of chance if it is not said; return its descriptor."""
    content = data or os.urandom(64)
    descriptor = describe(content, OCTETS)
    push_bytes(target, descriptor, content)
    return descriptor


def push_manifest(target: Target, **fields: Any) -> Descriptor:
    """Push a manifest of one blob, with further fields; return its descriptor."""
    if not target.exists(EMPTY):
        push_bytes(target, EMPTY.bare(), b"{}")
    blob = push_blob(target)
    manifest = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": EMPTY.bare(), "layers": [blob]}
    data = msgspec.json.encode(manifest | fields)
    descriptor = describe(data, IMAGE_MANIFEST)
    push_bytes(target, descriptor, data)
    return descriptor


def push_referrer(target: Target, subject: Descriptor, artifact_type: str = "a/b", note: str = "n") -> Descriptor:
    """Push a manifest that refers to another; return its descriptor."""
    return push_manifest(target, subject=subject.bare(), artifactType=artifact_type, annotations={"note": note})


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Do something several times at once. Raises the first error."""
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


def digests(descriptors: Any) -> set[str]:
    return {descriptor.digest for descriptor in descriptors}


class TargetContract:
    """Subclass it with a fixture `target`, which is empty."""

    untags = True
    """Whether a tag can be removed without what it means."""
    deletes_blobs = True
    no_tags: tuple[str, ...] = ("a/b", "x" * 129)
    """Tags that registries do not take; the names in image layouts are freer."""

    @pytest.mark.parametrize("size", SIZES)
    def test_what_was_pushed_is_read_again(self, target: Target, size: int) -> None:
        data = os.urandom(size)
        descriptor = describe(data, OCTETS)
        assert not target.exists(descriptor)
        push_bytes(target, descriptor, data)
        assert target.exists(descriptor)
        assert read_all(target, descriptor) == data

    @pytest.mark.parametrize("size", SIZES[1:])
    def test_content_is_read_from_any_byte_on(self, target: Target, size: int) -> None:
        data = os.urandom(size)
        descriptor = push_blob(target, data)
        for start in {0, 1, size // 2, size - 1, size}:
            with target.fetch(descriptor, start) as stream:
                assert b"".join(iter(lambda stream=stream: stream.read(1 << 20), b"")) == data[start:]

    def test_content_is_read_into_a_buffer(self, target: Target) -> None:
        data = os.urandom(100_000)
        descriptor = push_blob(target, data)
        buffer, seen = memoryview(bytearray(7_000)), b""
        with target.fetch(descriptor, 10) as stream:
            while count := stream.readinto(buffer):
                seen += buffer[:count]
        assert seen == data[10:]

    def test_a_stream_need_not_be_read_to_its_end(self, target: Target) -> None:
        data = os.urandom(1 << 20)
        descriptor = push_blob(target, data)
        for _ in range(5):
            with target.fetch(descriptor) as stream:
                assert stream.read(10) == data[:10]
        assert read_all(target, descriptor) == data

    def test_a_manifest_is_read_from_any_byte_on(self, target: Target) -> None:
        descriptor = push_manifest(target)
        whole = read_all(target, descriptor)
        with target.fetch(descriptor, 20) as stream:
            assert b"".join(iter(lambda: stream.read(1 << 20), b"")) == whole[20:]

    def test_a_manifest_is_kept_byte_for_byte(self, target: Target) -> None:
        blob = push_blob(target)
        data = b' {"layers":[], "schemaVersion" : 2,\n "mediaType":"%s", "x":1.50, "config":%s}\n' % (
            IMAGE_MANIFEST.encode(),
            msgspec.json.encode(blob),
        )
        descriptor = describe(data, IMAGE_MANIFEST)
        push_bytes(target, descriptor, data)
        assert read_all(target, descriptor) == data
        assert target.resolve(descriptor.digest).bare() == descriptor

    def test_progress_adds_up_to_the_size(self, target: Target) -> None:
        data = os.urandom(1 << 20)
        moved: list[int] = []
        target.push(describe(data, OCTETS), BytesContent(data), moved.append)
        assert sum(moved) == len(data)

    def test_pushing_again_changes_nothing(self, target: Target) -> None:
        data = os.urandom(1000)
        for _ in range(3):
            assert read_all(target, push_blob(target, data)) == data
        descriptor = push_manifest(target)
        data = read_all(target, descriptor)
        push_bytes(target, descriptor, data)
        assert read_all(target, descriptor) == data

    @pytest.mark.parametrize("size", SIZES[1:])
    def test_content_of_another_digest_is_refused_and_leaves_nothing(self, target: Target, size: int) -> None:
        descriptor = Descriptor(OCTETS, digest_of(os.urandom(16)), size)
        with pytest.raises(MismatchError):
            target.push(descriptor, BytesContent(os.urandom(size)))
        assert not target.exists(descriptor)

    @pytest.mark.parametrize("size", [100, 300 << 10])
    def test_content_that_is_too_short_is_refused_and_leaves_nothing(self, target: Target, size: int) -> None:
        data = os.urandom(size)
        descriptor = Descriptor(OCTETS, digest_of(data), size + 1)
        with pytest.raises(MismatchError):
            target.push(descriptor, BytesContent(data))
        assert not target.exists(Descriptor(OCTETS, digest_of(data), size))

    def test_a_manifest_of_another_digest_is_refused(self, target: Target) -> None:
        descriptor = push_manifest(target)
        other = msgspec.structs.replace(descriptor, digest=digest_of(b"other"))
        with pytest.raises(MismatchError):
            target.push(other, BytesContent(read_all(target, descriptor)))
        assert not target.exists(other)

    def test_what_is_not_there_is_not_found(self, target: Target) -> None:
        push_manifest(target)
        blob, manifest = (Descriptor(kind, digest_of(os.urandom(8)), 3) for kind in (OCTETS, IMAGE_MANIFEST))
        for missing in (blob, manifest):
            assert not target.exists(missing)
            with pytest.raises(NotFoundError), target.fetch(missing) as stream:
                stream.read(1)
        for reference in ("nothing", manifest.digest):
            with pytest.raises(NotFoundError):
                target.resolve(reference)
        with pytest.raises(NotFoundError):
            target.tag(manifest, "new")

    def test_a_tag_means_a_manifest_until_it_means_another(self, target: Target) -> None:
        first, second = push_manifest(target), push_manifest(target)
        target.tag(first, "v1")
        assert target.resolve("v1").bare() == first
        target.tag(first, "v1")
        target.tag(second, "v1")
        assert target.resolve("v1").bare() == second
        assert target.exists(first)

    def test_a_tag_is_checked(self, target: Target) -> None:
        descriptor = push_manifest(target)
        for tag in ("no tag", "-x", ".x", "../x", *self.no_tags):
            with pytest.raises(InvalidReferenceError):
                target.tag(descriptor, tag)

    def test_tags_are_listed_in_order(self, target: Target) -> None:
        descriptor = push_manifest(target)
        tags = [f"v{number:02}" for number in range(12)]
        for tag in reversed(tags):
            target.tag(descriptor, tag)
        assert list(target.tags()) == tags
        assert list(target.tags("v05")) == tags[6:]
        assert list(target.tags("v055")) == tags[6:]
        assert list(target.tags("w")) == []

    def test_a_tag_is_removed_and_nothing_else(self, target: Target) -> None:
        descriptor = push_manifest(target)
        target.tag(descriptor, "a")
        target.tag(descriptor, "b")
        if not self.untags:
            with pytest.raises(UnsupportedError):
                target.untag("a")
            return
        target.untag("a")
        assert list(target.tags()) == ["b"]
        assert target.exists(descriptor)
        assert target.resolve("b").bare() == descriptor
        with pytest.raises(NotFoundError):
            target.untag("a")

    def test_a_manifest_is_deleted_with_its_tags(self, target: Target) -> None:
        kept, gone = push_manifest(target), push_manifest(target)
        target.tag(kept, "kept")
        target.tag(gone, "gone")
        target.delete(gone)
        assert not target.exists(gone)
        assert target.exists(kept)
        assert list(target.tags()) == ["kept"]
        with pytest.raises(NotFoundError):
            target.delete(gone)

    def test_a_blob_is_deleted(self, target: Target) -> None:
        kept, gone = push_blob(target), push_blob(target)
        if not self.deletes_blobs:
            with pytest.raises(UnsupportedError):
                target.delete(gone)
            return
        target.delete(gone)
        assert not target.exists(gone)
        assert target.exists(kept)
        with pytest.raises(NotFoundError):
            target.delete(gone)

    def test_referrers_are_listed_with_type_and_annotations(self, target: Target) -> None:
        subject, other = push_manifest(target), push_manifest(target)
        one = push_referrer(target, subject, "a/one", "1")
        two = push_referrer(target, subject, "a/two", "2")
        push_referrer(target, other)
        found = {entry.digest: entry for entry in target.referrers(subject)}
        assert found.keys() == {one.digest, two.digest}
        assert found[one.digest].artifact_type == "a/one"
        assert found[one.digest].annotations == {"note": "1"}
        assert (found[two.digest].size, found[two.digest].media_type) == (two.size, IMAGE_MANIFEST)
        assert digests(target.referrers(subject, "a/two")) == {two.digest}
        assert not list(target.referrers(subject, "a/none"))
        assert not list(target.referrers(one))

    def test_an_index_refers_too(self, target: Target) -> None:
        subject = push_manifest(target)
        data = msgspec.json.encode(
            {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [], "subject": subject, "artifactType": "i/i"}
        )
        index = describe(data, IMAGE_INDEX)
        push_bytes(target, index, data)
        assert [(one.digest, one.artifact_type) for one in target.referrers(subject)] == [(index.digest, "i/i")]

    def test_referrers_of_what_is_not_there_yet_are_kept(self, target: Target) -> None:
        subject = Descriptor(IMAGE_MANIFEST, digest_of(os.urandom(8)), 300)
        assert not list(target.referrers(subject))
        assert digests([push_referrer(target, subject)]) == digests(target.referrers(subject))

    def test_a_deleted_referrer_is_listed_no_more(self, target: Target) -> None:
        subject = push_manifest(target)
        kept, gone = push_referrer(target, subject, note="1"), push_referrer(target, subject, note="2")
        target.delete(gone)
        assert digests(target.referrers(subject)) == {kept.digest}
        target.delete(kept)
        assert not list(target.referrers(subject))

    def test_many_referrers_at_once_are_all_listed(self, target: Target) -> None:
        subject = push_manifest(target)
        pushed: set[str] = set()

        def push(number: int) -> None:
            pushed.add(push_referrer(target, subject, note=str(number)).digest)

        in_threads(MANY // 3, push)
        with target.gathered():
            in_threads(MANY // 3, push)
        assert digests(target.referrers(subject)) == pushed

    def test_gathered_referrers_are_listed_although_the_block_failed(self, target: Target) -> None:
        subject = push_manifest(target)
        with pytest.raises(KeyError), target.gathered():
            pushed = push_referrer(target, subject)
            raise KeyError
        assert digests(target.referrers(subject)) == {pushed.digest}

    def test_several_threads_write_and_read_at_once(self, target: Target) -> None:
        contents = [os.urandom(1000 + number) for number in range(MANY)]
        same = os.urandom(50_000)
        push_bytes(target, EMPTY.bare(), b"{}")

        def work(number: int) -> None:
            descriptor = push_blob(target, contents[number])
            push_blob(target, same)
            assert read_all(target, descriptor) == contents[number]
            manifest = push_manifest(target)
            target.tag(manifest, f"t{number}")
            assert target.resolve(f"t{number}").bare() == manifest

        in_threads(MANY, work)
        assert set(target.tags()) == {f"t{number}" for number in range(MANY)}
        assert read_all(target, describe(same, OCTETS)) == same

    def test_errors_are_of_one_family(self, target: Target) -> None:
        with pytest.raises(OciError):
            target.resolve("not a reference")
