"""Files and folders as content that can be pushed: they stay where they are, folders are archived beside."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from io import FileIO
from pathlib import Path

import msgspec

from infra.oci.descriptors import Descriptor
from infra.oci.errors import NotFoundError, OciError
from infra.oci.manifests import Annotations
from infra.oci.media_types import LAYER_TAR, TITLE
from infra.oci.memory import Memory
from infra.oci.streaming import BUFFER
from infra.oci.target import BytesContent, Readable


class FileSource:
    """A target to read from: files that were added, and content in memory."""

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}
        self._memory = Memory()
        self._archives: list[Path] = []
        self._names: set[str] = set()

    def __enter__(self) -> "FileSource":
        """Take part in a with statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the archives."""
        for path in self._archives:
            path.unlink(missing_ok=True)

    def add(self, name: str, path: Path, media_type: str = "", annotations: Annotations | None = None) -> Descriptor:
        """Add a file or folder under a name, by which it is written again when it is pulled.

        Raises NotFoundError, OciError.
        """
        if name in self._names:
            raise OciError(f"{name} is named twice")
        self._names.add(name)
        descriptor = self._folder(name, path, media_type) if path.is_dir() else self._file(path, media_type)
        notes = {**(descriptor.annotations or {}), TITLE: name, **(annotations or {})}
        return msgspec.structs.replace(descriptor, annotations=notes)

    def add_config(self, path: Path, media_type: str, annotations: Annotations | None = None) -> Descriptor:
        """Add a file without a name. Raises NotFoundError, OciError."""
        return msgspec.structs.replace(self._file(path, media_type), annotations=annotations or None)

    def add_bytes(self, descriptor: Descriptor, data: bytes) -> Descriptor:
        """Add content from memory. Raises MismatchError."""
        self._memory.push(descriptor, BytesContent(data))
        return descriptor

    def resolve(self, reference: str) -> Descriptor:
        """Return what a digest means. Raises NotFoundError."""
        return self._memory.resolve(reference)

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on; a file is given as such. Raises NotFoundError."""
        if (path := self._paths.get(descriptor.digest)) is None:
            return self._memory.fetch(descriptor, start)
        stream = _opened(path)
        stream.seek(start)
        return stream

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there."""
        return descriptor.digest in self._paths or self._memory.exists(descriptor)

    def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is."""
        return self._memory.referrers(subject, artifact_type)

    def tags(self, last: str = "") -> Iterator[str]:
        """Yield nothing."""
        return self._memory.tags(last)

    def _file(self, path: Path, media_type: str) -> Descriptor:
        digest, size = hashlib.sha256(), 0
        buffer = memoryview(bytearray(min(BUFFER, max(_size(path), 1))))
        with _opened(path) as file:
            while count := file.readinto(buffer):
                digest.update(buffer[:count])
                size += count
        descriptor = Descriptor(media_type or LAYER_TAR, f"sha256:{digest.hexdigest()}", size)
        self._paths[descriptor.digest] = path
        return descriptor

    def _folder(self, name: str, path: Path, media_type: str) -> Descriptor:
        from infra.oci.archives import pack_folder

        handle, archive = tempfile.mkstemp(prefix="deedlog-")
        self._archives.append(Path(archive))
        with os.fdopen(handle, "wb") as file:
            descriptor = pack_folder(path, name, file, media_type)
        self._paths[descriptor.digest] = Path(archive)
        return descriptor


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read: {error.strerror}") from None


def _opened(path: Path) -> FileIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read: {error.strerror}") from None
