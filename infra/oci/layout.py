"""An OCI image layout in a folder: blobs by their digests, and one index of what has a tag or is a manifest.

Blobs are written beside and moved to their names when they are whole; the index is replaced as a whole, under a lock
that other processes of ours take too. Source: OCI image-spec 1.1, image-layout.md.
"""

import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from infra.oci import layout_index as entries
from infra.oci.descriptors import Descriptor
from infra.oci.digests import check_digest, is_digest
from infra.oci.errors import InvalidContentError, MismatchError, NotFoundError, UnsupportedError, writing
from infra.oci.graph import Graph
from infra.oci.layout_index import Change, Index
from infra.oci.manifests import is_manifest
from infra.oci.media_types import OCTETS
from infra.oci.streaming import pour, whole
from infra.oci.sums import Sum
from infra.oci.target import MOST_MANIFEST_BYTES, Content, Progress, Readable, ReadOnlyTarget
from infra.oci.verifying import is_whole

MARK: Final = "oci-layout"
INDEX: Final = "index.json"
MOST_INDEX_BYTES: Final = 256 << 20
"""Of an index, which is read into memory: about a million manifests."""
ABANDONED_SECONDS: Final = 24 * 3600
"""After that nobody goes on with what was being written; who was killed leaves it behind."""


class Layout:
    """The layout in a folder, which is made if it is not there and may be."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        """Open a layout. Raises NotFoundError, InvalidContentError."""
        self.folder = folder
        if create:
            self._make()
        check_mark(self._read(MARK), str(folder))
        self._lock = threading.RLock()
        self._graph = Graph()
        self._gathered: list[Change] | None = None
        self._swept = False
        self._index = self._load()

    @property
    def eager_bytes(self) -> int:
        """Return 0: to look costs nothing here."""
        return 0

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest means. Raises NotFoundError."""
        if found := entries.find(self._index, reference):
            return found
        if is_digest(reference):
            with suppress(OSError):
                return Descriptor(OCTETS, reference, self._blob(reference).stat().st_size)
        raise NotFoundError(
            f"there is no {reference} in {self.folder}", f"deedlog artifact repo tags --oci-layout {self.folder}"
        )

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on. Raises NotFoundError, MismatchError for a link to something else.

        Links are read before: a layout of someone else must not be a way to have other files of this machine uploaded.
        """
        path = self._blob(descriptor.digest)
        try:
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) and not (stat.S_ISLNK(mode) and is_whole(path.resolve(), descriptor)):
                raise MismatchError(f"{descriptor.digest} in {self.folder} is no file, or a link to something else")
            stream = path.open("rb")
        except FileNotFoundError:
            raise NotFoundError(f"there is no {descriptor.digest} in {self.folder}") from None
        stream.seek(start)
        return stream

    def exists(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there; what a crash of the machine left of a file is not."""
        with suppress(OSError):
            return self._blob(descriptor.digest).stat().st_size == descriptor.size
        return False

    def intact(self, descriptor: Descriptor) -> bool:
        """Say whether the content is there and is what its name says; what is there and is not is removed."""
        path = self._blob(descriptor.digest)
        if not is_whole(path, descriptor):
            with suppress(FileNotFoundError):
                path.unlink()
            return False
        return True

    def referrers(self, subject: Descriptor, artifact_type: str = "") -> Iterator[Descriptor]:
        """Yield the manifests whose subject this is."""
        with self._lock:
            entries.note_all(self._index, self._graph, self._manifest)
            return iter(tuple(self._graph.referrers(subject.digest, artifact_type)))

    def tags(self, last: str = "") -> Iterator[str]:
        """Yield the tags in their order, those after `last`."""
        return iter(sorted(tag for tag in entries.tags(self._index) if tag > last))

    def push(self, descriptor: Descriptor, content: Content, progress: Progress | None = None) -> None:
        """Write content. Raises MismatchError if it is not what its descriptor says."""
        path = self._blob(descriptor.digest)
        if not self.exists(descriptor):
            self._write(path, descriptor, content, progress)
        if is_manifest(descriptor):
            if (data := self._manifest(descriptor)) is not None:
                with self._lock:
                    self._graph.note(descriptor, data)
            self._change(lambda index: entries.added(index, descriptor))

    def tag(self, descriptor: Descriptor, reference: str) -> None:
        """Let a tag mean a manifest that is there. Raises NotFoundError, InvalidReferenceError."""
        if not self.exists(descriptor):
            raise NotFoundError(f"there is no {descriptor.digest} in {self.folder}")
        if reference != descriptor.digest:
            entries.check_name(reference)
            self._change(lambda index: entries.tagged(index, descriptor, reference))

    def untag(self, reference: str) -> None:
        """Remove a tag. Raises NotFoundError."""
        if reference not in entries.tags(self._index):
            raise NotFoundError(f"there is no tag {reference} in {self.folder}")
        self._change(lambda index: entries.untagged(index, reference))

    def delete(self, descriptor: Descriptor) -> None:
        """Remove a manifest with its tags, or a blob; what it points at stays. Raises NotFoundError."""
        self._change(lambda index: entries.removed(index, descriptor.digest))
        with self._lock:
            self._graph.forget(descriptor.digest)
        try:
            self._blob(descriptor.digest).unlink()
        except FileNotFoundError:
            raise NotFoundError(f"there is no {descriptor.digest} in {self.folder}") from None

    def mount(self, descriptor: Descriptor, source: ReadOnlyTarget) -> bool:
        """Take a blob of another layout on the same file system by a hard link; say whether that was done.

        It is read, for another layout may hold something else than it says.
        """
        if not isinstance(source, Layout) or is_manifest(descriptor):
            return False
        with self._ingested(descriptor) as part:
            try:
                os.link(source._blob(descriptor.digest), part, follow_symlinks=False)
            except OSError:
                return False
            if not is_whole(part, descriptor):
                return False
            part.replace(self._blob(descriptor.digest))
        return True

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Write the index once, at the end of the block."""
        with self._lock:
            outermost = self._gathered is None
            self._gathered = [] if self._gathered is None else self._gathered
        try:
            yield
        finally:
            if outermost:
                with self._lock:
                    changes, self._gathered = self._gathered, None
                self._save(changes or [])

    def _make(self) -> None:
        if (self.folder / MARK).exists():
            return
        if self.folder.exists() and not self.folder.is_dir():
            raise UnsupportedError(f"{self.folder} is no folder; an image layout is written to one")
        (self.folder / "blobs").mkdir(parents=True, exist_ok=True)
        create(self.folder / INDEX, entries.EMPTY)
        create(self.folder / MARK, b'{"imageLayoutVersion":"1.0.0"}')

    def _read(self, name: str) -> bytes:
        try:
            with (self.folder / name).open("rb") as file:
                data = file.read(MOST_INDEX_BYTES + 1)
            if len(data) > MOST_INDEX_BYTES:
                raise InvalidContentError(f"{self.folder}/{name} has more than {MOST_INDEX_BYTES:,} bytes")
            return data
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(f"{self.folder} is no image layout: it has no {name}") from None

    def _load(self) -> Index:
        return entries.parse(self._read(INDEX), f"{self.folder}/{INDEX}")

    def _blob(self, digest: str) -> Path:
        algorithm, _, encoded = check_digest(digest).partition(":")
        return self.folder / "blobs" / algorithm / encoded

    def _manifest(self, descriptor: Descriptor) -> bytes | None:
        path = self._blob(descriptor.digest)
        with suppress(OSError):
            return path.read_bytes() if path.stat().st_size <= MOST_MANIFEST_BYTES else None
        return None

    def _write(self, path: Path, descriptor: Descriptor, content: Content, progress: Progress | None) -> None:
        with self._ingested(descriptor) as part:
            with content.open() as stream, part.open("wb", buffering=0) as file:
                sum = Sum(descriptor)
                pour(stream, whole(file), sum, descriptor.size, progress)
                sum.verify()
            part.replace(path)

    @contextmanager
    def _ingested(self, descriptor: Descriptor) -> Iterator[Path]:
        """Yield where a blob is to be written before it has its name."""
        ingest = self.folder / "ingest"
        ingest.mkdir(exist_ok=True)
        self._blob(descriptor.digest).parent.mkdir(parents=True, exist_ok=True)
        if not self._swept:
            self._swept = True
            sweep(ingest)
        part = ingest / f"{descriptor.hex}.{os.getpid()}.{threading.get_ident()}"
        # Of a process with the same number that was killed; it may be a link to a blob of another layout.
        part.unlink(missing_ok=True)
        try:
            with writing(self.folder):
                yield part
        finally:
            part.unlink(missing_ok=True)

    def _change(self, change: Change) -> None:
        with self._lock:
            if self._gathered is not None:
                self._gathered.append(change)
                self._index = change(self._index)
                return
        self._save([change])

    def _save(self, changes: list[Change]) -> None:
        with self._lock, locked(self.folder / MARK):
            before = index = self._load()
            for change in changes:
                index = change(index)
            if index is not before:
                replace(self.folder / INDEX, entries.written(index))
            self._index = index


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, which other processes of ours wait for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Write a file as a whole, or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with writing(path):
            beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def create(path: Path, data: bytes) -> None:
    """Write a file as a whole if it is not there; of two who do so at once the first one counts."""
    if path.exists():
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with writing(path):
            beside.write_bytes(data)
        try:
            os.link(beside, path)
        except FileExistsError:
            return
        except OSError:
            # Not every file system has hard links.
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def sweep(ingest: Path) -> None:
    """Remove what was being written by who was killed, long ago."""
    before = time.time() - ABANDONED_SECONDS
    for path in ingest.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()


class Mark(msgspec.Struct, rename={"version": "imageLayoutVersion"}):
    """What the file `oci-layout` says."""

    version: str


def check_mark(data: bytes, place: str) -> None:
    """Raise InvalidContentError unless it is the mark of a layout of a version that we know."""
    try:
        version = msgspec.json.decode(data, type=Mark).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidContentError(f"{place}: {MARK} is not what it should be: {error}") from None
    if version != "1.0.0":
        raise InvalidContentError(f"{place} is an image layout of version {version!r}; known is 1.0.0")
