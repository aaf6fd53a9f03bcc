"""Makes layers: qcow2 files, and the name of the one below in the header of each.

Source: QEMU's docs/interop/qcow2.txt. Clusters of 128 KiB with extended L2 entries cost the least after a snapshot.
"""

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from infra.volumes.durable import sync_folder
from infra.volumes.errors import EngineError

SUFFIX: Final = ".qcow2"
CLUSTER: Final = 128 << 10
OPTIONS: Final = "cluster_size=128k,extended_l2=on"
SECONDS: Final = 20.0
COPY_SECONDS: Final = 3600.0
HEADER: Final = struct.Struct(">4sIQIIQ")
MAGIC: Final = b"QFI\xfb"
LONGEST: Final = 1023


class _Extent(msgspec.Struct, frozen=True):
    """A part of an image as `qemu-img map` tells it."""

    start: int
    length: int
    depth: int
    present: bool


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a layer says of itself."""

    size: int
    """Bytes of the volume."""
    backing: str | None
    """The layer below."""


def file_name(layer: str) -> str:
    """Return the name of a layer's file."""
    return layer + SUFFIX


def layers(folder: Path) -> tuple[str, ...]:
    """Return the names of the layers whose files are in a folder, sorted."""
    return tuple(sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"[!.]*{SUFFIX}")))


def create(folder: Path, layer: str, size: int, backing: str | None) -> None:
    """Make a layer of `size` bytes that holds nothing yet; it is there wholly or not at all. Raises EngineError."""
    fresh = folder / f".{layer}.new"
    below = ("-u", "-b", file_name(backing), "-F", "qcow2") if backing else ()
    _image("create", "-q", "-f", "qcow2", *below, "-o", OPTIONS, fresh.name, str(size), folder=folder)
    sync(fresh)
    fresh.rename(folder / file_name(layer))
    sync_folder(folder)


def backing(folder: Path, layer: str) -> str | None:
    """Return the layer that a layer's header names as the one below. Raises EngineError."""
    return read_header(folder, layer).backing


def chain(folder: Path, name: str) -> tuple[str, ...]:
    """Return a layer and all below it, from the oldest on. Raises EngineError."""
    found: list[str] = []
    below: str | None = name
    while below is not None:
        if below in found:
            raise EngineError(f"The layer {name} stands on itself", f"see the headers in {folder}", permanent=True)
        found.insert(0, below)
        below = backing(folder, below)
    return tuple(found)


def read_header(folder: Path, layer: str) -> Header:
    """Return what the header of a layer says. Raises EngineError."""
    path = folder / file_name(layer)
    try:
        with path.open("rb") as file:
            return parse_header(file.read(4096))
    except (OSError, ValueError) as error:
        raise EngineError(f"The layer {layer} cannot be read", f"{path}: {error}", permanent=True) from error


def parse_header(header: bytes) -> Header:
    """Return what the first 4 KiB of a qcow2 file say. Raises ValueError."""
    if len(header) < HEADER.size:
        raise ValueError("it is too short for a qcow2 image")
    magic, _, offset, length, _, size = HEADER.unpack_from(header)
    if magic != MAGIC:
        raise ValueError("it is no qcow2 image")
    return Header(size=size, backing=_name(header, offset, length) if offset and length else None)


def set_backing(folder: Path, layer: str, below: str | None) -> None:
    """Write into a layer's header what is below it, which must hold the same as what was. Raises EngineError."""
    if backing(folder, layer) == below:
        return
    _image("rebase", "-q", "-u", "-f", "qcow2", *_backing(below), file_name(layer), folder=folder)
    sync(folder / file_name(layer))


def absorb(folder: Path, layer: str, below: str | None) -> None:
    """Copy into a layer whatever it has not from `below` but from layers between, and set it over `below`."""
    _image("rebase", "-q", "-f", "qcow2", *_backing(below), file_name(layer), folder=folder, seconds=COPY_SECONDS)
    sync(folder / file_name(layer))


def clusters(folder: Path, layer: str) -> Iterator[tuple[int, int]]:
    """Yield offset and length of the runs of whole clusters of which a frozen layer holds something, zeros included."""
    told = _image("map", "-U", "-f", "qcow2", "--output=json", file_name(layer), folder=folder, seconds=COPY_SECONDS)
    size = read_header(folder, layer).size
    begin = end = 0
    for extent in msgspec.json.decode(told, type=list[_Extent]):
        if extent.depth or not extent.present:
            continue
        first = extent.start // CLUSTER * CLUSTER
        last = min(size, -(-(extent.start + extent.length) // CLUSTER) * CLUSTER)
        if first > end:
            if end > begin:
                yield begin, end - begin
            begin = first
        elif end == begin:
            begin = first
        end = max(end, last)
    if end > begin:
        yield begin, end - begin


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _backing(below: str | None) -> tuple[str, ...]:
    return ("-F", "qcow2", "-b", file_name(below)) if below else ("-b", "")


def _image(*arguments: str, folder: Path, seconds: float = SECONDS) -> str:
    command = ("qemu-img", *arguments)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"qemu-img {arguments[0]} in {folder} did not end", str(error)) from None
    if done.returncode:
        raise EngineError(f"qemu-img {arguments[0]} in {folder} failed", done.stderr.strip())
    return done.stdout


def _name(header: bytes, offset: int, length: int) -> str:
    name = header[offset : offset + length]
    if length > LONGEST or len(name) < length:
        raise ValueError("the name of its backing file is not in the header")
    return name.decode("utf-8", "replace").removesuffix(SUFFIX)
