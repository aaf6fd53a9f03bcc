"""Files and folders as content that can be pushed: they stay where they are, folders are archived beside."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from io import FileIO
from pathlib import Path

import msgspec

from infra.oci.descriptors import Descriptor
from infra.oci.errors import NotFoundError, OciError, UnsupportedError
from infra.oci.known_digests import KnownDigests
from infra.oci.manifests import Annotations
from infra.oci.media_types import LAYER_TAR, TITLE
from infra.oci.memory import Memory
from infra.oci.streaming import BUFFER
from infra.oci.target import BytesContent, Readable


class FileSource:
    """A target to read from: files that were added, and content in memory."""

    def __init__(self, known: KnownDigests | None = None) -> None:
        """Make a source of nothing; digests of large files are looked up in `known`, if there is one."""
        self._known = known
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
        if not _is_text(name):
            raise OciError(f"{name!r} is not written in UTF-8, which names in artifacts must be", "rename it")
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
        with _opened(path) as file:
            status = os.fstat(file.fileno())
            if self._known and (digest := self._known.find(status)):
                size = status.st_size
            else:
                digest, size = _hashed(file, status.st_size)
                # A file that changed meanwhile has another time by now, and is not found again.
                if self._known and size == status.st_size:
                    self._known.keep(status, digest)
        self._paths[digest] = path
        return Descriptor(media_type or LAYER_TAR, digest, size)

    def _folder(self, name: str, path: Path, media_type: str) -> Descriptor:
        import tempfile

        from infra.oci.archives import pack_folder

        handle, archive = tempfile.mkstemp(prefix="deedlog-")
        self._archives.append(Path(archive))
        with os.fdopen(handle, "wb") as file:
            descriptor = pack_folder(path, name, file, media_type)
        self._paths[descriptor.digest] = Path(archive)
        return descriptor


def _hashed(file: FileIO, expected: int) -> tuple[str, int]:
    """Return the digest and the size of a file; how large it is expected to be only bounds the buffer."""
    digest, size = hashlib.sha256(), 0
    buffer = memoryview(bytearray(min(BUFFER, max(expected, 1))))
    while count := file.readinto(buffer):
        digest.update(buffer[:count])
        size += count
    return f"sha256:{digest.hexdigest()}", size


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _opened(path: Path) -> FileIO:
    """Open a file, or the empty one of the system. Raises NotFoundError, UnsupportedError for what has no end."""
    try:
        # A pipe is not waited for: it would be read twice, and there is nothing in it the second time.
        file = FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "r")
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read: {error.strerror}") from None
    status = os.fstat(file.fileno())
    if stat.S_ISREG(status.st_mode) or os.path.samestat(status, os.stat(os.devnull)):  # noqa: PTH116
        return file
    file.close()
    raise UnsupportedError(f"{path} is a device, a pipe or a socket", "write it to a file first")
