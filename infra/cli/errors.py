"""What goes wrong in front of a person: what happened, why, and the command to try next."""

from typing import Final

FAILED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
NOT_ALLOWED: Final = 4
TIMED_OUT: Final = 5
CONFLICT: Final = 6
INTERRUPTED: Final = 130


class CliError(Exception):
    """An error meant to be read by people: it is shown as three short lines, without a traceback."""

    def __init__(self, what: str, why: str = "", fix: str = "", exit_code: int = FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.exit_code = exit_code

    def __str__(self) -> str:
        named = (("Error", self.what), ("Why", self.why), ("Try", self.fix))
        return "\n".join(f"{name}: {text}" for name, text in named if text)
