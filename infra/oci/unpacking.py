"""Unpacks archived folders of unknown origin: nothing is written outside of the folder, and no devices are made."""

import hashlib
import os
import tarfile
import zlib
from pathlib import Path
from posixpath import normpath
from typing import IO, Any, Final

from infra.oci.errors import InvalidContentError, MismatchError, UnsafePathError
from infra.oci.paths import inside, parent, remove_anything_but_folder

BLOCK: Final = 1 << 18
ALL_MODES: Final = 0o777

Member = tarfile.TarInfo


class _Hashed:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Return up to that many bytes."""
        data: bytes = self._stream.read(size)
        self.hash.update(data)
        return data


def unpack(stream: IO[bytes], root: Path, base: tuple[str, ...], name: str, digest: str = "") -> None:
    """Unpack a compressed archive whose members are in the folder `name` into the folder `base` of `root`.

    The name `.` and no base mean that members are put into `root` itself.
    `digest` is that of the uncompressed archive; empty: not known. Raises UnsafePathError, InvalidContentError,
    MismatchError.
    """
    import gzip

    hashed: Any = _Hashed(gzip.GzipFile(fileobj=stream))
    try:
        with tarfile.open(fileobj=hashed, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
            _all(archive, root, base, name)
        while hashed.read(BLOCK):
            pass  # what comes after the last member counts for the digest
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InvalidContentError(f"{name} is no archive that can be unpacked: {error}") from None
    if digest and digest != f"sha256:{hashed.hash.hexdigest()}":
        raise MismatchError(f"{name} was archived with the digest {digest}, and has another")


def _all(archive: tarfile.TarFile, root: Path, base: tuple[str, ...], name: str) -> None:
    folders: list[tuple[tuple[str, ...], Member]] = []
    while (member := archive.next()) is not None:
        archive.members.clear()  # type: ignore[attr-defined]
        steps = (*base, *_below(member.name, name))
        if not steps:
            continue
        _one(archive, member, root, steps, base, name)
        if member.isdir():
            folders.append((steps, member))
    # Last, because each file that is written into a folder changes its time.
    for steps, member in reversed(folders):
        with parent(root, steps) as (handle, last):
            _dress(handle, last, member)


def _below(member: str, name: str) -> tuple[str, ...]:
    """Return the steps that lead from the archived folder to a member."""
    path, folder = normpath(member), normpath(name)
    if path == folder:
        return ()
    if folder == ".":
        return inside(path)
    if not path.startswith(f"{folder}/"):
        raise UnsafePathError(f"the archive of {name!r} has {member!r} in it, which is elsewhere")
    return inside(path[len(folder) + 1 :])


def _one(
    archive: tarfile.TarFile, member: Member, root: Path, steps: tuple[str, ...], base: tuple[str, ...], name: str
) -> None:
    with parent(root, steps) as (handle, last):
        remove_anything_but_folder(handle, last)
        match member.type:
            case tarfile.DIRTYPE:
                _folder(handle, last)
            case tarfile.SYMTYPE:
                _check_link(member, steps, base)
                os.symlink(member.linkname, last, dir_fd=handle)
            case tarfile.LNKTYPE:
                _hard_link(root, (*base, *_below(member.linkname, name)), handle, last)
            case _ if member.isreg():
                _file(archive, member, handle, last)
            case _:
                raise UnsafePathError(f"{member.name!r} in the archive is a device or a pipe")


def _folder(handle: int, last: str) -> None:
    try:
        os.mkdir(last, dir_fd=handle)
    except FileExistsError:
        return


def _file(archive: tarfile.TarFile, member: Member, handle: int, last: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    source = archive.extractfile(member)
    with os.fdopen(os.open(last, flags, 0o600, dir_fd=handle), "wb") as file:
        while source and (data := source.read(BLOCK)):
            file.write(data)
        os.fchmod(file.fileno(), member.mode & ALL_MODES)
        file.flush()
        os.utime(file.fileno(), (member.mtime, member.mtime))


def _check_link(member: Member, steps: tuple[str, ...], base: tuple[str, ...]) -> None:
    """Refuse links that lead out of the folder, although nothing here would follow them: others will."""
    try:
        safe = not member.linkname.startswith("/") and inside("/".join((*steps[:-1], member.linkname)))[: len(base)]
    except UnsafePathError:
        safe = False
    if safe != base:
        raise UnsafePathError(f"{member.name!r} in the archive is a link to {member.linkname!r}, which is outside")


def _hard_link(root: Path, target: tuple[str, ...], handle: int, last: str) -> None:
    with parent(root, target) as (source, name):
        os.link(name, last, src_dir_fd=source, dst_dir_fd=handle, follow_symlinks=False)


def _dress(handle: int, last: str, member: Member) -> None:
    os.chmod(last, member.mode & ALL_MODES, dir_fd=handle)
    os.utime(last, (member.mtime, member.mtime), dir_fd=handle)
