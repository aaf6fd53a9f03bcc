import os
from pathlib import Path

import pytest

from infra.oci import known_digests, remembered
from infra.oci.caching import CachedTarget
from infra.oci.digests import digest_of
from infra.oci.files import FileSource
from infra.oci.known_digests import KnownDigests
from infra.oci.layout import Layout
from infra.oci.memory import Memory
from infra.oci.pulling import Wish, pull
from infra.oci.target import read_all
from tests.artifacts import artifact, layer


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownDigests:
    monkeypatch.setattr(known_digests, "WORTH_BYTES", 1)
    return KnownDigests(tmp_path / "known")


def digest(known: KnownDigests, path: Path) -> str:
    with FileSource(known) as source:
        return source.add("x", path).digest


def test_a_file_that_changed_is_hashed_anew(known: KnownDigests, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one")
    assert digest(known, path) == digest(known, path) == digest_of(b"one")
    assert known.find(path.stat()) == digest_of(b"one")
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert known.find(path.stat()) == ""
    assert digest(known, path) == digest_of(b"two")


@pytest.mark.parametrize("damage", ["", "x", "1 2 3", "sha256:zz", "\0"])
def test_what_is_damaged_is_not_known(damage: str, known: KnownDigests, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one")
    digest(known, path)
    (kept,) = (tmp_path / "known").iterdir()
    kept.write_text(damage)
    assert digest(known, path) == digest_of(b"one")


def test_not_more_than_so_many_are_kept(known: KnownDigests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST", 5)
    for number in range(20):
        (tmp_path / f"f{number}").write_bytes(b"x")
        digest(known, tmp_path / f"f{number}")
    assert len(list((tmp_path / "known").iterdir())) <= 6


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_digests, "WORTH_BYTES", 1)
    (tmp_path / "file").write_bytes(b"x")
    assert digest(KnownDigests(tmp_path / "file/below"), tmp_path / "file") == digest_of(b"x")


def test_the_usual_folder_is_one_of_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert remembered.usual_folder() == Path("/c/deedlog")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert remembered.usual_folder() == Path("/h/.cache/deedlog")


def test_who_has_no_home_remembers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 987_654_321)
    memory = remembered.Remembered(remembered.usual_folder())
    memory.keep("name", "text")
    assert memory.words("name") == []
    assert not list(tmp_path.iterdir())


class Once(Memory):
    """A target that counts what is fetched."""

    fetched = 0

    def fetch(self, *arguments):  # type: ignore[no-untyped-def]
        self.fetched += 1
        return super().fetch(*arguments)


def test_what_is_cached_is_fetched_once(tmp_path: Path) -> None:
    source = Once()
    root = artifact(source, layer(source, b"a", "a"), tag="v1")
    for _ in range(3):
        cached = CachedTarget(source, Layout(tmp_path))
        assert read_all(cached, cached.resolve("v1")) == read_all(Layout(tmp_path), root)
    assert source.fetched == 1
    assert cached.exists(root)
    assert list(cached.tags()) == ["v1"]


@pytest.mark.parametrize("damage", ["other", "longer than it was", ""])
def test_a_cache_that_holds_something_else_is_mended(damage: str, tmp_path: Path) -> None:
    source = Once()
    blob = layer(source, b"right", "a")
    root = artifact(source, blob)
    cache = Layout(tmp_path / "cache")
    pull(CachedTarget(source, cache), root, Wish(folder=tmp_path / "out"))
    for one in (blob, root):
        (tmp_path / "cache/blobs/sha256" / one.hex).write_bytes(damage[: blob.size].encode() if damage else b"")
    for out in ("again", "once more"):
        pull(CachedTarget(source, Layout(tmp_path / "cache")), root, Wish(folder=tmp_path / out))
        assert (tmp_path / out / "a").read_bytes() == b"right"
    assert source.fetched == 4


def test_a_link_in_a_cache_is_not_followed(tmp_path: Path) -> None:
    source = Once()
    blob = layer(source, b"right", "a")
    cache = Layout(tmp_path / "cache")
    (tmp_path / "cache/blobs/sha256").mkdir()
    (tmp_path / "secret").write_bytes(b"wrong")
    (tmp_path / "cache/blobs/sha256" / blob.hex).symlink_to(tmp_path / "secret")
    assert read_all(CachedTarget(source, cache), blob) == b"right"
    assert (tmp_path / "secret").read_bytes() == b"wrong"
