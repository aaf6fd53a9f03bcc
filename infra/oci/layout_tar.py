"""An OCI image layout in a tar archive: read where it is, without unpacking; written from a folder."""

import os
import tarfile
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Final

from infra.oci import layout_index as entries
from infra.oci.descriptors import Descriptor
from infra.oci.digests import check_digest, is_digest
from infra.oci.errors import InvalidContentError, NotFoundError, writing
from infra.oci.graph import Graph
from infra.oci.layout import INDEX, MARK, MOST_INDEX_BYTES, check_mark
from infra.oci.media_types import OCTETS
from infra.oci.members import Member
from infra.oci.target import MOST_MANIFEST_BYTES, Readable

MOST_MEMBERS: Final = 1_000_000
"""Files in an archive; a table of more would take all memory."""


class Slice(RawIOBase):
    """A part of a file, read by position so that several can be read at once."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._position = start
        self._end = start + size

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer; return how many bytes."""
        wanted = min(len(buffer), self._end - self._position)
        count = os.preadv(self._descriptor, [memoryview(buffer)[:wanted]], self._position) if wanted > 0 else 0
        self._position += count
        return count

    def close(self) -> None:
        """Close its own descriptor of the file."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


class TarLayout:
    """The layout in an archive, which is only read."""

    def __init__(self, path: Path) -> None:
        """Open an archive. Raises NotFoundError, InvalidContentError."""
        self.path = path
        self._file = self._opened()
        # It is read as long as somebody holds it, and nobody has to say when that ends.
        weakref.finalize(self, os.close, self._file)
        self._members = self._found()
        check_mark(self._bytes(MARK), str(path))
        self._index = entries.parse(self._bytes(INDEX), f"{INDEX} in {path}")
        self._graph = Graph()

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest means. Raises NotFoundError."""
        if found := entries.find(self._index, reference):
            return found
        if is_digest(reference) and (member := self._members.get(_name(reference))):
            return Descriptor(OCTETS, reference, member[1])
        raise NotFoundError(f"there is no {reference} in {self.path}")

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on. Raises NotFoundError."""
        begin, size = self._member(_name(descriptor.digest))
        return Slice(self._file, begin + start, size - start)

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there."""
        return _name(descriptor.digest) in self._members

    def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is."""
        entries.note_all(self._index, self._graph, self._manifest)
        return self._graph.referrers(subject.digest, artifact_type)

    def tags(self, last: str = "") -> Iterator[str]:
        """Yield the tags in their order, those after `last`."""
        return iter(sorted(tag for tag in entries.tags(self._index) if tag > last))

    def _opened(self) -> int:
        try:
            return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise NotFoundError(f"{self.path} cannot be read: {error.strerror}") from None

    def _found(self) -> dict[str, tuple[int, int]]:
        try:
            with (
                os.fdopen(self._file, "rb", closefd=False) as file,
                tarfile.open(fileobj=file, mode="r:", tarinfo=Member) as archive,
            ):
                found: dict[str, tuple[int, int]] = {}
                for _ in range(MOST_MEMBERS):
                    if (member := archive.next()) is None:
                        break
                    if member.isreg() and not member.sparse:
                        found[os.path.normpath(member.name)] = (member.offset_data, member.size)
                    archive.members = []  # type: ignore[attr-defined]
                return found
        except tarfile.TarError as error:
            fix = "unpack a compressed archive first"
            raise InvalidContentError(f"{self.path} is no tar archive: {error}", fix) from None

    def _member(self, name: str) -> tuple[int, int]:
        if name not in self._members:
            raise NotFoundError(f"there is no {name} in {self.path}")
        return self._members[name]

    def _bytes(self, name: str) -> bytes:
        start, size = self._member(name)
        if size > MOST_INDEX_BYTES:
            raise InvalidContentError(f"{name} in {self.path} has {size:,} bytes, more than {MOST_INDEX_BYTES:,}")
        return os.pread(self._file, size, start)

    def _manifest(self, descriptor: Descriptor) -> bytes | None:
        with suppress(NotFoundError):
            if self._member(_name(descriptor.digest))[1] <= MOST_MANIFEST_BYTES:
                return self._bytes(_name(descriptor.digest))
        return None


def _name(digest: str) -> str:
    return "blobs/" + check_digest(digest).replace(":", "/", 1)


def write_tar(folder: Path, path: Path) -> None:
    """Write the layout in a folder as an archive, in an order that lets a reader begin before the end."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with writing(path), tarfile.open(beside, "w", format=tarfile.PAX_FORMAT) as archive:
            for name in (MARK, INDEX):
                _add(archive, name, (folder / name).read_bytes())
            for blob in sorted((folder / "blobs").glob("*/*")):
                archive.add(blob, str(blob.relative_to(folder)), filter=_plain)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(_plain(member), BytesIO(data))


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime, member.mode = 0, 0o644
    return member
