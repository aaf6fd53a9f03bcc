"""The system calls that the probes see, made for real."""

import ctypes
import mmap
import os
import struct
import subprocess
import threading
from pathlib import Path

import pytest

from probes.events import CALLS
from tests.integration.probes.conftest import Watch

pytestmark = pytest.mark.probe
NUMBERS = {call.name: call.number for call in CALLS}
libc = ctypes.CDLL(None, use_errno=True)


def test_an_open_tells_path_flags_mode_and_descriptor(watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "made"
    fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o640)
    os.close(fd)
    (event,) = watch.events(lambda e: e.path == os.fsencode(path))
    assert (event.type, event.result, event.fd, event.mode) == ("openat", fd, fd, 0o640)
    assert event.flags & os.O_ACCMODE == os.O_RDWR
    assert event.flags & (os.O_CREAT | os.O_EXCL) == os.O_CREAT | os.O_EXCL


def test_an_open_that_fails_tells_why(watch: Watch, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(FileNotFoundError):
        missing.read_bytes()
    (event,) = watch.events(lambda e: e.path == os.fsencode(missing))
    assert (event.result, event.fd) == (-2, -1)


@pytest.mark.parametrize("call", ["open", "creat", "openat2"])
def test_the_other_ways_to_open(watch: Watch, tmp_path: Path, call: str) -> None:
    path = os.fsencode(tmp_path / call)
    how = struct.pack("<QQQ", os.O_CREAT | os.O_WRONLY, 0o600, 0)
    arguments = {
        "open": (path, os.O_CREAT | os.O_WRONLY, 0o600),
        "creat": (path, 0o600),
        "openat2": (-100, path, how, len(how)),
    }[call]
    fd = libc.syscall(NUMBERS[call], *arguments)
    assert fd >= 0
    os.close(fd)
    (event,) = watch.events(lambda e: e.path == path)
    assert (event.type, event.result, event.mode) == (call, fd, 0o600)
    assert event.flags & os.O_ACCMODE == os.O_WRONLY
    assert event.flags & os.O_CREAT


def test_a_call_by_the_32_bit_table_is_no_way_round(watch: Watch) -> None:
    # mov eax, 5 (open of the 32-bit table); mov ebx, path; xor ecx, ecx; int 0x80; ret - with the path low enough
    # for 32 bits. rbx is the caller's to keep.
    text = b"/etc/hostname\0"
    low = mmap_low(4096)
    ctypes.memmove(low, text, len(text))
    code = b"\x53\xb8\x05\0\0\0\xbb" + struct.pack("<I", low) + b"\x31\xc9\x31\xd2\xcd\x80\x5b\xc3"
    ctypes.memmove(low + 64, code, len(code))
    fd = ctypes.CFUNCTYPE(ctypes.c_int)(low + 64)()
    if fd == -38:
        pytest.skip("this kernel has no 32-bit system calls")
    assert fd >= 0
    os.close(fd)
    events = watch.events(lambda e: e.path == b"/etc/hostname" and e.process.pid == os.getpid())
    assert [(e.type, e.result) for e in events] == [("open", fd)]


def mmap_low(size: int) -> int:
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    map_32bit, everything = 0x40, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    return int(libc.mmap(None, size, everything, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | map_32bit, -1, 0))


@pytest.mark.parametrize("length", [167, 168, 255, 256, 1000, 4095])
def test_a_path_of_any_length_arrives_whole(watch: Watch, length: int) -> None:
    path = b"/nowhere" + b"/x" * ((length - 8) // 2) + b"y" * (length % 2)
    assert len(path) == length
    with pytest.raises(OSError, match="No such file"):
        os.open(path, os.O_RDONLY)
    (event,) = watch.events(lambda e: e.path.startswith(b"/nowhere"))
    assert event.path == path


def test_a_path_that_is_not_utf_8_arrives_as_it_is(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe\x01\n name"
    os.close(os.open(path, os.O_CREAT))
    (event,) = watch.events(lambda e: e.path == path)
    assert event.result >= 0


@pytest.mark.parametrize("depth", [1, 20, 46])
def test_a_relative_path_tells_its_directory(watch: Watch, tmp_path: Path, depth: int) -> None:
    deep = tmp_path.joinpath(*["d" * 50] * (depth - len(tmp_path.parts) if depth > 20 else 1))
    deep.mkdir(parents=True, exist_ok=True)
    (deep / "secret").write_text("x")
    folder = os.open(deep, os.O_RDONLY)
    os.close(os.open("secret", os.O_RDONLY, dir_fd=folder))
    os.close(folder)
    (event,) = watch.events(lambda e: e.path == b"secret")
    assert event.directory == os.fsencode(deep)


def test_a_directory_deeper_than_the_walk_says_that_its_root_is_missing(watch: Watch, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*[f"n{i}" for i in range(80)])
    deep.mkdir(parents=True)
    (deep / "secret").write_text("x")
    folder = os.open(deep, os.O_RDONLY)
    os.close(os.open("secret", os.O_RDONLY, dir_fd=folder))
    os.close(folder)
    (event,) = watch.events(lambda e: e.path == b"secret")
    assert event.directory.startswith(b".../n")
    assert os.fsencode(deep).endswith(event.directory[3:])


def test_change_of_namespace_is_told(watch: Watch) -> None:
    subprocess.run(["unshare", "--uts", "nsenter", "--uts=/proc/self/ns/uts", "true"], check=True)
    (unshare,) = watch.events(lambda e: e.type == "unshare" and e.process.name == b"unshare")
    clone_newuts = 0x04000000  # include/uapi/linux/sched.h
    assert (unshare.flags, unshare.result) == (clone_newuts, 0)


def test_setns_is_told(watch: Watch) -> None:
    subprocess.run(["nsenter", "--uts=/proc/self/ns/uts", "true"], check=True)
    (setns,) = watch.events(lambda e: e.type == "setns" and e.process.name == b"nsenter")
    assert setns.result == 0
    assert setns.fd >= 3


def test_threads_are_told_apart(watch: Watch) -> None:
    thread = threading.Thread(target=Path("/etc/hostname").read_bytes)
    thread.start()
    thread.join()
    (event,) = watch.events(lambda e: e.path == b"/etc/hostname" and e.process.pid == os.getpid())
    assert event.thread == thread.native_id != os.getpid()
