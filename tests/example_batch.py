"""One batch made by hand: three events of two processes, one of them in a container, with awkward strings."""

import struct

from schemas.types.syscalls import Container, SyscallBatch

NONE = 0xFFFFFFFF
FIRST_TIME = 1_795_426_200_000_000_001
STRINGS = (
    b"",
    b"cat",
    b"/usr/bin/cat",
    b"cat\0/etc/shadow\0",
    b"/etc/shadow",
    b"/root",
    b"sh",
    b"/tmp/\xff\xfe",
    b"root",
)
WEB = Container(id="a" * 64, runtime="podman", name="web", image="debian:12", privileged=False)


def pack(kind: str, *numbers: int) -> bytes:
    """Return a column of little-endian numbers."""
    return struct.pack(f"<{len(numbers)}{kind}", *numbers)


def batch(node: str) -> SyscallBatch:
    """Return the batch for a node of this name."""
    return SyscallBatch(
        node=node,
        session="5e55",
        sequence=7,
        first_time=FIRST_TIME,
        last_time=FIRST_TIME + 2,
        dropped=0,
        ignored=12,
        count=3,
        types=("openat", "execve"),
        strings=STRINGS,
        event_number=pack("Q", 15, 16, 17),
        event_time=pack("Q", FIRST_TIME, FIRST_TIME + 1, FIRST_TIME + 2),
        event_type=pack("H", 0, 1, 0),
        event_process=pack("I", 0, 1, 1),
        event_thread=pack("I", 100, 201, 202),
        event_result=pack("q", 3, 0, -13),
        event_fd=pack("i", 3, -1, -1),
        event_flags=pack("Q", 0o2000000, 0, 0),
        event_path=pack("I", 4, 0, 7),
        event_directory=pack("I", 0, 0, 5),
        process_count=2,
        process_pid=pack("I", 100, 200),
        process_ppid=pack("I", 1, 0),
        process_uid=pack("I", 0, NONE),
        process_name=pack("I", 1, 6),
        process_exepath=pack("I", 2, 0),
        process_args=pack("I", 3, 0),
        process_cwd=pack("I", 5, 0),
        process_user=pack("I", 8, 0),
        process_container=pack("I", NONE, 0),
        process_known=pack("B", 1, 0),
        containers=(WEB,),
    )
