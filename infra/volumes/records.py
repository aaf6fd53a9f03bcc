"""What an engine's folder remembers: the numbers that must not be used twice, on the disk before they are used."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from infra.volumes import images
from infra.volumes.errors import EngineError

HOLD_SECONDS: Final = 30.0
Record = TypeVar("Record", bound=msgspec.Struct)


class ReplicaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A replica as it was last started."""

    incarnation: int = 0
    generation: int = 0
    size: int = 0
    listen: Literal["unix", "tcp"] = "unix"
    port: int = 0
    head: str = ""
    """The layer that was written when it had no export last; while it has one, the process knows better."""
    stopping: bool = False
    """Whether its process is meant to end, or did."""
    clean: bool | None = None
    """How it ended, if that was wanted."""


class ControllerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A volume's controller as it was last started here."""

    generation: int = 0
    epoch: int = 0
    stopping: bool = False
    clean: bool | None = None


def read(path: Path, kind: type[Record]) -> Record:
    """Return the record in a file, an empty one if there is no file. Raises EngineError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return kind()
    except (OSError, msgspec.DecodeError) as error:
        raise EngineError(f"The record {path} cannot be read", str(error), permanent=True) from None


def write(path: Path, record: msgspec.Struct, *, durable: bool = True) -> None:
    """Replace the record in a file; if `durable`, it is on the disk when this returns."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(msgspec.json.encode(record))
    if durable:
        images.sync(fresh)
    fresh.rename(path)
    if durable:
        images.sync(path.parent)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Let nobody else change what is in a folder while the context lasts. Raises EngineError after 30 s."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _hold(lock, folder)
        yield
    finally:
        os.close(lock)


def _hold(lock: int, folder: Path) -> None:
    end = time.monotonic() + HOLD_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() > end:
                raise EngineError(f"The folder {folder} is in use", f"for {HOLD_SECONDS} s") from None
        time.sleep(0.002)
