import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.oci.descriptors import Descriptor, describe
from infra.oci.errors import InvalidContentError, MismatchError, NotFoundError, OciError, UnsafePathError
from infra.oci.files import FileSource
from infra.oci.memory import Memory
from infra.oci.parts import PART, part_name
from infra.oci.paths import inside
from infra.oci.pulling import Wish, pull, title
from infra.oci.target import FetchedContent, Readable
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


@pytest.mark.parametrize("second", ["a.txt", "./a.txt", "x/../a.txt", "a.txt/"])
def test_two_files_of_one_name_are_refused(second: str, tmp_path: Path) -> None:
    target = Memory()
    root = artifact(target, layer(target, b"one", "a.txt"), layer(target, b"two", second))
    with pytest.raises(InvalidContentError, match="two files"):
        pull(target, root, Wish(folder=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_one_file_that_is_named_twice_is_written_once(tmp_path: Path) -> None:
    target = Memory()
    root = artifact(target, layer(target, b"one", "a"), layer(target, b"one", "./a"), layer(target, b"", "empty"))
    assert len(pull(target, root, Wish(folder=tmp_path)).files) == 2
    assert files(tmp_path) == {"a": b"one", "empty": b""}


def test_no_file_takes_the_name_of_a_part(tmp_path: Path) -> None:
    target = Memory()
    one = layer(target, b"one", "a")
    root = artifact(target, one, layer(target, b"two", f"sub/../{part_name('a', one)}"))
    for traversal in (False, True):
        with pytest.raises(UnsafePathError, match="not whole yet"):
            pull(target, root, Wish(folder=tmp_path / "out", allow_path_traversal=traversal))
    assert not files(tmp_path)


@given(st.text(st.characters(blacklist_characters="\0/", blacklist_categories=["Cs"]), min_size=1, max_size=300))
def test_part_names_are_names_and_known_as_such(name: str) -> None:
    part = part_name(name, describe(b"x", ""))
    assert len(part.encode()) <= 255
    assert PART.fullmatch(part)


def test_a_name_that_no_file_can_have_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    target = Memory()
    root = artifact(target, layer(target, b"one", "a"), layer(target, b"two", "é" * 128))
    with pytest.raises(UnsafePathError, match="255 bytes"):
        pull(target, root, Wish(folder=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_what_fails_before_its_first_byte_leaves_nothing(tmp_path: Path) -> None:
    target = Memory()
    gone = layer(target, b"gone", "a")
    root = artifact(target, gone)
    target.delete(gone)
    with pytest.raises(NotFoundError):
        pull(target, root, Wish(folder=tmp_path))
    assert not list(tmp_path.iterdir())


def test_pulls_into_one_folder_at_once_wait_for_each_other(tmp_path: Path) -> None:
    class Slow(Memory):
        fetched = 0

        def fetch(self, descriptor: Descriptor, start: int = 0):  # type: ignore[no-untyped-def]
            if descriptor.media_type == "text/plain":
                self.fetched += 1
                time.sleep(0.05)
            return super().fetch(descriptor, start)

    target = Slow()
    root = artifact(target, *(layer(target, bytes(size), f"f{size}") for size in (1, 1000, 100_000)))
    failed: list[BaseException] = []

    def one() -> None:
        try:
            pull(target, root, Wish(folder=tmp_path))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert files(tmp_path) == {f"f{size}": bytes(size) for size in (1, 1000, 100_000)}
    assert target.fetched == 3


def test_a_pipe_in_the_place_of_a_part_is_refused(tmp_path: Path) -> None:
    target = Memory()
    one = layer(target, b"one", "a")
    os.mkfifo(tmp_path / part_name("a", one))
    with pytest.raises(UnsafePathError, match="no file"):
        pull(target, artifact(target, one), Wish(folder=tmp_path))


def test_a_second_name_gets_what_the_digest_says_or_nothing(tmp_path: Path) -> None:
    class Meddler(Watcher):
        def done(self, descriptor: Descriptor) -> None:
            if title(descriptor) == "a":
                (tmp_path / "a").write_bytes(b"else")

    target = Memory()
    root = artifact(target, layer(target, b"same", "a"), layer(target, b"same", "b"))
    with pytest.raises(MismatchError):
        pull(target, root, Wish(folder=tmp_path), Meddler())
    assert not (tmp_path / "b").exists()


def test_the_folder_itself_comes_back(tmp_path: Path) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/a").write_bytes(b"a")
    target, out = Memory(), tmp_path / "out"
    with FileSource() as source:
        root = artifact(target, one := source.add(".", tmp_path / "in"))
        target.push(one, FetchedContent(source, one))
    for _ in range(2):
        pull(target, root, Wish(folder=out))
        assert files(out) == {"sub/a": b"a"}
    with pytest.raises(OciError, match="not empty"):
        pull(target, root, Wish(folder=out, keep_old=True))
    pull(target, root, Wish(folder=tmp_path / "new", keep_old=True))
    assert files(tmp_path / "new") == {"sub/a": b"a"}


class NoParts(Memory):
    """A target that says that something else came when it is asked for a part."""

    def fetch(self, descriptor: Descriptor, start: int = 0):  # type: ignore[no-untyped-def]
        if start:
            raise MismatchError("the registry gives 'bytes 0-1' for bytes 3-5")
        return super().fetch(descriptor, start)


@pytest.mark.parametrize(("target", "there"), [(Memory(), b"???"), (Memory(), b"??????"), (NoParts(), b"abc")])
def test_a_beginning_that_does_not_fit_is_fetched_anew(target: Memory, there: bytes, tmp_path: Path) -> None:
    one = layer(target, b"abcdef", "a")
    (tmp_path / part_name("a", one)).write_bytes(there)
    pull(target, artifact(target, one), Wish(folder=tmp_path))
    assert files(tmp_path) == {"a": b"abcdef"}
