"""Alerts as JSON lines in a file: whole lines only, whoever is killed when, and however the file is rotated."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from schemas.types.alerts import Alert

MODE: Final = 0o640
"""Alerts tell what happens on a machine: not for everybody."""
BLOCK: Final = 1 << 16


class JsonLines:
    """A file to which alerts are appended, one JSON object a line.

    Several processes may append to one file. If it is moved away or removed, the next alert begins a new one.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file, and take away what a killed writer left of a line. Raises OSError."""
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open()

    def __str__(self) -> str:
        return f"file {self._path}"

    def write(self, alerts: Sequence[Alert]) -> None:
        """Append alerts; when it returns, the operating system has them. Raises OSError, and then none is there."""
        if not self._is_current():
            os.close(self._file)
            self._file = self._open()
        lines = b"".join(_line(alert) for alert in alerts)
        with _locked(self._file):
            before = os.fstat(self._file).st_size
            try:
                _write_all(self._file, lines)
            except OSError:
                os.ftruncate(self._file, before)
                raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _open(self) -> int:
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
        with _locked(file):
            _repair(file)
        return file

    def _is_current(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        ours = os.fstat(self._file)
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _line(alert: Alert) -> bytes:
    return msgspec.json.encode(alert) + b"\n"


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


@contextmanager
def _locked(file: int) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _repair(file: int) -> None:
    """End the last line if it lacks only that; take it away if it is the beginning of an object."""
    end = os.fstat(file).st_size
    start = _start_of_last_line(file, end)
    last = os.pread(file, end - start, start)
    if not last:
        return
    if last.startswith(b"{") and not _is_json(last):
        os.ftruncate(file, start)
    else:
        # Not our torn line: this file had something else in it, which is left as it is.
        _write_all(file, b"\n")


def _start_of_last_line(file: int, end: int) -> int:
    at = end
    while at > 0:
        block = os.pread(file, min(BLOCK, at), max(at - BLOCK, 0))
        at -= len(block)
        if (newline := block.rfind(b"\n")) >= 0:
            return at + newline + 1
    return 0


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
