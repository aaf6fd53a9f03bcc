"""Batches made by hand, row by row, for tests of what reads them."""

from typing import Any

import msgspec
import numpy as np

from schemas.types.syscalls import Container, SyscallBatch

NONE = 0xFFFFFFFF
TIME = 1_800_000_000_000_000_000
SECOND = 1_000_000_000


class Proc(msgspec.Struct, frozen=True, kw_only=True):
    pid: int = 100
    vpid: int = 0
    ppid: int = 0
    sid: int = 0
    start: int = 0
    uid: int = NONE
    gid: int = NONE
    loginuid: int = NONE
    tty: int = NONE
    cap_permitted: int = 0
    cap_effective: int = 0
    cap_inheritable: int = 0
    name: bytes = b""
    exepath: bytes = b""
    args: bytes = b""
    cwd: bytes = b""
    user: bytes = b""
    group: bytes = b""
    login: bytes = b""
    cgroup: bytes = b""
    env: bytes = b""
    pgid: int = 0
    vpgid: int = 0
    exe_ino: int = 0
    exe_ctime: int = 0
    exe_mtime: int = 0
    pidns_start: int = 0
    exe_flags: int = 0
    known: int = 1
    container: Container | None = None
    parent: "Proc | None" = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    type: str = "openat"
    process: Proc = Proc(name=b"cat")
    number: int = 1
    time: int = TIME
    thread: int = 100
    result: int = 3
    fd: int = 3
    flags: int = 0
    mode: int = 0
    path: bytes = b""
    directory: bytes = b""
    path2: bytes = b""
    directory2: bytes = b""
    argument: int = 0
    target: int = 0
    file: bytes = b""
    file_kind: int = 0
    family: int = 0
    protocol: int = 0
    local_address: bytes = b""
    local_port: int = 0
    remote_address: bytes = b""
    remote_port: int = 0
    count: int = 1
    socket_flags: int = 0
    data: bytes = b""


EVENT_TYPES = (
    {"number": "<u8", "time": "<u8", "thread": "<u4", "result": "<i8", "fd": "<i4", "flags": "<u8", "mode": "<u4"}
    | {"argument": "<i8", "target": "<u4", "file_kind": "u1", "family": "<u2", "protocol": "<u2"}
    | {"local_port": "<u2", "remote_port": "<u2", "count": "<u4", "socket_flags": "u1"}
)
EVENT_STRINGS = ("path", "directory", "path2", "directory2", "file", "local_address", "remote_address", "data")
PROCESS_IDS = ("pid", "vpid", "ppid", "sid", "uid", "gid", "loginuid", "tty", "pgid", "vpgid")
PROCESS_WORDS = (
    "start",
    "pidns_start",
    "cap_permitted",
    "cap_effective",
    "cap_inheritable",
    "exe_ino",
    "exe_ctime",
    "exe_mtime",
)
PROCESS_TYPES = dict.fromkeys(PROCESS_IDS, "<u4") | dict.fromkeys(PROCESS_WORDS, "<u8")
PROCESS_STRINGS = ("name", "exepath", "args", "env", "cwd", "user", "group", "login", "cgroup")


def batch_of(*calls: Call, node: str = "node", session: str = "s", **changes: Any) -> SyscallBatch:
    """Return the batch of some calls, with every column known; `changes` replaces fields of it."""
    strings: dict[bytes, int] = {b"": 0}
    types: dict[str, int] = {}
    processes: dict[Proc, int] = {}
    containers: dict[Container, int] = {}
    for call in calls:
        _add(call.process, processes, containers)

    def codes(texts: list[bytes]) -> bytes:
        return _column("<u4", [strings.setdefault(text, len(strings)) for text in texts])

    rows = list(processes)
    columns: dict[str, Any] = {
        "event_type": _column("<u2", [types.setdefault(call.type, len(types)) for call in calls]),
        "event_process": _column("<u4", [processes[call.process] for call in calls]),
        "process_parent": _column("<u4", [processes[row.parent] if row.parent else NONE for row in rows]),
        "process_container": _column("<u4", [containers[row.container] if row.container else NONE for row in rows]),
        "process_known": _column("u1", [row.known for row in rows]),
        "process_exe_flags": _column("u1", [row.exe_flags for row in rows]),
    }
    for name, dtype in EVENT_TYPES.items():
        columns[f"event_{name}"] = _column(dtype, [getattr(call, name) for call in calls])
    for name in EVENT_STRINGS:
        columns[f"event_{name}"] = codes([getattr(call, name) for call in calls])
    for name, dtype in PROCESS_TYPES.items():
        columns[f"process_{name}"] = _column(dtype, [getattr(row, name) for row in rows])
    for name in PROCESS_STRINGS:
        columns[f"process_{name}"] = codes([getattr(row, name) for row in rows])
    times = [call.time for call in calls] or [0]
    whole: dict[str, Any] = {
        "node": node,
        "session": session,
        "sequence": 0,
        "first_time": min(times),
        "last_time": max(times),
        "dropped": 0,
        "ignored": 0,
        "count": len(calls),
        "types": tuple(types),
        "strings": tuple(strings),
        "process_count": len(rows),
        "containers": tuple(containers),
    }
    return SyscallBatch(**(whole | columns | changes))


def _add(process: Proc, rows: dict[Proc, int], containers: dict[Container, int]) -> None:
    while True:
        rows.setdefault(process, len(rows))
        if process.container:
            containers.setdefault(process.container, len(containers))
        if process.parent is None:
            return
        process = process.parent


def _column(dtype: str, values: list[int]) -> bytes:
    return np.array(values, dtype=dtype).tobytes()
