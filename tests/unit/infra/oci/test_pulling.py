import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.oci.descriptors import Descriptor
from infra.oci.errors import MismatchError, NotFoundError, OciError, UnsafePathError
from infra.oci.files import FileSource
from infra.oci.memory import Memory
from infra.oci.paths import inside
from infra.oci.pulling import Wish, pull, title
from infra.oci.target import Readable
from infra.oci.watching import Watcher
from tests.artifacts import artifact, layer


class Told(Watcher):
    """Notes what becomes of files."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.bytes: list[int] = []

    def begun(self, descriptor: Descriptor) -> None:
        self.told.append(("begun", title(descriptor)))

    def existed(self, descriptor: Descriptor) -> None:
        self.told.append(("existed", title(descriptor)))

    def restored(self, descriptor: Descriptor) -> None:
        self.told.append(("restored", title(descriptor)))


class Cut(Memory):
    """A target that ends each transfer early, or changes what it sends."""

    def __init__(self, most: int, wrong: bool = False) -> None:
        super().__init__()
        self.most = most
        self.wrong = wrong
        self.starts: list[int] = []

    @contextmanager
    def _cut(self, descriptor: Descriptor, start: int) -> Iterator[Readable]:
        import io

        with super().fetch(descriptor, start) as stream:
            data = stream.read()
            yield io.BytesIO(bytes(len(data)) if self.wrong else data[: self.most])

    def fetch(self, descriptor: Descriptor, start: int = 0):  # type: ignore[no-untyped-def]
        if descriptor.media_type != "text/plain":
            return super().fetch(descriptor, start)
        self.starts.append(start)
        return self._cut(descriptor, start)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_are_written_by_their_names(tmp_path: Path) -> None:
    target, told = Memory(), Told()
    root = artifact(target, layer(target, b"a", "a.txt"), layer(target, b"b", "sub/b.txt"), layer(target, b"no name"))
    pulled = pull(target, root, Wish(folder=tmp_path), told)
    assert files(tmp_path) == {"a.txt": b"a", "sub/b.txt": b"b"}
    assert [title(one) for one in pulled.files] == ["a.txt", "sub/b.txt"]
    assert len(pulled.skipped) == 1


def test_one_content_under_two_names_is_fetched_once(tmp_path: Path) -> None:
    target, told = Memory(), Told()
    root = artifact(target, layer(target, b"same", "a"), layer(target, b"same", "d/b"))
    pull(target, root, Wish(folder=tmp_path), told)
    assert files(tmp_path) == {"a": b"same", "d/b": b"same"}
    assert ("restored", "d/b") in told.told


def test_what_is_there_already_is_not_fetched_again(tmp_path: Path) -> None:
    target, told = Memory(), Told()
    root = artifact(target, layer(target, b"a" * 100, "a"))
    pull(target, root, Wish(folder=tmp_path))
    pull(target, root, Wish(folder=tmp_path), told)
    assert ("existed", "a") in told.told


def test_an_old_file_is_replaced_or_kept(tmp_path: Path) -> None:
    target = Memory()
    root = artifact(target, layer(target, b"new", "a"))
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OciError, match="there already"):
        pull(target, root, Wish(folder=tmp_path, keep_old=True))
    assert files(tmp_path) == {"a": b"old"}
    pull(target, root, Wish(folder=tmp_path))
    assert files(tmp_path) == {"a": b"new"}


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=5000), st.integers(1, 2000))
def test_a_pull_that_is_cut_off_goes_on_where_it_was(data: bytes, most: int) -> None:
    import tempfile

    target = Cut(most)
    root = artifact(target, layer(target, data, "a"))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for _ in range(len(data) // most + 1):
            try:
                pull(target, root, Wish(folder=folder))
            except MismatchError:
                assert "a" not in files(folder)
        assert files(folder) == {"a": data}
    assert target.starts == list(range(0, len(data), most))[: len(target.starts)]


def test_another_content_never_gets_the_name(tmp_path: Path) -> None:
    target = Cut(10, wrong=True)
    root = artifact(target, layer(target, b"right", "a"))
    with pytest.raises(MismatchError):
        pull(target, root, Wish(folder=tmp_path))
    assert files(tmp_path) == {}
    target.wrong = False
    pull(target, root, Wish(folder=tmp_path))
    assert files(tmp_path) == {"a": b"right"}


@pytest.mark.parametrize("name", ["../x", "/etc/deedlog-was-here", "a/../../x", "..", ".", "a/../..", "x\0y"])
def test_a_name_that_leads_out_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    target = Memory()
    root = artifact(target, layer(target, b"good", "good"), layer(target, b"bad", name))
    folder = tmp_path / "in"
    with pytest.raises(UnsafePathError):
        pull(target, root, Wish(folder=folder))
    assert not folder.exists()


def test_with_permission_files_go_where_their_names_say(tmp_path: Path) -> None:
    target = Memory()
    absolute = tmp_path / "elsewhere/y"
    root = artifact(target, layer(target, b"x", "../x"), layer(target, b"y", str(absolute)))
    pull(target, root, Wish(folder=tmp_path / "in", allow_path_traversal=True))
    assert (tmp_path / "x").read_bytes() == b"x"
    assert absolute.read_bytes() == b"y"


def test_links_in_the_folder_are_not_followed(tmp_path: Path) -> None:
    target = Memory()
    root = artifact(target, layer(target, b"x", "out/x"))
    (tmp_path / "outside").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/out").symlink_to(tmp_path / "outside")
    with pytest.raises(UnsafePathError, match="link"):
        pull(target, root, Wish(folder=tmp_path / "in"))
    assert not any((tmp_path / "outside").iterdir())


def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path: Path) -> None:
    target = Memory()
    root = artifact(target, layer(target, b"x", "x"))
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "x").symlink_to(tmp_path / "secret")
    pull(target, root, Wish(folder=tmp_path))
    assert files(tmp_path) == {"secret": b"secret", "x": b"x"}


def test_folders_and_files_that_were_pushed_come_back(tmp_path: Path) -> None:
    (tmp_path / "in/d/deep").mkdir(parents=True)
    (tmp_path / "in/d/deep/f").write_bytes(b"f")
    (tmp_path / "in/d/deep/f").chmod(0o750)
    target = Memory()
    with FileSource() as source:
        folder = source.add("d", tmp_path / "in/d")
        from infra.oci.copying import copy
        from infra.oci.packing import pack

        packed = pack([folder], artifact_type="a/b")
        for blob in packed.blobs:
            source.add_bytes(*blob)
        source.add_bytes(packed.descriptor, packed.data)
        copy(source, target, packed.descriptor)
    pull(target, packed.descriptor, Wish(folder=tmp_path / "out"))
    assert files(tmp_path / "out") == {"d/deep/f": b"f"}
    assert (tmp_path / "out/d/deep/f").stat().st_mode & 0o777 == 0o750


def test_a_config_is_written_if_it_is_asked_for(tmp_path: Path) -> None:
    from infra.oci.packing import pack
    from infra.oci.target import push_bytes

    target = Memory()
    config = layer(target, b'{"a":1}', media_type="application/vnd.conf+json")
    packed = pack([layer(target, b"a", "a")], config=config)
    push_bytes(target, packed.descriptor, packed.data)
    pull(target, packed.descriptor, Wish(folder=tmp_path, config=("c.json", "application/other")))
    assert files(tmp_path) == {"a": b"a"}
    pull(target, packed.descriptor, Wish(folder=tmp_path, config=("c.json", "application/vnd.conf+json")))
    assert files(tmp_path) == {"a": b"a", "c.json": b'{"a":1}'}


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with FileSource() as source, pytest.raises(NotFoundError, match="nothing-here"):
        source.add("x", tmp_path / "nothing-here")
    with FileSource() as source:
        (tmp_path / "x").write_bytes(b"x")
        source.add("x", tmp_path / "x")
        with pytest.raises(OciError, match="twice"):
            source.add("x", tmp_path / "x")


@given(st.lists(st.sampled_from(["..", ".", "a", "b", ""]), min_size=1).map("/".join))
def test_steps_of_a_name_never_lead_out(name: str) -> None:
    try:
        steps = inside(name)
    except UnsafePathError:
        return
    assert steps
    assert not {"..", ".", ""} & set(steps)
    assert os.path.normpath(name) == "/".join(steps)
