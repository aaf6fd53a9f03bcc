"""What clients did with artifacts, kept on disk until it is on the log: an append-only file, in pieces.

A line is a checksum and a record as JSON. Who appends holds a lock, and a line is on disk when `append` returns; what
a client that was killed left of a line is ended by the next one, and passed over by who reads. The place of a line,
counted from the first that there ever was, is its number: it grows, whatever is removed, so a record that is sent
twice is known.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import msgspec

PIECE_BYTES: Final = 1 << 20
MOST_BYTES: Final = 64 << 20
"""Of records that are not sent; more are counted and not kept."""
SUFFIX: Final = ".acts"
BATCH: Final = 1000

_ENCODER: Final = msgspec.json.Encoder()


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One half of an act."""

    half: str
    """began, ended or failed."""
    digest: str
    verb: str
    fields: dict[str, Any]
    """Those of the event."""


class Line(msgspec.Struct, frozen=True):
    """A record, and where it ends."""

    record: Record
    number: int
    end: int


class Spool:
    """The spool of a home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, *records: Record) -> None:
        """Write records; when this returns they are on disk, or counted as dropped. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            pieces = self._pieces()
            base, name = pieces[-1] if pieces else (self._sent(), "")
            if pieces and self._end(pieces) - max(self._sent(), pieces[0][0]) > MOST_BYTES:
                self._drop(len(records))
                return
            size = (self.folder / name).stat().st_size if name else 0
            if not name or size >= PIECE_BYTES:
                base, name = base + size, ""
            self._write(self.folder / (name or f"{base:020}{SUFFIX}"), records, new=not name)

    def read(self, most: int = BATCH) -> tuple[list[Line], int]:
        """Return the next records that were not sent, and up to where these are; damaged lines are passed over."""
        start = end = self._sent()
        lines: list[Line] = []
        for base, name in self._pieces():
            for line_start, line_end, text in self._lines(base, name, start):
                if len(lines) >= most:
                    return lines, end
                end = line_end
                if (record := parse_line(text)) is not None:
                    lines.append(Line(record, line_start + 1, line_end))
        return lines, end

    def mark(self, end: int) -> None:
        """Take note that all up to there is on the log, and remove what is not needed any more. Raises OSError."""
        with self._locked():
            replace_file(self.folder / "sent", str(end).encode())
            pieces = self._pieces()
            for base, name in pieces:
                path = self.folder / name
                if base + path.stat().st_size <= end:
                    path.unlink()

    def waits(self) -> bool:
        """Say whether there is something to send: a whole line, whatever it says."""
        pieces, sent = self._pieces(), self._sent()
        there = bool(pieces) and self._end(pieces) > sent
        return there and any(True for base, name in pieces for _ in self._lines(base, name, sent))

    def waiting(self) -> int:
        """Return how many records are not sent."""
        sent = self._sent()
        return sum(
            parse_line(text) is not None
            for base, name in self._pieces()
            for _, _, text in self._lines(base, name, sent)
        )

    def dropped(self) -> int:
        """Return how many records were not kept because too many were waiting."""
        try:
            return (self.folder / "dropped").stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def id(self) -> str:
        """Return the name of this spool, which no other has; it is made with the first record."""
        try:
            return (self.folder / "id").read_text().strip()
        except FileNotFoundError:
            return ""

    @contextmanager
    def sender(self) -> Iterator[bool]:
        """Be the only one who sends; yields whether one is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with _opened(self.folder / "sender.lock", os.O_RDWR | os.O_CREAT) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def _write(self, path: Path, records: tuple[Record, ...], *, new: bool) -> None:
        text = b"".join(map(line_of, records))
        # First, and whenever it is missing: who is killed or out of disk here must not leave records of no spool.
        self._name()
        with _opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                text = b"\n" + text
            _write_all(file, text)
            os.fdatasync(file)
        if new:
            sync_folder(self.folder)

    def _name(self) -> None:
        if not self.id:
            from producers.identifiers import new_id

            replace_file(self.folder / "id", new_id().encode())

    def _drop(self, count: int) -> None:
        with _opened(self.folder / "dropped", os.O_WRONLY | os.O_CREAT | os.O_APPEND) as file:
            os.write(file, b"." * count)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _opened(self.folder / "lock", os.O_RDWR | os.O_CREAT) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _pieces(self) -> list[tuple[int, str]]:
        try:
            names = os.listdir(self.folder)  # noqa: PTH208 - the names are all that is asked for
        except FileNotFoundError:
            return []
        return sorted((int(name[: -len(SUFFIX)]), name) for name in names if name.endswith(SUFFIX))

    def _end(self, pieces: list[tuple[int, str]]) -> int:
        base, name = pieces[-1]
        try:
            return base + (self.folder / name).stat().st_size
        except FileNotFoundError:
            return base

    def _sent(self) -> int:
        try:
            return int((self.folder / "sent").read_bytes())
        except (FileNotFoundError, ValueError):
            return 0

    def _lines(self, base: int, name: str, start: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield the whole lines of a piece from a place on, with where each begins and ends."""
        try:
            data = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return
        at = max(start - base, 0)
        while (found := data.find(b"\n", at)) >= 0:
            yield base + at, base + found + 1, data[at:found]
            at = found + 1


def line_of(record: Record) -> bytes:
    """Return the line of a record."""
    text = _ENCODER.encode(record)
    return b"%08x %s\n" % (crc32(text), text)


def parse_line(line: bytes) -> Record | None:
    """Return the record of a line; None if it is damaged."""
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % crc32(text):
        return None
    try:
        return msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def replace_file(path: Path, data: bytes) -> None:
    """Let a file hold something else, all of it or nothing. Raises OSError."""
    other = path.with_name(f"{path.name}.new")
    with _opened(other, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
        _write_all(file, data)
        os.fdatasync(file)
    other.replace(path)


def sync_folder(folder: Path) -> None:
    """Let the names of new files be on disk. Raises OSError."""
    with _opened(folder, os.O_RDONLY | os.O_DIRECTORY) as file:
        os.fsync(file)
