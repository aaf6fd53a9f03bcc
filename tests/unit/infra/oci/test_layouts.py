import contextlib
import json
import multiprocessing
import os
import signal
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.oci.descriptors import describe
from infra.oci.errors import InvalidContentError, MismatchError, NotFoundError, OciError
from infra.oci.layout import Layout
from infra.oci.layout_index import added, find, parse, removed, tagged, tags, untagged, written
from infra.oci.layout_tar import TarLayout, write_tar
from infra.oci.layouts import open_layout
from infra.oci.media_types import IMAGE_MANIFEST, REF_NAME
from infra.oci.target import BytesContent, push_bytes, read_all
from tests.artifacts import artifact, layer


def test_what_is_written_is_there_for_who_opens_it_anew(tmp_path: Path) -> None:
    root = artifact(Layout(tmp_path), layer(Layout(tmp_path), b"a", "a"), tag="v1")
    again = open_layout(tmp_path)
    assert again.resolve("v1").digest == root.digest
    assert list(again.tags()) == ["v1"]
    assert read_all(again, root)


def test_fields_that_are_not_known_stay(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    index = tmp_path / "index.json"
    index.write_text(json.dumps({"schemaVersion": 2, "manifests": [], "annotations": {"a": "b"}, "new": [1]}))
    artifact(layout, tag="v1")
    said = json.loads(index.read_text())
    assert (said["annotations"], said["new"], len(said["manifests"])) == ({"a": "b"}, [1], 1)


def test_an_archive_holds_what_the_folder_does(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    root = artifact(layout, layer(layout, os.urandom(100_000), "a"), tag="v1")
    referrer = artifact(layout, subject=root, kind="application/spdx+json")
    write_tar(tmp_path / "layout", tmp_path / "layout.tar")
    archive = open_layout(tmp_path / "layout.tar")
    assert isinstance(archive, TarLayout)
    assert archive.resolve("v1").digest == root.digest
    assert [one.digest for one in archive.referrers(root)] == [referrer.digest]
    for one in (root, referrer):
        assert read_all(archive, one) == read_all(layout, one)
    with archive.fetch(root, 5) as stream:
        assert stream.read() == read_all(layout, root)[5:]
    with pytest.raises(NotFoundError):
        archive.resolve("v2")


def test_an_archive_of_the_same_is_the_same(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    artifact(layout, tag="v1")
    for name in ("a.tar", "b.tar"):
        write_tar(tmp_path / "layout", tmp_path / name)
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("oci-layout", b""),
        ("oci-layout", b'{"imageLayoutVersion":"2.0.0"}'),
        ("index.json", b"[]"),
        ("index.json", b'{"manifests":[{"digest":1}]}'),
        ("index.json", b'{"a":' + b"[" * 1_000_000),
    ],
)
def test_a_layout_that_is_none_is_said(name: str, data: bytes, tmp_path: Path) -> None:
    Layout(tmp_path)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidContentError):
        Layout(tmp_path)


def test_a_place_without_a_layout_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(NotFoundError):
            open_layout(path)
    (tmp_path / "file").write_bytes(b"no archive")
    with pytest.raises(OciError):
        open_layout(tmp_path / "file")


def test_content_that_is_something_else_never_gets_its_name(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    blob = layer(layout, b"right")
    layout.delete(blob)
    for wrong in (b"wrong", b"rightly", b"rig"):
        with pytest.raises(MismatchError):
            layout.push(blob, BytesContent(wrong))
        assert not layout.exists(blob)
    assert not any((tmp_path / "ingest").iterdir())


def tag_some(folder: Path, who: int) -> None:
    layout = Layout(folder)
    for number in range(20):
        artifact(layout, tag=f"t{who}-{number}", n=f"{who} {number}")


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    Layout(tmp_path)
    processes = [multiprocessing.get_context("fork").Process(target=tag_some, args=(tmp_path, who)) for who in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert len(list(Layout(tmp_path).tags())) == 80


def test_threads_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    layout = Layout(tmp_path)

    def tag_many(who: int) -> None:
        for number in range(10):
            artifact(layout, tag=f"t{who}-{number}", n=f"{who} {number}")

    threads = [threading.Thread(target=tag_many, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(list(Layout(tmp_path).tags())) == len(list(layout.tags())) == 40


def write_for_ever(folder: Path) -> None:
    layout = Layout(folder)
    for number in range(1_000_000):
        artifact(layout, layer(layout, os.urandom(50_000), "a"), tag=f"t{number}")


@pytest.mark.parametrize("turn", range(5))
def test_kill_9_leaves_a_layout_that_holds_all_that_its_tags_say(turn: int, tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=write_for_ever, args=(tmp_path,))
    process.start()
    assert process.pid
    end = time.monotonic() + 30
    while not (tmp_path / "index.json").exists() or len(list(Layout(tmp_path).tags())) < 3 + turn:
        assert time.monotonic() < end
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    layout = Layout(tmp_path)
    for tag in layout.tags():
        read_all(layout, layout.resolve(tag))
    artifact(layout, tag="after")
    assert layout.resolve("after")


CHANGES = st.lists(
    st.tuples(st.sampled_from(["add", "tag", "untag", "remove"]), st.integers(0, 3), st.sampled_from("xyz")),
    max_size=30,
)


@given(CHANGES)
def test_an_index_is_what_its_changes_make_it(changes: list[tuple[str, int, str]]) -> None:
    from infra.oci.descriptors import describe
    from infra.oci.layout_index import EMPTY
    from infra.oci.media_types import IMAGE_MANIFEST

    index, there, meant = parse(EMPTY, "index"), set(), {}
    for what, number, tag in changes:
        one = describe(str(number).encode(), IMAGE_MANIFEST)
        match what:
            case "add":
                index = added(index, one)
                there.add(one.digest)
            case "tag":
                index = tagged(index, one, tag)
                there.add(one.digest)
                meant[tag] = one.digest
            case "untag" if tag in meant:
                index = untagged(index, tag)
                del meant[tag]
            case "remove":
                index = removed(index, one.digest)
                there.discard(one.digest)
                meant = {name: digest for name, digest in meant.items() if digest != one.digest}
        index = parse(written(index), "index")
        assert {name: one.digest for name, one in tags(index).items()} == meant
        assert {one.digest for one in index.manifests} == there
        assert all(find(index, digest) for digest in there)


def test_what_another_layout_says_is_looked_at_before_it_is_linked(tmp_path: Path) -> None:
    source, other = Layout(tmp_path / "source"), Layout(tmp_path / "other")
    good, bad, link = layer(source, b"good"), layer(source, b"damaged"), layer(source, b"link")
    blobs = tmp_path / "source/blobs/sha256"
    (blobs / bad.hex).write_bytes(b"DAMAGED")
    (tmp_path / "elsewhere").write_bytes(b"link")
    (blobs / link.hex).unlink()
    (blobs / link.hex).symlink_to(tmp_path / "elsewhere")
    assert [other.mount(one, source) for one in (good, bad, link)] == [True, False, False]
    assert [path.name for path in (tmp_path / "other/blobs/sha256").iterdir()] == [good.hex]
    assert not list((tmp_path / "other/ingest").iterdir())


def test_who_makes_a_layout_at_the_same_time_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = os.path.exists
    late: list[str] = []

    def exists(path: Path) -> bool:
        # The other one makes it, and writes to it, right after this one has looked.
        found = there(path)
        if path.name == "index.json" and not late:
            late.append("")
            artifact(Layout(tmp_path), tag="v1")
        return found

    monkeypatch.setattr(Path, "exists", exists)
    assert list(Layout(tmp_path).tags()) == ["v1"]


def test_what_was_left_behind_long_ago_is_removed(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    (tmp_path / "ingest").mkdir()
    for name, age in (("old", 2 * 24 * 3600), ("new", 0)):
        (tmp_path / "ingest" / name).write_bytes(b"part")
        os.utime(tmp_path / "ingest" / name, (time.time() - age,) * 2)
    layer(layout, b"x")
    assert [path.name for path in (tmp_path / "ingest").iterdir()] == ["new"]


def test_an_index_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact(Layout(tmp_path / "l"), tag="v1")
    write_tar(tmp_path / "l", tmp_path / "l.tar")
    monkeypatch.setattr("infra.oci.layout.MOST_INDEX_BYTES", 100)
    monkeypatch.setattr("infra.oci.layout_tar.MOST_INDEX_BYTES", 100)
    for place in ("l", "l.tar"):
        with pytest.raises(InvalidContentError, match="more than"):
            open_layout(tmp_path / place)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("size", [-512, -1024, -(1 << 40)])
def test_an_archive_that_leads_back_has_an_end(size: int, tmp_path: Path) -> None:
    members = []
    for name in ("oci-layout", "index.json"):
        member = tarfile.TarInfo(name)
        member.size = size
        members.append(member.tobuf(tarfile.GNU_FORMAT))
    (tmp_path / "l.tar").write_bytes(b"".join(members) + bytes(1024))
    with pytest.raises(InvalidContentError):
        open_layout(tmp_path / "l.tar")


def test_a_manifest_that_nobody_could_read_is_not_written(tmp_path: Path) -> None:
    data = b'{"schemaVersion":2,"annotations":{"a":"%b"}}' % (b"x" * (4 << 20))
    with pytest.raises(InvalidContentError, match="more than 4,194,304"):
        push_bytes(Layout(tmp_path), describe(data, IMAGE_MANIFEST), data)
    assert not list((tmp_path / "blobs").glob("*/*"))


@given(st.binary(max_size=200), st.integers(0, 3000), st.integers(0, 4096))
def test_whatever_an_archive_holds_it_is_a_layout_or_an_error(text: bytes, at: int, end: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        artifact(Layout(Path(folder) / "l"), tag="v1")
        write_tar(Path(folder) / "l", Path(folder) / "l.tar")
        data = bytearray((Path(folder) / "l.tar").read_bytes())
        data[at : at + len(text)] = text
        (Path(folder) / "l.tar").write_bytes(data[: end + 2048])
        with contextlib.suppress(OciError):
            layout = TarLayout(Path(folder) / "l.tar")
            read_all(layout, layout.resolve("v1"))


@given(st.binary(max_size=400))
def test_any_bytes_are_an_index_or_an_error(data: bytes) -> None:
    with contextlib.suppress(InvalidContentError):
        written(parse(data, "index.json"))


@pytest.mark.parametrize("digest", ["sha256:../../x", "sha256:" + "g" * 64, "sha256:", "x", "md5:" + "0" * 32])
def test_an_index_leads_to_no_files_elsewhere(digest: str, tmp_path: Path) -> None:
    Layout(tmp_path)
    entry = {"mediaType": IMAGE_MANIFEST, "digest": digest, "size": 1, "annotations": {REF_NAME: "v1"}}
    (tmp_path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    with pytest.raises(OciError):
        layout = Layout(tmp_path)
        layout.fetch(layout.resolve("v1"))


@pytest.mark.timeout(10)
def test_a_link_in_a_layout_leads_to_nothing_else(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    blobs = tmp_path / "l/blobs/sha256"
    good, bad, pipe = layer(layout, b"good"), layer(layout, b"known"), layer(layout, b"pipe")
    for one, content in ((good, b"good"), (bad, b"s3cr3")):
        (tmp_path / one.hex).write_bytes(content)
        (blobs / one.hex).unlink()
        (blobs / one.hex).symlink_to(tmp_path / one.hex)
    (blobs / pipe.hex).unlink()
    os.mkfifo(blobs / pipe.hex)
    assert read_all(layout, good) == b"good"
    for one in (bad, pipe):
        with pytest.raises(MismatchError):
            layout.fetch(one)


def test_what_a_crash_left_of_a_blob_is_written_again(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    blob = layer(layout, b"content")
    (tmp_path / "blobs/sha256" / blob.hex).write_bytes(b"")
    assert not layout.exists(blob)
    assert read_all(layout, layer(layout, b"content")) == b"content"
