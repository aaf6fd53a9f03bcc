"""`deedlog mirror`: repositories that are kept the same in two places."""

from typing import Any

from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import checked, kind_of

KIND = "mirror"


def sync(name: str, /, *, way: Way = PLAIN) -> int:
    """Let a mirror run now; with --wait, until all is copied.

    Parameters
    ----------
    name
        Name of the mirror.
    """
    from schemas.types.mirrors import SyncMirror

    return _give(name, SyncMirror(), way)


def pause(name: str, /, *, way: Way = PLAIN) -> int:
    """Let a mirror rest, in the middle of a run too; what is being copied is not noted any more.

    Parameters
    ----------
    name
        Name of the mirror.
    """
    from schemas.types.mirrors import PauseMirror

    return _give(name, PauseMirror(), way)


def resume(name: str, /, *, way: Way = PLAIN) -> int:
    """Let a mirror go on where it was.

    Parameters
    ----------
    name
        Name of the mirror.
    """
    from schemas.types.mirrors import ResumeMirror

    return _give(name, ResumeMirror(), way)


def _give(name: str, command: Any, way: Way) -> int:
    return carry_out(kind_of(KIND), checked(name), command, way)
