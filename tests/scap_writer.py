"""Writes small captures for tests, in the layouts of old and new ones."""

import struct

BYTE_ORDER = 0x1A2B3C4D
START = 1_795_426_200_000_000_000


def i64(value: int) -> bytes:
    return struct.pack("<q", value)


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def text(value: bytes) -> bytes:
    """A text in a list: its size before it."""
    return struct.pack("<H", len(value)) + value


def z(value: bytes) -> bytes:
    """A text in an event: NUL after it."""
    return value + b"\0"


def block(kind: int, body: bytes) -> bytes:
    body += b"\0" * (-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def section(major: int = 1) -> bytes:
    return block(0x0A0D0D0A, struct.pack("<IHHq", BYTE_ORDER, major, 2, -1))


def machine(host: bytes) -> bytes:
    return block(0x201, struct.pack("<IQQ128s4Q", 2, 1 << 30, 0, host, 0, 0, 0, 0))


def event(code: int, tid: int, *parameters: bytes, time: int = START, old: bool = False, flags: bool = False) -> bytes:
    """An event block; old ones do not tell how many parameters there are."""
    sizes = b"".join(struct.pack("<H", len(parameter)) for parameter in parameters)
    rest = sizes + b"".join(parameters)
    head = b"" if old else u32(len(parameters))
    length = 22 + len(head) + len(rest)
    kind = {(True, False): 0x204, (True, True): 0x208, (False, False): 0x216, (False, True): 0x217}[old, flags]
    before = struct.pack("<HI", 0, 7) if flags else struct.pack("<H", 0)
    return block(kind, before + struct.pack("<QQIH", time, tid, length, code) + head + rest)


def process(tid: int, pid: int, ptid: int, name: bytes = b"sh", **more: object) -> bytes:
    """An entry of a process list as Falco 0.44 writes it."""
    given = {"exepath": b"", "args": b"", "cwd": b"/", "uid": 0, "gid": 0, "cgroups": b"", "sid": 1, "tty": 0} | more
    entry = struct.pack("<QQqqq", tid, pid, ptid, given["sid"], 0) + text(name) + text(name)
    entry += text(given["exepath"]) + text(given["args"]) + text(given["cwd"])  # type: ignore[arg-type]
    entry += struct.pack("<qIII", 1024, 0, given["uid"], given["gid"]) + struct.pack("<IIIQQ", 0, 0, 0, 0, 0)
    entry += text(b"") + struct.pack("<qq", tid, pid) + text(given["cgroups"]) + text(b"/")  # type: ignore[arg-type]
    entry += struct.pack("<QII", 0, given["tty"], 1000) + struct.pack("<BQQQ", 0, 1, 2, 3)
    entry += struct.pack("<BQQQBBq", 0, 0, 0, 0, 0, 0, 0)
    return u32(len(entry) + 4) + entry


def processes(*entries: bytes) -> bytes:
    return block(0x215, b"".join(entries))


def descriptor(number: int, kind: int, more: bytes) -> bytes:
    entry = struct.pack("<qQB", number, 0, kind) + more
    return u32(len(entry) + 4) + entry


def descriptors(tid: int, *entries: bytes) -> bytes:
    return block(0x218, struct.pack("<Q", tid) + b"".join(entries))


def users(*names: tuple[int, bytes]) -> bytes:
    body = b""
    for uid, name in names:
        entry = struct.pack("<BII", 0, uid, uid) + text(name) + text(b"/") + text(b"/bin/sh")
        body += u32(len(entry) + 4) + entry
    return block(0x220, body)


def inet(family: int, *ends: tuple[bytes, int]) -> bytes:
    """One address, or both ends of a connection."""
    return bytes([family]) + b"".join(address + struct.pack("<H", port) for address, port in ends)


def openat(tid: int, result: int, path: bytes, *, dirfd: int = -100, flags: int = 1, time: int = START) -> bytes:
    return event(
        307, tid, i64(result), i64(dirfd), z(path), u32(flags), u32(0o644), u32(1), struct.pack("<Q", 2), time=time
    )


def execve(tid: int, name: bytes, *, ppid: int = 1, uid: int = 0, cgroups: bytes = b"", result: int = 0) -> bytes:
    path = z(b"/usr/bin/" + name)
    return event(
        *(293, tid, i64(result), z(name), z(b"-c") + z(b"x y"), i64(tid), i64(tid), i64(ppid), z(b"/srv/"), i64(9)),
        *(i64(0), i64(0), u32(0), u32(0), u32(0), z(name), cgroups, z(b"A=1"), u32(34817), i64(0), u32(1000), u32(0)),
        *(i64(0), i64(7), i64(5), i64(0), i64(0), i64(0), u32(uid), path, i64(0), u32(uid), path),
    )


def clone(tid: int, result: int, *, flags: int = 0, pid: int = 0, ptid: int = 0, vpid: int = 0) -> bytes:
    return event(
        *(223, tid, i64(result), z(b"sh"), b"", i64(tid), i64(pid or tid), i64(ptid), z(b"/"), i64(9), i64(0), i64(0)),
        *(u32(0), u32(0), u32(0), z(b"sh"), b"", u32(flags), u32(0), u32(0), i64(vpid), i64(vpid), i64(0)),
    )
