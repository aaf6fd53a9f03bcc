"""What an engine's folder remembers: the numbers that must not be used twice, on the disk before they are used."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from infra.volumes.durable import write_file
from infra.volumes.errors import EngineError
from infra.volumes.words import Taken

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
    """The layer that was written when this was last kept; the process knows better."""
    coming: str = ""
    """The layer that was prepared since, and may be the head by now."""
    coming_bytes: int = 0
    """Size of its file when it was made: it grows when it is written, thus only once it is the head."""
    stopping: bool = False
    """Whether its process is meant to end, or did."""
    clean: bool | None = None
    """How it ended, if that was wanted."""


class ServerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where a frozen layer is shown to others."""

    port: int = 0


class ControllerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A volume's controller as it was last started here."""

    generation: int = 0
    epoch: int = 0
    replicas: tuple[str, ...] = ()
    """Those that are, or were, behind it."""
    failed: tuple[str, ...] = ()
    """Those of them that did not do what it asked."""
    begun: bool = True
    """Whether it ever ran here."""
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


def write(path: Path, record: msgspec.Struct) -> None:
    """Put the record in place of the file; it is on the disk when this returns."""
    write_file(path, msgspec.json.encode(record))


class FrozenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A freeze that somebody began, and a snapshot that is being taken."""

    generation: int = 0
    layer: str = ""
    joining: str = ""
    """The replica that is added, if one is: before the end it holds nothing that may be read."""
    since: float = 0.0
    """Seconds of the monotonic clock."""


class TakenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The last snapshot, and how it went."""

    layer: str = ""
    taken: Taken = Taken(replicas=())


def note(path: Path, record: msgspec.Struct) -> None:
    """Put the record in place of the file; it outlives this process, but perhaps not the machine."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(msgspec.json.encode(record))
    fresh.rename(path)


@contextmanager
def held(folder: Path, seconds: float = HOLD_SECONDS) -> Iterator[None]:
    """Let nobody else change what is in a folder while the context lasts. Raises EngineError if that takes too long."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _hold(lock, folder, seconds)
        yield
    finally:
        os.close(lock)


def _hold(lock: int, folder: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() > end:
                raise EngineError(f"The folder {folder} is in use", f"for more than {seconds} s") from None
        time.sleep(0.002)
