"""Short texts by name in a folder, kept between commands. What is lost or cannot be written is just not remembered."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

MOST: Final = 4096
"""Texts in a folder; beyond that all are forgotten."""


class Remembered:
    """What is remembered in one folder; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def words(self, name: str) -> list[str]:
        """Return the words of a text; none if it is not remembered."""
        with suppress(OSError, ValueError):
            return (self._folder / name).read_text().split()
        return []

    def keep(self, name: str, text: str) -> None:
        """Remember a text in the place of another of that name."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._forget_if_many()
            beside = self._folder / f".{name}.{os.getpid()}"
            beside.write_text(text)
            beside.replace(self._folder / name)

    def _forget_if_many(self) -> None:
        known = list(self._folder.iterdir())
        for path in known if len(known) > MOST else ():
            path.unlink(missing_ok=True)


def usual_folder() -> Path:
    """Return where caches of this program are, by the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    if not base.startswith("/"):
        # An account without a name and a home: nothing is to be remembered where it happens to be.
        base = os.devnull
    return Path(base) / "deedlog"
