"""Folds kept in files, so that a worker need not begin with the first event.

They save time and nothing else: one that is damaged, of another release's state, or of another log is left aside, and
all of them can be deleted.
"""

import hashlib
import logging
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.cloudevents import Envelope
from schemas.codec import Codec
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.log import History, Place
from streams.lifecycles.shard import Fold, Shard
from streams.lifecycles.wire import read_event

EVERY: Final = 50_000
"""Events after which a new snapshot is made."""
FORM: Final = 1
DIGEST_BYTES: Final = 32

log = logging.getLogger(__name__)


class Difference(msgspec.Struct, frozen=True):
    """What verifying a snapshot found."""

    kind: str
    partition: int
    entities: int
    different: tuple[str, ...]
    """Names of entities that are not what their events tell."""
    problem: str = ""
    """Why there was nothing to compare."""


class Snapshots:
    """The snapshots in a folder."""

    def __init__(self, folder: Path, every: int = EVERY) -> None:
        self._folder = folder
        self._every = every
        self._saved: dict[Path, int] = {}

    def consider(self, partition: int, shard: Shard[Any]) -> None:
        """Save a shard if enough happened since it was saved last."""
        if shard.fold.next_offset - self._saved.setdefault(self._path(shard.lifecycle, partition), 0) >= self._every:
            self.save(partition, shard)

    def save(self, partition: int, shard: Shard[Any]) -> None:
        """Save a shard; a failure is logged."""
        path = self._path(shard.lifecycle, partition)
        if not shard.fold.last_id or self._saved.get(path) == shard.fold.next_offset:
            return
        body = msgspec.msgpack.encode((FORM, shard.lifecycle.state_version, shard.fold))
        try:
            _write(path, hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() + body)
        except OSError as error:
            log.warning("no snapshot %s: %s", path, error)
        self._saved[path] = shard.fold.next_offset

    def load(self, lifecycle: Lifecycle[Any], events: Place, source: History) -> Fold[Any] | None:
        """Return the fold saved for a partition of events, None if there is none that can be used."""
        path = self._path(lifecycle, events.partition)
        try:
            fold = _read(lifecycle, path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("snapshot %s is left aside: %s", path, error)
            return None
        if not _is_of(fold, events, source):
            log.warning("snapshot %s is left aside: it is of another log", path)
            return None
        self._saved[path] = fold.next_offset
        return fold

    def verify(self, lifecycle: Lifecycle[Any], events: Place, source: History, codec: Codec) -> Difference:
        """Compare the fold saved for a partition with the one of its events from the first on."""
        kept = self.load(lifecycle, events, source)
        if kept is None:
            return Difference(lifecycle.kind, events.partition, 0, (), "no snapshot that can be used")
        told = Shard(lifecycle)
        for record in source.history(events, 0):
            if record.offset >= kept.next_offset:
                break
            told.apply(read_event(record, codec), record.offset)
        names = kept.entities.keys() | told.fold.entities.keys()
        different = [name for name in names if kept.entities.get(name) != told.fold.entities.get(name)]
        return Difference(lifecycle.kind, events.partition, len(names), tuple(sorted(different)))

    def _path(self, lifecycle: Lifecycle[Any], partition: int) -> Path:
        return self._folder / f"{lifecycle.kind}-{partition}.snapshot"


def _read(lifecycle: Lifecycle[Any], path: Path) -> Fold[Any]:
    data = path.read_bytes()
    digest, body = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
    if hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest() != digest:
        raise ValueError("it is damaged")
    form, version, fold = msgspec.msgpack.decode(body, type=tuple[int, int, msgspec.Raw])
    if (form, version) != (FORM, lifecycle.state_version):
        raise ValueError("it is of another release")
    decoded: Fold[Any] = msgspec.msgpack.decode(fold, type=Fold[lifecycle.state_type])  # type: ignore[name-defined]
    return decoded


def _is_of(fold: Fold[Any], events: Place, source: History) -> bool:
    """Say whether the last event of a fold is where it was."""
    for record in source.history(events, fold.next_offset - 1):
        said = Envelope.from_headers(record.headers)
        return said is not None and said.id == fold.last_id
    return False


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
