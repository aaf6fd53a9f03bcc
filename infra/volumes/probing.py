"""Finds out which members of a controller work: a flush of the volume, then a read from each by its own connection.

The daemon tells of a failure at most once a second, so that silence proves nothing.
"""

import subprocess
from pathlib import Path
from typing import Final

from infra.volumes.errors import EngineError
from infra.volumes.exports import cut, export, export_id, unix_uri
from infra.volumes.monitor import Monitor

SECONDS: Final = 30.0


def flush(socket: Path, export_name: str) -> None:
    """Have everything that was written to a volume carried out by its members. Raises EngineError."""
    if not _io(socket, export_name, "flush"):
        raise EngineError(f"The volume behind {socket} cannot be flushed", "no member did it")


def answers(monitor: Monitor, socket: Path, node: str) -> bool:
    """Say whether a member can be read. Raises EngineError."""
    name = f"probe-{node}"
    export(monitor, name, node, writable=False)
    try:
        return _io(socket, name, "read 0 4k", "-r")
    finally:
        cut(monitor, {export_id(name)})


def _io(socket: Path, export_name: str, command: str, *options: str) -> bool:
    arguments = ("qemu-io", *options, "-f", "raw", "-c", command, unix_uri(export_name, socket))
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"The volume behind {socket} does not answer", str(error)) from None
    # It says so when it fails, and ends with 0 all the same.
    return done.returncode == 0 and "failed" not in done.stdout + done.stderr
