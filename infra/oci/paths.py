"""Where names from elsewhere may be written: in a folder, and nowhere else, whatever links there are.

Every step is opened from the one before and follows no link, so nobody can put one in the way between look and leap.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final

from infra.oci.errors import UnsafePathError

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
MOST_NAME: Final = 255
"""Bytes of one step, which is what file systems take."""
STEP: Final = FOLDER | os.O_NOFOLLOW


def inside(name: str) -> tuple[str, ...]:
    """Return the steps of a relative name. Raises UnsafePathError if it is absolute, leads out, or means nothing."""
    if not name or "\0" in name or name.startswith("/"):
        raise UnsafePathError(f"{name!r} is no name of a file in a folder")
    steps: list[str] = []
    for part in PurePosixPath(name).parts:
        if part == "..":
            if not steps:
                raise UnsafePathError(f"{name!r} leads out of the folder that it belongs in")
            steps.pop()
        elif len(part.encode(errors="surrogateescape")) > MOST_NAME:
            raise UnsafePathError(f"{part[:40]!r}... is a name of more than {MOST_NAME} bytes, which no file can have")
        else:
            steps.append(part)
    if not steps:
        raise UnsafePathError(f"{name!r} means the folder itself")
    return tuple(steps)


@contextmanager
def parent(root: Path, steps: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Open the folder that holds the last step, making folders as needed; yield it and the last step.

    Raises UnsafePathError if a link is in the way.
    """
    handle = os.open(root, FOLDER)
    try:
        for step in steps[:-1]:
            with suppress(FileExistsError):
                os.mkdir(step, dir_fd=handle)
            handle = _down(handle, step, root)
        yield handle, steps[-1]
    finally:
        os.close(handle)


def _down(handle: int, step: str, root: Path) -> int:
    try:
        below = os.open(step, STEP, dir_fd=handle)
    except OSError as error:
        if _is_link(handle, step):
            raise UnsafePathError(f"{step!r} in {root} is a link, which may lead anywhere") from None
        raise UnsafePathError(f"{step!r} in {root} is in the way: {error.strerror}") from None
    os.close(handle)
    return below


def _is_link(handle: int, step: str) -> bool:
    with suppress(OSError):
        return stat.S_ISLNK(os.stat(step, dir_fd=handle, follow_symlinks=False).st_mode)
    return False


def remove_anything_but_folder(handle: int, name: str) -> None:
    """Remove a file or link of this name, not what it points at."""
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(name, dir_fd=handle)
