"""Digests of large files, kept between commands: a file that did not change is not read again to be hashed.

A digest is only ever a guess about a file: registries verify what they are sent, and pulls verify what they read.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from infra.oci.digests import check_digest
from infra.oci.errors import OciError
from infra.oci.remembered import Remembered, usual_folder

WORTH_BYTES: Final = 8 << 20
"""Files that are smaller are hashed faster than it is worth to remember."""


class KnownDigests:
    """What is known of files by their place on disk, size and times of change."""

    def __init__(self, folder: Path | None = None) -> None:
        """Know what is kept in a folder, by default in the usual one."""
        self._remembered = Remembered(folder or usual_folder() / "digests")

    def find(self, status: os.stat_result) -> str:
        """Return the digest of a file that has not changed since; empty: it is not known."""
        if status.st_size < WORTH_BYTES:
            return ""
        with suppress(ValueError, OciError):
            state, digest = self._remembered.words(_name(status))
            return check_digest(digest) if state == _state(status) else ""
        return ""

    def keep(self, status: os.stat_result, digest: str) -> None:
        """Remember the digest of a file as it was when it was hashed."""
        if status.st_size >= WORTH_BYTES:
            self._remembered.keep(_name(status), f"{_state(status)} {digest}")


def _name(status: os.stat_result) -> str:
    return f"{status.st_dev:x}-{status.st_ino:x}"


def _state(status: os.stat_result) -> str:
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"
