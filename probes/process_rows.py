"""The table of processes that a batch carries: the images of its events and their ancestors, each once."""

from typing import Any, Final, Protocol

import numpy as np

from probes.processes import Image
from probes.strings import Dictionary
from schemas.types.syscalls import Container

NONE: Final = 0xFFFFFFFF
MAX_ANCESTORS: Final = 16


class Descent(Protocol):
    """Whatever knows the parents of processes."""

    def parent(self, image: Image) -> Image | None:
        """Return the parent's image, if it is still known."""


class ProcessRows:
    """Rows for the images of a batch's events; `row_of_image`: uint32 of shape (images,)."""

    def __init__(self, table: Descent, images: list[Image]) -> None:
        self.images: list[Image] = []
        self._rows: dict[tuple[int, int, int | None, int, bytes], int] = {}
        self._descent: set[int] = set()
        self._table = table
        self._parents: list[int] = []
        self.row_of_image = np.array([self._add(image, MAX_ANCESTORS) for image in images], dtype="<u4")

    def _add(self, image: Image, ancestors: int) -> int:
        key = (image.pid, image.start, image.exec, image.uid, image.cwd)
        row = self._rows.get(key)
        if row is not None:
            return row
        row = self._rows[key] = len(self.images)
        self.images.append(image)
        self._parents.append(NONE)
        parent = self._table.parent(image) if ancestors and image.ppid else None
        # a pid that is used again must not make a process its own ancestor
        if parent is not None and parent.pid not in self._descent | {image.pid}:
            self._descent.add(image.pid)
            self._parents[row] = self._add(parent, ancestors - 1)
            self._descent.discard(image.pid)
        return row

    def columns(self, dictionary: Dictionary, boot_offset_ns: int) -> dict[str, Any]:
        """Return the `process_*` columns and `containers` of a batch."""
        images = self.images
        containers: dict[Container, int] = {}
        for image in images:
            if image.container:
                containers.setdefault(image.container, len(containers))

        def column(dtype: str, values: list[int]) -> bytes:
            return np.array(values, dtype=dtype).tobytes()

        def codes(texts: list[bytes]) -> bytes:
            return column("<u4", [dictionary.code(text) for text in texts])

        return {
            "process_count": len(images),
            "process_pid": column("<u4", [i.pid for i in images]),
            "process_vpid": column("<u4", [i.vpid for i in images]),
            "process_ppid": column("<u4", [i.ppid for i in images]),
            "process_parent": column("<u4", self._parents),
            "process_sid": column("<u4", [i.sid for i in images]),
            "process_start": column("<u8", [i.start + boot_offset_ns if i.start else 0 for i in images]),
            "process_uid": column("<u4", [i.uid for i in images]),
            "process_gid": column("<u4", [i.gid for i in images]),
            "process_loginuid": column("<u4", [i.loginuid for i in images]),
            "process_tty": column("<u4", [i.tty for i in images]),
            "process_cap_permitted": column("<u8", [i.cap_permitted for i in images]),
            "process_cap_effective": column("<u8", [i.cap_effective for i in images]),
            "process_cap_inheritable": column("<u8", [i.cap_inheritable for i in images]),
            "process_name": codes([i.name for i in images]),
            "process_exepath": codes([i.exepath for i in images]),
            "process_args": codes([i.args for i in images]),
            "process_cwd": codes([i.cwd for i in images]),
            "process_user": codes([i.user for i in images]),
            "process_group": codes([i.group for i in images]),
            "process_login": codes([i.login for i in images]),
            "process_cgroup": codes([i.cgroup for i in images]),
            "process_container": column("<u4", [containers[i.container] if i.container else NONE for i in images]),
            "process_env": codes([i.env for i in images]),
            "process_pgid": column("<u4", [i.pgid for i in images]),
            "process_vpgid": column("<u4", [i.vpgid for i in images]),
            "process_exe_ino": column("<u8", [i.exe_ino for i in images]),
            "process_exe_ctime": column("<u8", [i.exe_ctime for i in images]),
            "process_exe_mtime": column("<u8", [i.exe_mtime for i in images]),
            "process_pidns_start": column(
                "<u8", [i.pidns_start + boot_offset_ns if i.pidns_start else 0 for i in images]
            ),
            "process_exe_flags": column("u1", [i.exe_flags for i in images]),
            "process_known": column("u1", [i.known for i in images]),
            "containers": tuple(containers),
        }
