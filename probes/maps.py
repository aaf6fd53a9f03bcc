"""BPF maps and links by descriptor, through libbcc's system-call wrappers, so that pinned ones need no compiler."""

import ctypes
import os
from pathlib import Path
from typing import Any


class BpfError(Exception):
    """A bpf(2) call failed."""


def _lib() -> Any:
    from bcc.libbcc import lib  # Debian's package; loading it is slow and not needed to read records

    return lib


def pin(fd: int, path: Path) -> None:
    """Give a map, program or link a name in a BPF file system; raises BpfError."""
    if _lib().bpf_obj_pin(fd, os.fsencode(path)) < 0:
        raise BpfError(f"cannot pin an eBPF object at {path}: {os.strerror(ctypes.get_errno())}")


def open_pinned(path: Path) -> int:
    """Return a new descriptor of a pinned object; raises BpfError."""
    fd = int(_lib().bpf_obj_get(os.fsencode(path)))
    if fd < 0:
        raise BpfError(f"cannot open the pinned eBPF object {path}: {os.strerror(ctypes.get_errno())}")
    return fd


def update(fd: int, key: bytes, value: bytes) -> None:
    """Set an element of a map; raises BpfError."""
    if _lib().bpf_update_elem(fd, _buffer(key), _buffer(value), 0) < 0:
        raise BpfError(f"cannot update an eBPF map: {os.strerror(ctypes.get_errno())}")


def lookup(fd: int, key: bytes, size: int) -> bytes | None:
    """Return the value of an element, `size` bytes; None if it is absent."""
    value = ctypes.create_string_buffer(size)
    found = _lib().bpf_lookup_elem(fd, _buffer(key), ctypes.cast(value, ctypes.c_void_p)) == 0
    return value.raw if found else None


def keys(fd: int, size: int) -> list[bytes]:
    """Return all keys of a map, each of `size` bytes."""
    found: list[bytes] = []
    key = ctypes.create_string_buffer(size)
    if _lib().bpf_get_first_key(fd, ctypes.cast(key, ctypes.c_void_p), size) < 0:
        return found
    while True:
        found.append(key.raw)
        following = ctypes.create_string_buffer(size)
        if _lib().bpf_get_next_key(fd, key, following) < 0:
            return found
        key = following


def _buffer(data: bytes) -> ctypes.c_void_p:
    return ctypes.cast(ctypes.create_string_buffer(data, len(data)), ctypes.c_void_p)
