import gzip
import io
import os
import tarfile
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
