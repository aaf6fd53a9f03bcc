"""Holds a volume's requests back for a moment, and lets them go on.

A throttle node stands over the volume. In the group `frozen` a request passes only when the group's bucket is empty,
and it runs out by a byte a second: a bucket that was filled once is not empty for a year. To put the node into another
group, the daemon waits for the requests under way. Whatever makes it wait lets through, too, those that are held back:
nothing of the kind may be done after the first replica has taken a snapshot. Source: QEMU's docs/throttle.txt,
block/throttle.c, util/throttle.c.
"""

import subprocess
from pathlib import Path
from typing import Final, Literal

from infra.volumes.daemon import daemon_object
from infra.volumes.errors import EngineError
from infra.volumes.exports import cut, export, export_id, unix_uri
from infra.volumes.graph import graph
from infra.volumes.monitor import Monitor

VOLUME: Final = "vol"
QUORUM: Final = "quorum"
FILLING: Final = "fill"
FILL: Final = "32M"
"""The longest request there is. Source: the NBD protocol, QEMU's NBD_MAX_BUFFER_SIZE."""
FILL_SECONDS: Final = 5.0
REOPEN_SECONDS: Final = 3.0
"""While it waits for requests under way, others wait too: one that takes longer ends the snapshot."""
GROUPS: Final = (
    *daemon_object("throttle-group", "open"),
    *daemon_object("throttle-group", "frozen", limits={"bps-total": 1}),
)
Group = Literal["open", "frozen"]


def hold_back(monitor: Monitor) -> None:
    """Put the throttle over the quorum, open."""
    monitor.execute("blockdev-add", _volume("open"))


def freeze(monitor: Monitor) -> None:
    """Wait for the requests under way, and hold back those that come. Raises EngineError."""
    monitor.execute("blockdev-reopen", {"options": [_volume("frozen")]}, REOPEN_SECONDS)


def thaw(monitor: Monitor) -> None:
    """Let requests go on. Raises EngineError."""
    monitor.execute("blockdev-reopen", {"options": [_volume("open")]}, REOPEN_SECONDS)


def fill(monitor: Monitor, folder: Path, socket: str) -> None:
    """Fill the bucket of the frozen group, by one long write through it to the server at `socket`."""
    if FILLING not in graph(monitor).names:
        monitor.execute("blockdev-add", _filling())
    export(monitor, FILLING, FILLING, writable=True)
    _write(folder, unix_uri(FILLING, socket))
    cut(monitor, {export_id(FILLING)})
    monitor.execute("blockdev-del", {"node-name": FILLING})


def _write(folder: Path, url: str) -> None:
    command = ("qemu-io", "-f", "raw", "-c", f"write 0 {FILL}", url)
    try:
        subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FILL_SECONDS, check=True)
    except subprocess.TimeoutExpired:
        # It is held back: the bucket is full already.
        return
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", "") or str(error)
        raise EngineError("The volume's throttle cannot be filled", why.strip()) from None


def _volume(group: Group) -> dict[str, object]:
    return {"driver": "throttle", "node-name": VOLUME, "throttle-group": group, "file": QUORUM}


def _filling() -> dict[str, object]:
    nothing = {"driver": "null-co", "size": 32 << 20}
    return {"driver": "throttle", "node-name": FILLING, "throttle-group": "frozen", "file": nothing}
