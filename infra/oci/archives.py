"""Folders as archives: the same folder gives the same bytes, whoever packs it and when.

Modes and times of modification are kept, owners are not. Source: POSIX.1-2017 pax, section Interchange Format.
"""

import hashlib
import tarfile
import zlib
from pathlib import Path
from typing import IO, Any, Final

from infra.oci.descriptors import Descriptor
from infra.oci.errors import OciError, UnsupportedError
from infra.oci.media_types import CONTENT_DIGEST, LAYER_TAR_GZIP, UNPACK

LEVEL: Final = 6
GZIP: Final = 31
"""zlib's window bits for gzip with its header, which has no time and no name in it."""
BLOCK: Final = 1 << 20


class _Compressed:
    """Writes what is written to it compressed, and hashes both."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self.plain, self.packed = hashlib.sha256(), hashlib.sha256()
        self.size = self._written = 0

    def tell(self) -> int:
        """Return how much was written to it."""
        return self._written

    def write(self, data: bytes) -> int:
        """Take data."""
        self._written += len(data)
        self.plain.update(data)
        self._put(self._compressor.compress(data))
        return len(data)

    def finish(self) -> None:
        """Write the end of the archive, and what is left to be written."""
        # Readers stop after two blocks of zeros, so what else tarfile would add is in no digest of what they read.
        self.write(bytes(2 * tarfile.BLOCKSIZE))
        self._put(self._compressor.flush())

    def _put(self, data: bytes) -> None:
        self.packed.update(data)
        self.size += len(data)
        self._file.write(data)


def pack_folder(folder: Path, name: str, file: IO[bytes], media_type: str = "") -> Descriptor:
    """Write a folder as a compressed archive whose members are under `name`; return what describes it.

    Raises OciError for what cannot be read, UnsupportedError for what an archive cannot hold.
    """
    compressed = _Compressed(file)
    out: Any = compressed
    try:
        archive = tarfile.TarFile(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, copybufsize=BLOCK)
        _add(archive, folder, name.rstrip("/") or ".")
    except OSError as error:
        raise OciError(f"{error.filename or folder} cannot be packed: {error.strerror or error}") from None
    compressed.finish()
    notes = {CONTENT_DIGEST: f"sha256:{compressed.plain.hexdigest()}", UNPACK: "true"}
    digest = f"sha256:{compressed.packed.hexdigest()}"
    return Descriptor(media_type or LAYER_TAR_GZIP, digest, compressed.size, annotations=notes)


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
