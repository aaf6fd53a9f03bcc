"""Folders as archives: the same folder gives the same bytes, whoever packs it and when.

Modes and times of modification are kept, owners are not. Source: POSIX.1-2017 pax, section Interchange Format.
"""

import tarfile
from pathlib import Path
from typing import IO, Any, Final

from infra.oci.descriptors import Descriptor
from infra.oci.errors import OciError, UnsupportedError
from infra.oci.gzipping import Gzip
from infra.oci.media_types import CONTENT_DIGEST, LAYER_TAR_GZIP, UNPACK

BLOCK: Final = 64 << 10
"""Bytes that are read at once; with many more the memory of each is fetched from the system anew."""


def pack_folder(folder: Path, name: str, file: IO[bytes], media_type: str = "") -> Descriptor:
    """Write a folder as a compressed archive whose members are under `name`; return what describes it.

    Raises OciError for what cannot be read, UnsupportedError for what an archive cannot hold.
    """
    with Gzip(file) as gzip:
        out: Any = gzip
        try:
            archive = tarfile.TarFile(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, copybufsize=BLOCK)
            _add(archive, folder, name.rstrip("/") or ".")
        except OSError as error:
            raise OciError(f"{error.filename or folder} cannot be packed: {error.strerror or error}") from None
        # Readers stop after two blocks of zeros, so what else tarfile would add is in no digest of what they read.
        gzip.write(bytes(2 * tarfile.BLOCKSIZE))
        gzip.finish()
    notes = {CONTENT_DIGEST: f"sha256:{gzip.plain.hexdigest()}", UNPACK: "true"}
    digest = f"sha256:{gzip.packed.hexdigest()}"
    return Descriptor(media_type or LAYER_TAR_GZIP, digest, gzip.size, annotations=notes)


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    # It would keep every file in memory, and take the second name of one for a link to the first.
    archive.members.clear()  # type: ignore[attr-defined]
    archive.inodes.clear()  # type: ignore[attr-defined]
    member = archive.gettarinfo(str(path), name)
    if member is None:
        raise UnsupportedError(f"{path} is a socket, which no archive can hold")
    if not (member.isreg() or member.isdir() or member.issym()):
        raise UnsupportedError(f"{path} is a device or a pipe", "leave it out")
    _write(archive, _same_everywhere(member), path)
    if member.isdir():
        for entry in sorted(path.iterdir()):
            _add(archive, entry, f"{name}/{entry.name}")


def _same_everywhere(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    # A fraction would need a header more for each file, and few file systems give the same one back.
    member.mtime = int(member.mtime)
    return member


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isreg():
        with path.open("rb") as file:
            archive.addfile(member, file)
    else:
        archive.addfile(member)
