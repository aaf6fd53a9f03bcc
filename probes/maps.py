"""BPF maps, programs and links by descriptor: bpf(2) itself, so that pinned ones need neither BCC nor a compiler.

Source: bpf(2), and union bpf_attr in include/uapi/linux/bpf.h.
"""

import ctypes
import errno
import os
import platform
from pathlib import Path
from typing import Final

SYSTEM_CALL: Final = {"x86_64": 321, "aarch64": 280}.get(platform.machine(), -1)
MAP_LOOKUP_ELEM: Final = 1
MAP_UPDATE_ELEM: Final = 2
MAP_DELETE_ELEM: Final = 3
MAP_GET_NEXT_KEY: Final = 4
OBJ_PIN: Final = 6
OBJ_GET: Final = 7
PROG_TEST_RUN: Final = 10
RUN_ON_CPU: Final = 1

_libc = ctypes.CDLL(None, use_errno=True)


class BpfError(Exception):
    """A bpf(2) call failed."""


class _Element(ctypes.Structure):
    _fields_ = (
        ("map_fd", ctypes.c_uint32),
        ("key", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
        ("flags", ctypes.c_uint64),
    )


class _Object(ctypes.Structure):
    _fields_ = (
        ("pathname", ctypes.c_uint64),
        ("bpf_fd", ctypes.c_uint32),
        ("file_flags", ctypes.c_uint32),
    )


class _Run(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("prog_fd", "retval", "data_size_in", "data_size_out")),
        *((name, ctypes.c_uint64) for name in ("data_in", "data_out")),
        *((name, ctypes.c_uint32) for name in ("repeat", "duration", "ctx_size_in", "ctx_size_out")),
        *((name, ctypes.c_uint64) for name in ("ctx_in", "ctx_out")),
        *((name, ctypes.c_uint32) for name in ("flags", "cpu", "batch_size")),
    )


def pin(fd: int, path: Path) -> None:
    """Give a map, program or link a name in a BPF file system; raises BpfError."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    if _bpf(OBJ_PIN, _Object(ctypes.addressof(name), fd, 0)) < 0:
        raise BpfError(f"cannot pin an eBPF object at {path}: {_reason()}")


def open_pinned(path: Path) -> int:
    """Return a new descriptor of a pinned object; raises BpfError."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    fd = _bpf(OBJ_GET, _Object(ctypes.addressof(name), 0, 0))
    if fd < 0:
        raise BpfError(f"cannot open the pinned eBPF object {path}: {_reason()}")
    return fd


def update(fd: int, key: bytes, value: bytes) -> None:
    """Set an element of a map; raises BpfError."""
    k, v = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(value, len(value))
    if _bpf(MAP_UPDATE_ELEM, _Element(fd, ctypes.addressof(k), ctypes.addressof(v), 0)) < 0:
        raise BpfError(f"cannot update an eBPF map: {_reason()}")


def lookup(fd: int, key: bytes, size: int) -> bytes | None:
    """Return the value of an element, `size` bytes; None if it is absent."""
    k, value = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(size)
    found = _bpf(MAP_LOOKUP_ELEM, _Element(fd, ctypes.addressof(k), ctypes.addressof(value), 0)) == 0
    return value.raw if found else None


def delete(fd: int, key: bytes) -> None:
    """Take an element out of a map; nothing happens if it is not there. Raises BpfError."""
    k = ctypes.create_string_buffer(key, len(key))
    if _bpf(MAP_DELETE_ELEM, _Element(fd, ctypes.addressof(k), 0, 0)) < 0 and ctypes.get_errno() != errno.ENOENT:
        raise BpfError(f"cannot delete from an eBPF map: {_reason()}")


def keys(fd: int, size: int) -> list[bytes]:
    """Return all keys of a map, `size` bytes each."""
    found: list[bytes] = []
    following = ctypes.create_string_buffer(size)
    before = 0
    while _bpf(MAP_GET_NEXT_KEY, _Element(fd, before, ctypes.addressof(following), 0)) == 0:
        found.append(following.raw)
        current = ctypes.create_string_buffer(following.raw, size)
        before = ctypes.addressof(current)
    return found


def run(fd: int, cpu: int, argument: int) -> int | None:
    """Run a program made for raw tracepoints on a CPU and return what it returns; None if the CPU is offline.

    Raises BpfError.
    """
    given = ctypes.c_uint64(argument)
    how = _Run(prog_fd=fd, ctx_size_in=8, ctx_in=ctypes.addressof(given), flags=RUN_ON_CPU, cpu=cpu)
    if _bpf(PROG_TEST_RUN, how) == 0:
        return int(how.retval)
    if ctypes.get_errno() == errno.ENXIO:
        return None
    raise BpfError(f"cannot run an eBPF program on CPU {cpu}: {_reason()}")


def _bpf(command: int, attributes: ctypes.Structure) -> int:
    return int(_libc.syscall(SYSTEM_CALL, command, ctypes.byref(attributes), ctypes.sizeof(attributes)))


def _reason() -> str:
    return os.strerror(ctypes.get_errno())
