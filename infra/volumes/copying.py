"""Copies a frozen layer from a replica of another node: goes on where it was killed, and believes nothing unchecked.

Beside the target grow `<target>.part` and `<target>.progress`, the record of the chunks that are durable. Each chunk is
compared with the digest that its source worked out; in the end all is read from the disk again and compared once more
before it gets its name. Zeros are neither sent nor written: they stay holes.
"""

import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from infra.volumes.copy_record import DIGEST, Origin, decode_record, encode_origin
from infra.volumes.durable import sync_folder
from infra.volumes.errors import EngineError
from infra.volumes.peer import Peer
from infra.volumes.sparse import write_sparse

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]

CHUNK: Final = 4 << 20
STEP: Final = 16
"""Chunks from one fsync to the next, and how many are checked again after a crash."""
REQUESTS: Final = 4
"""Requests in flight; each holds a chunk in memory."""
ATTEMPTS: Final = 3
"""How often a chunk is asked for that does not arrive as its source says it is."""
PATIENCE: Final = 30.0
"""Seconds for which a source may be gone, as while its agent starts again."""
PAUSE: Final = 0.2


class _UnfitError(EngineError):
    """What was copied so far is of no use: the next attempt begins anew."""


def copy_layer(peer: Peer, volume: str, replica: str, layer: str, target: Path, progress: Progress) -> None:
    """Copy the file of a frozen layer to `target`, which is there only when it is whole; if it is there, do nothing.

    Called again after it failed or was killed, it goes on. `progress` is told at every step how many bytes are durable,
    and how many there are; what it raises ends the copying. Raises EngineError, permanent only if the source says so.
    """
    what = f"Layer {layer} of volume {volume} cannot be copied from replica {replica}"
    try:
        with _workplace(target, what) as (part, record):
            if target.exists():
                return
            size = _patiently(partial(peer.layer_size, volume, replica, layer))
            copy = _Copy(peer, Origin(volume, replica, layer, size, CHUNK), part, record, what)
            try:
                copy.run(progress)
            except _UnfitError:
                os.ftruncate(record, 0)
                raise
            _name(target)
    except OSError as error:
        raise EngineError(what, str(error)) from error


class _Copy:
    """One layer on its way: what is durable, and the open files."""

    def __init__(self, peer: Peer, origin: Origin, part: int, record: int, what: str) -> None:
        self._digest = partial(peer.layer_digest, origin.volume, origin.replica, origin.layer)
        self._read = partial(peer.read_layer, origin.volume, origin.replica, origin.layer)
        self._size = partial(peer.layer_size, origin.volume, origin.replica, origin.layer)
        self._origin = origin
        self._part = part
        self._record = record
        self._what = what
        self._digests: list[bytes] = []

    def run(self, progress: Progress) -> None:
        """Fetch what is missing, and compare all of it."""
        self._resume()
        progress(self._done(), self._origin.size)
        pool = ThreadPoolExecutor(REQUESTS, "copy")
        try:
            missing = range(len(self._digests), self._origin.chunks)
            for step in _steps(_in_order(pool, self._fetch, missing)):
                self._keep(step)
                progress(self._done(), self._origin.size)
            self._compare_disk(pool)
        finally:
            pool.shutdown(cancel_futures=True)
        self._compare_source()

    def _resume(self) -> None:
        """Take up what the record says is durable, as far as disk and source agree, or begin anew."""
        origin = self._origin
        self._digests = self._recorded()
        first = encode_origin(origin)
        os.pwrite(self._record, first, 0)
        os.ftruncate(self._record, len(first) + len(self._digests) * DIGEST)
        os.lseek(self._record, 0, os.SEEK_END)
        # What was written after the last step is unknown, and may not be zero where holes are to be.
        os.ftruncate(self._part, min(len(self._digests) * origin.chunk, origin.size))
        os.ftruncate(self._part, origin.size)

    def _recorded(self) -> list[bytes]:
        found = decode_record(_content(self._record))
        if found is None:
            return []
        ours, theirs = self._origin, found.origin
        if ours != theirs:
            if msgspec.structs.replace(ours, size=theirs.size) == theirs:
                raise self._changed(f"it had {theirs.size} bytes before and has {ours.size} now")
            return []
        sound = self._sound(found.digests)
        for index in range(max(0, sound - STEP), sound):
            if self._ask_digest(index) != found.digests[index]:
                raise self._changed(f"bytes from {index * CHUNK} on differ from what was copied before")
        return list(found.digests[:sound])

    def _sound(self, digests: tuple[bytes, ...]) -> int:
        """Return how many of the recorded chunks are on the disk; only the last step can be in doubt."""
        for index in range(max(0, len(digests) - STEP), len(digests)):
            if self._disk_digest(index) != digests[index]:
                return index
        return len(digests)

    def _fetch(self, index: int) -> bytes:
        """Write one chunk, unless it is all zeros, and return its digest."""
        offset, length = index * CHUNK, self._origin.length(index)
        for _ in range(ATTEMPTS):
            digest = self._ask_digest(index)
            if digest == _digest_of_zeros(length):
                return digest
            content = _patiently(partial(self._read, offset, length))
            if len(content) == length and _digest(content) == digest:
                write_sparse(self._part, content, offset)
                return digest
        raise self._changed(f"bytes from {offset} on came {ATTEMPTS} times other than their digest says")

    def _keep(self, step: list[bytes]) -> None:
        """Make a step durable, then its record."""
        os.fdatasync(self._part)
        # The record must not get ahead of the data: it is written and synced after it.
        _write_all(self._record, b"".join(step))
        os.fdatasync(self._record)
        os.posix_fadvise(self._part, len(self._digests) * CHUNK, len(step) * CHUNK, os.POSIX_FADV_DONTNEED)
        self._digests += step

    def _compare_disk(self, pool: ThreadPoolExecutor) -> None:
        os.fsync(self._part)
        os.posix_fadvise(self._part, 0, 0, os.POSIX_FADV_DONTNEED)
        found = _in_order(pool, self._disk_digest, range(self._origin.chunks))
        for index, (disk, sent) in enumerate(zip(found, self._digests, strict=True)):
            if disk != sent:
                why = f"the disk gives back other bytes from {index * CHUNK} on than were written; see dmesg"
                raise _UnfitError(self._what, why)

    def _compare_source(self) -> None:
        """Look whether the source is still what it was, as far as its size, its beginning and its end tell."""
        if (size := _patiently(self._size)) != self._origin.size:
            raise self._changed(f"it had {self._origin.size} bytes at first and has {size} now")
        for index in {0, self._origin.chunks - 1} if self._digests else ():
            if self._ask_digest(index) != self._digests[index]:
                raise self._changed(f"bytes from {index * CHUNK} on are others now")

    def _ask_digest(self, index: int) -> bytes:
        return _patiently(partial(self._digest, index * CHUNK, self._origin.length(index)))

    def _disk_digest(self, index: int) -> bytes:
        return _digest(os.pread(self._part, self._origin.length(index), index * CHUNK))

    def _done(self) -> int:
        return min(len(self._digests) * CHUNK, self._origin.size)

    def _changed(self, how: str) -> EngineError:
        return _UnfitError(self._what, f"its source changed: {how}; the next attempt begins anew")


@contextmanager
def _workplace(target: Path, what: str) -> Iterator[tuple[int, int]]:
    """Open the part and its record, which only one may have at a time; raises EngineError if another has them."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    record = os.open(_beside(target, "progress"), flags, 0o600)
    try:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(what, f"{target} is being copied already") from None
        part = os.open(_beside(target, "part"), flags, 0o600)
        try:
            yield part, record
        finally:
            os.close(part)
        if target.exists():
            _forget(target)
    finally:
        os.close(record)


def _name(target: Path) -> None:
    """Give the whole copy its name."""
    _beside(target, "part").rename(target)
    sync_folder(target.parent)


def _forget(target: Path) -> None:
    """Remove what a finished copy, or a crash just after it, leaves."""
    for ending in ("part", "progress"):
        _beside(target, ending).unlink(missing_ok=True)


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(f"{target.name}.{ending}")


def _patiently(call: Callable[[], Result]) -> Result:
    """Return what the call returns, called again while its source may only be starting; raises EngineError."""
    end, pause = time.monotonic() + PATIENCE, PAUSE
    while True:
        try:
            return call()
        except EngineError as error:
            if error.permanent or time.monotonic() + pause > end:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 2.0)


def _in_order(pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield the results in the order of the items, a few of which are worked on ahead."""
    ahead: deque[Future[Result]] = deque()
    for item in items:
        ahead.append(pool.submit(function, item))
        if len(ahead) > 2 * REQUESTS:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


def _steps(digests: Iterator[bytes]) -> Iterator[list[bytes]]:
    step: list[bytes] = []
    for digest in digests:
        step.append(digest)
        if len(step) == STEP:
            yield step
            step = []
    if step:
        yield step


def _digest(content: bytes) -> bytes:
    return sha256(content).digest()


@cache
def _digest_of_zeros(length: int) -> bytes:
    return _digest(bytes(length))


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _content(file: int) -> bytes:
    size = os.fstat(file).st_size
    return os.pread(file, size, 0)
