import contextlib
import errno
import gzip
import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.oci.archives import pack_folder
from infra.oci.errors import InvalidContentError, MismatchError, OciError, UnsafePathError
from infra.oci.media_types import CONTENT_DIGEST
from infra.oci.unpacking import unpack


def archive(*members: tarfile.TarInfo, data: bytes = b"x") -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data) if member.isreg() else None)
    out.seek(0)
    return out


def member(name: str, type: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = type, link, 0o755
    return info


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder in which nothing may appear."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


ATTACKS = {
    "up": [member("d/../../outside/x")],
    "absolute": [member("/etc/deedlog-was-here")],
    "elsewhere": [member("other/x")],
    "beside": [member("dd/x")],
    "through a link": [member("d/out", tarfile.SYMTYPE, "../../outside"), member("d/out/x")],
    "through an absolute link": [member("d/out", tarfile.SYMTYPE, "/tmp"), member("d/out/x")],
    "through a link that is inside": [member("d/in", tarfile.SYMTYPE, "."), member("d/in/x")],
    "hard link": [member("d/hard", tarfile.LNKTYPE, "../outside/secret")],
    "hard link to a link": [member("d/l", tarfile.SYMTYPE, "x"), member("d/l/h", tarfile.LNKTYPE, "d/l")],
    "device": [member("d/null", tarfile.CHRTYPE)],
    "pipe": [member("d/pipe", tarfile.FIFOTYPE)],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_is_written_outside(attack: str, root: Path, outside: Path) -> None:
    (outside / "secret").write_text("secret")
    with pytest.raises(OciError):
        unpack(archive(*ATTACKS[attack]), root, ("d",), "d")
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert not Path("/etc/deedlog-was-here").exists()


def test_a_link_that_is_in_the_way_is_replaced_and_not_followed(root: Path, outside: Path) -> None:
    (root / "d").mkdir()
    (root / "d/x").symlink_to(outside / "x")
    unpack(archive(member("d/x")), root, ("d",), "d")
    assert not (root / "d/x").is_symlink()
    assert not any(outside.iterdir())


def test_a_folder_that_is_a_link_is_refused(root: Path, outside: Path) -> None:
    (root / "d").symlink_to(outside)
    with pytest.raises(UnsafePathError, match="link"):
        unpack(archive(member("d/x")), root, ("d",), "d")
    assert not any(outside.iterdir())


def test_what_is_no_archive_is_said(root: Path) -> None:
    with pytest.raises(InvalidContentError):
        unpack(io.BytesIO(b"nothing"), root, ("d",), "d")
    with pytest.raises(InvalidContentError):
        unpack(io.BytesIO(gzip.compress(b"x" * 2000)), root, ("d",), "d")
    cut = archive(member("d/x"), data=os.urandom(100_000)).getvalue()[:5000]
    with pytest.raises(InvalidContentError):
        unpack(io.BytesIO(cut), root, ("d",), "d")


def test_another_digest_is_said(root: Path) -> None:
    with pytest.raises(MismatchError):
        unpack(archive(member("d/x")), root, ("d",), "d", "sha256:" + "0" * 64)


NAMES = st.text("abcäß .-", min_size=1, max_size=8).filter(lambda name: name.strip(".") == name and name.strip())
TREES = st.recursive(
    st.tuples(st.binary(max_size=3000), st.sampled_from([0o600, 0o644, 0o755, 0o400, 0o664])),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
).filter(lambda tree: isinstance(tree, dict))


def build(folder: Path, tree: dict[str, object]) -> None:
    folder.mkdir()
    for name, content in tree.items():
        if isinstance(content, dict):
            build(folder / name, content)
        else:
            (folder / name).write_bytes(content[0])  # type: ignore[index]
            (folder / name).chmod(content[1])  # type: ignore[index]
            os.utime(folder / name, (1_000_000, 1_000_000))
    os.utime(folder, (2_000_000, 2_000_000))


def seen(folder: Path) -> list[tuple[str, int, int, bytes]]:
    found = []
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found.append(
            (
                str(path.relative_to(folder)),
                status.st_mode,
                int(status.st_mtime),
                path.read_bytes() if path.is_file() else b"",
            )
        )
    return found


@settings(max_examples=40, deadline=None)
@given(TREES)
def test_a_folder_comes_back_as_it_was_and_packs_the_same(tree: dict[str, object]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        build(here / "a", tree)
        packed, again = io.BytesIO(), io.BytesIO()
        descriptor = pack_folder(here / "a", "a", packed)
        (here / "out").mkdir()
        packed.seek(0)
        unpack(packed, here / "out", ("a",), "a", (descriptor.annotations or {})[CONTENT_DIGEST])
        assert seen(here / "out/a") == seen(here / "a")
        assert pack_folder(here / "out/a", "a", again) == descriptor
        assert again.getvalue() == packed.getvalue()


def test_what_no_archive_can_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "d/pipe")
    with pytest.raises(OciError, match="pipe"):
        pack_folder(tmp_path / "d", "d", io.BytesIO())


def packed(*headers: bytes) -> io.BytesIO:
    """Return an archive of headers and data as they are."""
    return io.BytesIO(gzip.compress(b"".join(headers) + bytes(1024)))


def header(name: str, size: int = 0, type: bytes = tarfile.REGTYPE, **more: object) -> bytes:
    info = member(name, type)
    info.size = size
    for field, value in more.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def attributes(**said: str) -> bytes:
    """Return extended attributes for the member that follows."""
    text = b"".join(b"%02d %s=%s\n" % (len(k) + len(v) + 5, k.encode(), v.encode()) for k, v in said.items())
    assert len(text) < 512
    return header("x", len(text), tarfile.XHDTYPE) + text.ljust(512, b"\0")


BOMBS = {
    "attributes that fill the memory": packed(header("x", 1 << 40, tarfile.XHDTYPE)),
    "a name that fills the memory": packed(header("x", 1 << 40, tarfile.GNUTYPE_LONGNAME)),
    "a negative size": packed(header("d/x", -512)),
    "a negative size in attributes": packed(attributes(size="-512"), header("d/x", 0)),
    "holes of the old kind": packed(header("d/x", 0, tarfile.GNUTYPE_SPARSE)),
    "holes of the new kind": packed(
        attributes(**{"GNU.sparse.size": "9" * 12, "GNU.sparse.map": "0,0"}), header("d/x", 0)
    ),
    "zeros after the end": io.BytesIO(gzip.compress(header("d/x") + bytes(80 << 20))),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_would_fill_memory_or_never_end_is_refused(bomb: str, root: Path) -> None:
    stream = BOMBS[bomb]
    stream.seek(0)
    with pytest.raises(InvalidContentError) as caught:
        unpack(stream, root, ("d",), "d", "sha256:" + "0" * 64)
    assert not isinstance(caught.value, MismatchError)
    assert not any(path.stat().st_size for path in root.rglob("*") if path.is_file())


def test_a_file_for_which_there_is_no_room_is_not_begun(root: Path) -> None:
    with pytest.raises(OSError, match="No space left on device"):
        unpack(packed(header("d/x", 1 << 50)), root, ("d",), "d")
    assert not list(root.rglob("x"))


def test_not_more_is_unpacked_than_is_allowed(root: Path) -> None:
    two = archive(member("d/a"), member("d/b"), data=b"123456")
    with pytest.raises(InvalidContentError, match="more than 10 bytes"):
        unpack(two, root, ("d",), "d", most=10)


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "1e300", "-1e300"])
def test_a_time_that_is_none_is_the_first(time: str, root: Path) -> None:
    for type in (tarfile.REGTYPE, tarfile.DIRTYPE):
        unpack(packed(attributes(mtime=time), header("d/x", 0, type)), root, (type.hex(),), "d")
        assert (root / type.hex() / "x").stat().st_mtime == 0


def test_a_link_that_goes_up_after_it_went_down_is_refused(root: Path) -> None:
    # `d/a/b/up` is `d`, so `d/a/b/up/../../outside` is not `d/a/outside`, but what is beside the folder.
    links = (member("d/a/b/up", tarfile.SYMTYPE, "../.."), member("d/out", tarfile.SYMTYPE, "a/b/up/../../outside"))
    with pytest.raises(UnsafePathError):
        unpack(archive(*links), root, ("d",), "d")
    unpack(archive(member("d/a/b/good", tarfile.SYMTYPE, "./../../a//b/")), root, ("d",), "d")
    assert (root / "d/a/b/good").is_dir()


def test_a_full_disk_is_not_the_archive_s_fault(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space left"):
        unpack(archive(member("d/x")), root, ("d",), "d")


def whole_archive() -> bytes:
    """Return an archive, not compressed, with one member of each kind."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info in (
            member("d", tarfile.DIRTYPE),
            member("d/" + "é" * 60),
            member("d/link", tarfile.SYMTYPE, "a"),
            member("d/a"),
            member("d/hard", tarfile.LNKTYPE, "d/a"),
        ):
            info.mtime, info.size = 1.5, 5 * info.isreg()
            tar.addfile(info, io.BytesIO(b"12345") if info.isreg() else None)
    return out.getvalue()


WHOLE = whole_archive()
CHANGES = st.lists(
    st.tuples(st.integers(0, 6 * 1024), st.sampled_from([b"../", b"/", b"\0", b"2", b"1", b"x", b"S", b"-9", b"\xff"])),
    max_size=6,
)


@settings(deadline=None)
@given(CHANGES, st.integers(0, len(WHOLE)), st.booleans())
def test_whatever_an_archive_holds_nothing_is_written_outside(
    changes: list[tuple[int, bytes]], end: int, sums: bool
) -> None:
    data = bytearray(WHOLE[: max(end, 512)])
    for at, text in changes:
        data[at : at + len(text)] = text
    if sums:
        # With right checksums, as who means harm writes them.
        for at in range(0, len(data) - 511, 512):
            block = data[at : at + 512]
            block[148:156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(block)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        with contextlib.suppress(OciError, OSError):
            unpack(io.BytesIO(gzip.compress(bytes(data), 1)), root, ("d",), "d")
        assert [path.name for path in Path(folder).iterdir()] == ["root"]
        for path in root.rglob("*"):
            assert not path.is_symlink() or os.path.realpath(path).startswith(os.path.realpath(root / "d"))
            assert path.is_symlink() or path.is_dir() or path.is_file()
