"""Calls on files beside opening them, made for real: what each tells of its paths, directories and descriptors."""

import ctypes
import os
import stat
from pathlib import Path

import pytest

from probes.events import CALLS
from tests.integration.probes.conftest import Watch

pytestmark = pytest.mark.probe
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {call.name: call.number for call in CALLS}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "old").write_text("x")
    (tmp_path / "folder").mkdir()
    return tmp_path


def call(name: str, *arguments: object) -> int:
    return int(libc.syscall(NUMBERS[name], *arguments))


@pytest.mark.parametrize("name", ["rename", "link"])
def test_calls_with_two_paths_tell_both(watch: Watch, here: Path, name: str) -> None:
    old, new = os.fsencode(here / "old"), os.fsencode(here / "new")
    assert call(name, old, new) == 0
    (event,) = watch.events(lambda e: e.path == old and e.type == name)
    assert (event.path2, event.directory, event.directory2, event.result) == (new, b"", b"", 0)


@pytest.mark.parametrize("name", ["renameat", "renameat2", "linkat"])
def test_relative_paths_tell_each_their_directory(watch: Watch, here: Path, name: str) -> None:
    first, second = os.open(here, os.O_RDONLY), os.open(here / "folder", os.O_RDONLY)
    assert call(name, first, b"old", second, b"new", 0) == 0
    os.close(first)
    os.close(second)
    (event,) = watch.events(lambda e: e.type == name and e.path == b"old")
    assert (event.directory, event.path2) == (os.fsencode(here), b"new")
    assert event.directory2 == os.fsencode(here / "folder")


def test_long_pairs_arrive_whole(watch: Watch, here: Path) -> None:
    old, new = os.fsencode(here / ("o" * 250)), os.fsencode(here / ("n" * 250))
    Path(os.fsdecode(old)).touch()
    Path(os.fsdecode(old)).rename(os.fsdecode(new))
    (event,) = watch.events(lambda e: e.path2 == new)
    assert event.path == old


def test_the_target_of_a_symbolic_link_is_a_text(watch: Watch, here: Path) -> None:
    (here / "name").symlink_to("../somewhere")
    (event,) = watch.events(lambda e: e.type == "symlink" and e.path == b"../somewhere")
    assert (event.directory, event.path2) == (b"", os.fsencode(here / "name"))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("unlink", ("old",)),
        ("unlinkat", (-100, "old", 0)),
        ("rmdir", ("folder",)),
        ("mkdir", ("made", 0o750)),
        ("mkdirat", (-100, "made", 0o750)),
        ("chmod", ("old", 0o4755)),
        ("fchmodat", (-100, "old", 0o4755)),
    ],
)
def test_calls_with_one_path(watch: Watch, here: Path, name: str, arguments: tuple[object, ...]) -> None:
    paths = [os.fsencode(here / a) if isinstance(a, str) else a for a in arguments]
    assert call(name, *paths) == 0
    (event,) = watch.events(lambda e: e.type == name and e.path in paths)
    if "mkdir" in name or "chmod" in name:
        assert event.mode == arguments[-1]


def test_calls_on_descriptors_tell_the_file_behind(watch: Watch, here: Path) -> None:
    with (here / "old").open() as file:
        os.fchmod(file.fileno(), 0o640)
        os.dup2(file.fileno(), 199, inheritable=True)
        os.close(199)
    fchmod, dup = watch.events(lambda e: e.type in ("fchmod", "dup2") and e.file == os.fsencode(here / "old"), count=2)
    assert (fchmod.type, fchmod.mode) == ("fchmod", 0o640)
    assert (dup.type, dup.argument, dup.kind) == ("dup2", 199, stat.S_IFREG >> 12)


def test_a_pipe_is_told_from_a_file(watch: Watch) -> None:
    reading, writing = os.pipe()
    copy = os.dup(reading)
    for fd in (reading, writing, copy):
        os.close(fd)
    events = watch.events(lambda e: e.process.pid == os.getpid() and e.argument == copy and "dup" in e.type)
    assert not events or events[0].kind == stat.S_IFIFO >> 12  # dup by fcntl is no call of its own


def test_memory_files_and_mounts(watch: Watch, here: Path) -> None:
    fd = os.memfd_create("secret")
    os.close(fd)
    assert call("mount", b"none", os.fsencode(here / "folder"), b"tmpfs", 6, 0) == 0  # nosuid, nodev
    assert call("umount2", os.fsencode(here / "folder"), 2) == 0
    memory, mount, umount = watch.events(lambda e: e.type in ("memfd_create", "mount", "umount2"), count=3)
    assert (memory.path, memory.result, memory.fd) == (b"secret", fd, fd)
    assert (mount.path, mount.path2, mount.flags) == (b"none", os.fsencode(here / "folder"), 6)
    assert (umount.path, umount.flags) == (os.fsencode(here / "folder"), 2)
