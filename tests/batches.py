"""Reads a batch back, row by row, for tests."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from schemas.types.syscalls import Container, SyscallBatch

NONE = 0xFFFFFFFF


class Process(NamedTuple):
    pid: int
    vpid: int
    ppid: int
    sid: int
    start: int
    uid: int
    gid: int
    loginuid: int
    tty: int
    cap_permitted: int
    cap_effective: int
    name: bytes
    exepath: bytes
    args: bytes
    cwd: bytes
    user: bytes
    cgroup: bytes
    container: Container | None
    known: bool
    env: bytes
    pgid: int
    vpgid: int
    exe_ino: int
    exe_ctime: int
    exe_mtime: int
    exe_flags: int
    pidns_start: int
    group: bytes
    login: bytes
    ancestors: tuple[bytes, ...]


class Event(NamedTuple):
    id: str
    type: str
    time: int
    thread: int
    result: int
    fd: int
    flags: int
    mode: int
    path: bytes
    directory: bytes
    path2: bytes
    directory2: bytes
    argument: int
    target: int
    file: bytes
    kind: int
    family: int
    protocol: int
    local: tuple[bytes, int]
    remote: tuple[bytes, int]
    count: int
    socket_flags: int
    data: bytes
    process: Process


def events_of(batch: SyscallBatch) -> Iterator[Event]:
    """Yield the events of a batch in their order."""

    def column(name: str, dtype: str) -> Any:
        data = getattr(batch, name)
        return np.frombuffer(data, dtype=dtype) if data else np.zeros(batch.count, dtype=dtype)

    processes = list(_processes(batch))
    types, strings = batch.types, batch.strings
    for row in range(batch.count):
        yield Event(
            id=f"{batch.session}:{column('event_number', '<u8')[row]:x}",
            type=types[column("event_type", "<u2")[row]],
            time=int(column("event_time", "<u8")[row]),
            thread=int(column("event_thread", "<u4")[row]),
            result=int(column("event_result", "<i8")[row]),
            fd=int(column("event_fd", "<i4")[row]),
            flags=int(column("event_flags", "<u8")[row]),
            mode=int(column("event_mode", "<u4")[row]),
            path=strings[column("event_path", "<u4")[row]],
            directory=strings[column("event_directory", "<u4")[row]],
            path2=strings[column("event_path2", "<u4")[row]],
            directory2=strings[column("event_directory2", "<u4")[row]],
            argument=int(column("event_argument", "<i8")[row]),
            target=int(column("event_target", "<u4")[row]),
            file=strings[column("event_file", "<u4")[row]],
            kind=int(column("event_file_kind", "u1")[row]),
            family=int(column("event_family", "<u2")[row]),
            protocol=int(column("event_protocol", "<u2")[row]),
            local=(strings[column("event_local_address", "<u4")[row]], int(column("event_local_port", "<u2")[row])),
            remote=(strings[column("event_remote_address", "<u4")[row]], int(column("event_remote_port", "<u2")[row])),
            count=int(column("event_count", "<u4")[row]) or 1,
            socket_flags=int(column("event_socket_flags", "u1")[row]),
            data=strings[column("event_data", "<u4")[row]],
            process=processes[column("event_process", "<u4")[row]],
        )


def _processes(batch: SyscallBatch) -> Iterator[Process]:
    parents = np.frombuffer(batch.process_parent, dtype="<u4")
    names = np.frombuffer(batch.process_name, dtype="<u4")

    def ancestors(row: int) -> Iterator[bytes]:
        while (row := int(parents[row])) != NONE:
            yield batch.strings[names[row]]

    def number(name: str, row: int, dtype: str = "<u4") -> int:
        return int(np.frombuffer(getattr(batch, f"process_{name}"), dtype=dtype)[row])

    def text(name: str, row: int) -> bytes:
        return batch.strings[number(name, row)]

    for row in range(batch.process_count):
        container = number("container", row)
        yield Process(
            *(number(name, row) for name in ("pid", "vpid", "ppid", "sid")),
            number("start", row, "<u8"),
            *(number(name, row) for name in ("uid", "gid", "loginuid", "tty")),
            number("cap_permitted", row, "<u8"),
            number("cap_effective", row, "<u8"),
            *(text(name, row) for name in ("name", "exepath", "args", "cwd", "user", "cgroup")),
            None if container == NONE else batch.containers[container],
            bool(number("known", row, "u1")),
            text("env", row),
            *(number(name, row) for name in ("pgid", "vpgid")),
            *(number(name, row, "<u8") for name in ("exe_ino", "exe_ctime", "exe_mtime")),
            number("exe_flags", row, "u1"),
            number("pidns_start", row, "<u8"),
            *(text(name, row) for name in ("group", "login")),
            tuple(ancestors(row)),
        )
