"""Keeps the logs of the processes bounded."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO, Final

LARGEST: Final = 16 << 20


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; what was too large goes to `<name>.log.1` first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    trim(path)
    return path.open("ab", buffering=0)


def trim(path: Path, largest: int = LARGEST) -> bool:
    """Move a log of more than `largest` bytes to `<name>.1`, whose former contents go; say if it was.

    The file itself stays, for whoever has it open: it is emptied. A line written in between may be lost.
    """
    if not path.exists() or path.stat().st_size <= largest:
        return False
    shutil.copyfile(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)
    return True


def tail(path: Path, lines: int = 10) -> str:
    """Return the last lines of a log; empty if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - (lines << 10)))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
