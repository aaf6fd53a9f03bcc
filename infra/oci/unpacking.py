"""Unpacks archived folders of unknown origin: nothing is written outside of the folder, and no devices are made."""

import errno
import math
import os
import tarfile
import zlib
from pathlib import Path
from posixpath import normpath
from typing import IO, Any, Final

from infra.oci.errors import InvalidContentError, MismatchError, UnsafePathError
from infra.oci.gzipping import Gunzip
from infra.oci.members import Member, sparse
from infra.oci.paths import STEP, inside, parent, remove_anything_but_folder

BLOCK: Final = 64 << 10
ZEROS: Final = bytes(BLOCK)
ALL_MODES: Final = 0o777
MOST_AFTER: Final = 64 << 20
"""Bytes after the last member; programs that pad archives do so by some KiB."""
LAST_SECOND: Final = 1 << 40
"""Of times of modification; some file systems know no later ones."""
OF_THE_PLACE: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE}
)
"""Errors that say nothing about the archive."""


def unpack(
    stream: IO[bytes], root: Path, base: tuple[str, ...], name: str, digest: str = "", most: int | None = None
) -> None:
    """Unpack a compressed archive whose members are in the folder `name` into the folder `base` of `root`.

    The name `.` and no base mean that members are put into `root` itself.
    `digest` is that of the uncompressed archive; empty: not known. Not more than `most` bytes are written, and
    no file is begun for which there is no room. Raises UnsafePathError, InvalidContentError, MismatchError, OSError.
    """
    plain: Any = Gunzip(stream)
    try:
        with tarfile.open(fileobj=plain, mode="r|", bufsize=BLOCK, tarinfo=Member) as archive:
            _all(archive, root, base, name, most)
        if digest:
            _read_rest(plain)  # what comes after the last member counts
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno in OF_THE_PLACE:
            raise
        raise InvalidContentError(f"{name} is no archive that can be unpacked: {error}") from None
    if digest and digest != f"sha256:{plain.hash.hexdigest()}":
        raise MismatchError(f"{name} was archived with the digest {digest}, and has another")


def _read_rest(stream: Gunzip) -> None:
    left = MOST_AFTER
    while data := stream.read(BLOCK):
        left -= len(data)
        if left < 0:
            raise InvalidContentError(f"the archive goes on for more than {MOST_AFTER:,} bytes after its end")


def _all(archive: tarfile.TarFile, root: Path, base: tuple[str, ...], name: str, most: int | None) -> None:
    folders: list[tuple[tuple[str, ...], tarfile.TarInfo]] = []
    total = 0
    while (member := archive.next()) is not None:
        archive.members.clear()  # type: ignore[attr-defined]
        total += member.size if member.isreg() else 0
        if most is not None and total > most:
            raise InvalidContentError(f"{name} unpacks to more than {most:,} bytes")
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
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    root: Path,
    steps: tuple[str, ...],
    base: tuple[str, ...],
    name: str,
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
            case _ if member.sparse:
                raise sparse(member)
            case _ if member.isreg():
                _file(archive, member, handle, last)
            case _:
                raise UnsafePathError(f"{member.name!r} in the archive is a device or a pipe")


def _folder(handle: int, last: str) -> None:
    try:
        os.mkdir(last, dir_fd=handle)
    except FileExistsError:
        return


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo, handle: int, last: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    source = archive.extractfile(member)
    status = os.fstatvfs(handle)
    if member.size > status.f_bavail * status.f_frsize:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), member.name)
    with os.fdopen(os.open(last, flags, 0o600, dir_fd=handle), "wb") as file:
        while source and (data := source.read(BLOCK)):
            _write(file, data)
        file.truncate()
        os.fchmod(file.fileno(), member.mode & ALL_MODES)
        os.utime(file.fileno(), _times(member))


def _write(file: IO[bytes], data: bytes) -> None:
    """Write data, or leave a hole where it is nothing but zeros."""
    if data == ZEROS[: len(data)]:
        file.seek(len(data), os.SEEK_CUR)
    else:
        file.write(data)


def _times(member: tarfile.TarInfo) -> tuple[float, float]:
    good = math.isfinite(member.mtime) and abs(member.mtime) < LAST_SECOND
    return (member.mtime, member.mtime) if good else (0, 0)


def _check_link(member: tarfile.TarInfo, steps: tuple[str, ...], base: tuple[str, ...]) -> None:
    """Refuse links that lead out of the folder, although nothing here would follow them: others will.

    What goes up after it went down is refused too: the way down may be a link itself, and up from there is elsewhere.
    """
    ways = [part for part in member.linkname.split("/") if part not in ("", ".")]
    straight = ".." not in ways[next((at for at, part in enumerate(ways) if part != ".."), 0) :] or set(ways) == {".."}
    try:
        safe = (
            straight
            and not member.linkname.startswith("/")
            and inside("/".join((*steps[:-1], member.linkname)))[: len(base)]
        )
    except UnsafePathError:
        safe = False
    if safe != base:
        raise UnsafePathError(f"{member.name!r} in the archive is a link to {member.linkname!r}, which is outside")


def _hard_link(root: Path, target: tuple[str, ...], handle: int, last: str) -> None:
    with parent(root, target) as (source, name):
        os.link(name, last, src_dir_fd=source, dst_dir_fd=handle, follow_symlinks=False)


def _dress(handle: int, last: str, member: tarfile.TarInfo) -> None:
    # It may be another one by now; a link is not followed.
    folder = os.open(last, STEP, dir_fd=handle)
    try:
        os.fchmod(folder, member.mode & ALL_MODES)
        os.utime(folder, _times(member))
    finally:
        os.close(folder)
