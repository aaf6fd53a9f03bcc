"""Digests of large files, kept between commands: a file that did not change is not read again to be hashed.

A digest is only ever a guess about a file: registries verify what they are sent, and pulls verify what they read.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from infra.oci.digests import check_digest
from infra.oci.errors import OciError

WORTH_BYTES: Final = 8 << 20
"""Files that are smaller are hashed faster than it is worth to remember."""
MOST: Final = 4096
"""Files that are remembered; beyond that all are forgotten."""


class KnownDigests:
    """What is known of files by their place on disk, size and times of change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, status: os.stat_result) -> str:
        """Return the digest of a file that has not changed since; empty: it is not known."""
        if status.st_size < WORTH_BYTES:
            return ""
        with suppress(OSError, ValueError, OciError):
            state, digest = self._path(status).read_text().split()
            return check_digest(digest) if state == _state(status) else ""
        return ""

    def keep(self, status: os.stat_result, digest: str) -> None:
        """Remember the digest of a file as it was when it was hashed; what cannot be written is not remembered."""
        if status.st_size < WORTH_BYTES:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._forget_if_many()
            path = self._path(status)
            beside = path.with_name(f".{path.name}.{os.getpid()}")
            beside.write_text(f"{_state(status)} {digest}")
            beside.replace(path)

    def _path(self, status: os.stat_result) -> Path:
        return self._folder / f"{status.st_dev:x}-{status.st_ino:x}"

    def _forget_if_many(self) -> None:
        known = list(self._folder.iterdir())
        for path in known if len(known) > MOST else ():
            path.unlink(missing_ok=True)


def _state(status: os.stat_result) -> str:
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def usual_folder() -> Path:
    """Return where digests are kept, by the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    return Path(base) / "deedlog" / "digests"
