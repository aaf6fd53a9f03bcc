"""Files that have their names only when all of them is there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.oci.errors import writing


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that gets its name at the end of the block; what is no file, such as /dev/null, is written as it is.

    Raises OSError, which names the file.
    """
    if path.exists() and not path.is_file():
        with writing(path), path.open("wb") as file:
            yield file
        return
    # A link is followed, not replaced.
    path = Path(os.path.realpath(path))
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}")
    try:
        with writing(path):
            with beside.open("wb") as file:
                yield file
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file as a whole, or not at all. Raises OSError, which names the file."""
    with whole_file(path) as file:
        file.write(data)
