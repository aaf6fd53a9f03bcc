"""The records of `bpf/records.h` as numpy dtypes; a test holds the two layouts against each other."""

from typing import Final

import numpy as np

PATH_BYTES: Final = 4096
NAME_BYTES: Final = 256
WALK_BYTES: Final = PATH_BYTES + NAME_BYTES
ARGS_BYTES: Final = 4096
ENV_BYTES: Final = 4096
SHORT_ARGS: Final = 1024
SHORT_ENV: Final = 2048
UNIX_PATH: Final = 112
SHORT_WALK: Final = 256
SMALL_PATH: Final = 160
MEDIUM_PATH: Final = 256
MEDIUM_DIR: Final = 256

HEADER: Final = np.dtype(
    [
        ("time", "<u8"),
        ("start", "<u8"),
        ("pid", "<u4"),
        ("tid", "<u4"),
        ("exec", "<u4"),
        ("uid", "<u4"),
        ("type", "<u2"),
        ("path_len", "<u2"),
        ("dir_len", "<u2"),
        ("notes", "<u2"),
        ("result", "<i8"),
        ("flags", "<u8"),
        ("extra", "<u8"),
        ("fd", "<i4"),
        ("mode", "<u4"),
        ("comm", "S16"),
    ]
)
COUNT: Final = [("count", "<u4"), ("unused", "<u4")]
"""A record with a count may stand for several identical calls; its time is that of the last."""
SMALL: Final = np.dtype([("h", HEADER), *COUNT, ("path", f"V{SMALL_PATH}")])
MEDIUM: Final = np.dtype([("h", HEADER), *COUNT, ("path", f"V{MEDIUM_PATH}"), ("dir", f"V{MEDIUM_DIR}")])
LARGE: Final = np.dtype([("h", HEADER), ("path", f"V{PATH_BYTES}"), ("dir", f"V{WALK_BYTES}")])
ADDRESS: Final = np.dtype(
    {
        "names": ["family", "protocol", "local_port", "remote_port", "local", "remote", "unix_path"],
        "formats": ["<u2", "<u2", "<u2", "<u2", "V16", "V16", f"V{UNIX_PATH}"],
        "offsets": [0, 2, 4, 6, 8, 24, 40],
        "itemsize": SMALL_PATH,
    }
)
"""What stands in the place of a small record's path if its note says that the call was on a socket."""


def _pair(path: int, directory: int) -> np.dtype[np.void]:
    lengths = [("count", "<u4"), ("path2_len", "<u2"), ("dir2_len", "<u2")]
    texts = [("path", f"V{path}"), ("dir", f"V{directory}"), ("path2", f"V{path}"), ("dir2", f"V{directory}")]
    return np.dtype([("h", HEADER), *lengths, *texts])


PAIR: Final = _pair(MEDIUM_PATH, MEDIUM_DIR)
LONG_PAIR: Final = _pair(PATH_BYTES, WALK_BYTES)
IDENTITY: Final = np.dtype(
    [
        ("ppid", "<u4"),
        ("vpid", "<u4"),
        ("sid", "<u4"),
        ("tty", "<u4"),
        ("gid", "<u4"),
        ("loginuid", "<u4"),
        *((name, "<u4") for name in ("pgid", "vpgid", "exe_mode", "exe_uid", "exe_gid", "exe_layer")),
        *((name, "<u8") for name in ("exe_ino", "exe_ctime", "exe_mtime", "pidns_start")),
        ("cap_permitted", "<u8"),
        ("cap_effective", "<u8"),
        ("cap_inheritable", "<u8"),
        ("args_len", "<u2"),
        ("env_len", "<u2"),
        ("exe_len", "<u2"),
        ("cwd_len", "<u2"),
        ("cgroup_len", "<u2"),
        ("exe_read_only", "<u2"),
        ("unused", "<u2", 2),
    ]
)


def _exec(args: int, env: int, walk: int) -> np.dtype[np.void]:
    texts = [("args", f"V{args}"), ("env", f"V{env}"), ("exe", f"V{walk}"), ("cwd", f"V{walk}"), ("cgroup", f"V{walk}")]
    return np.dtype([("h", HEADER), ("i", IDENTITY), *texts])


EXEC: Final = _exec(SHORT_ARGS, SHORT_ENV, SHORT_WALK)
LONG_EXEC: Final = _exec(ARGS_BYTES, ENV_BYTES, WALK_BYTES)

LAYER_UNKNOWN: Final = 0
LAYER_NONE: Final = 1
LAYER_UPPER: Final = 2
LAYER_LOWER: Final = 3

NOTE_TRUNCATED: Final = 1
NOTE_DIRECTORY: Final = 2
NOTE_DIRECTORY2: Final = 4
NOTE_SOCKET: Final = 8
NOTE_FILE: Final = 16
NOTE_NAMELESS: Final = 32
NOTE_KIND_SHIFT: Final = 8
NOTE_NAME_SHIFT: Final = 12
"""Above: whether the next two are known, the socket's name changed, the socket has a peer."""
TRUNCATED_ROOT: Final = b"..."


def joined(leaf_first: bytes, notes: int = 0) -> bytes:
    r"""Return the path whose names the kernel handed over leaf first.

    ``shadow\0etc\0`` is ``/etc/shadow`` and nothing is ``/``. A path that was too deep to walk to its root
    begins with ``...``; what has no name gives nothing.
    """
    if notes & NOTE_NAMELESS:
        return b""
    names = leaf_first.split(b"\0")[:-1]
    return (TRUNCATED_ROOT if notes & NOTE_TRUNCATED else b"") + b"/" + b"/".join(reversed(names))
