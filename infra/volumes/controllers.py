"""All that can be done with the controllers of this node; it obeys, and decides nothing.

Every method may be repeated after whoever called it was killed: it then does what is missing, and answers the same.
"""

from contextlib import suppress
from pathlib import Path

import msgspec

from infra.volumes import controlling
from infra.volumes.controlling import RECORD, alive, record
from infra.volumes.errors import EngineError
from infra.volumes.folders import CONTROLLER, controller_daemon, controller_folder, endpoint
from infra.volumes.graph import graph
from infra.volumes.joining import Joining
from infra.volumes.peer import Part
from infra.volumes.records import ControllerRecord, held, write
from infra.volumes.snapshots import Snapshot, end_freeze
from infra.volumes.words import Member, RunningController, Taken


class Controllers:
    """The controllers of this node, one storage daemon for each volume that is attached here."""

    def __init__(self, folder: Path, tls: Path | None = None) -> None:
        """Keep controllers in `<folder>/<volume>/controller/`; `tls` is the folder of this node's certificates.

        Without certificates only replicas of this node can be reached.
        """
        self._root = folder.absolute()
        self._tls = tls.absolute() if tls else None

    def control(self, volume: str, *, generation: int, epoch: int, size: int, members: tuple[Member, ...]) -> Path:
        """Start the volume's controller over its replicas, and return its NBD socket; it reads from the first member.

        One of an older generation that runs here is killed first.
        """
        folder, socket = controller_folder(self._root, volume), endpoint(self._root, volume)
        wanted = controlling.Control(generation=generation, epoch=epoch, size=size, members=members)
        with held(folder):
            controlling.control(folder, self._tls, wanted)
        return socket

    def release(self, volume: str, generation: int) -> bool:
        """End a controller, for ever; return whether all that was written to it is with its replicas.

        One that never was never will be. Older ones are killed.
        """
        folder = controller_folder(self._root, volume)
        with held(folder):
            kept = record(folder)
            if kept.generation > generation:
                return False
            if kept.generation < generation:
                controlling.end_older(folder, kept, generation)
                controller_daemon(folder, generation).kill()
                write(folder / RECORD, ControllerRecord(generation=generation, stopping=True, clean=True))
                return True
            if kept.clean is None:
                kept = self._ended(folder, kept)
                write(folder / RECORD, kept)
            return bool(kept.clean)

    def drop(self, volume: str, generation: int, replica: str) -> None:
        """Go on without a replica; the last one cannot be dropped."""
        folder = controller_folder(self._root, volume)
        with held(folder), alive(folder, generation).monitor() as monitor:
            controlling.drop(monitor, replica)

    def members(self, volume: str, generation: int) -> tuple[str, ...]:
        """Return the replicas behind a controller."""
        folder = controller_folder(self._root, volume)
        with alive(folder, generation).monitor() as monitor:
            return controlling.member_names(graph(monitor), record(folder).replicas)

    def snapshot(self, volume: str, *, generation: int, layer: str, members: tuple[Part, ...]) -> Taken:
        """Freeze what was written so far, of all replicas at one moment: `layer` is their head from then on."""
        return Snapshot(controller_folder(self._root, volume), generation, layer, members).run()

    def join(self, volume: str, *, generation: int, layer: str, members: tuple[Part, ...], joining: Joining) -> Taken:
        """Take a snapshot, and go on with one replica more. If that one is `missing` then it is left out again."""
        return Snapshot(controller_folder(self._root, volume), generation, layer, members, joining).run()

    def running(self) -> tuple[RunningController, ...]:
        """Return the controllers whose processes live."""
        found = ((path.parent, record(path.parent)) for path in sorted(self._root.glob(f"*/{CONTROLLER}/{RECORD}")))
        return tuple(one for folder, kept in found if (one := _running(folder, kept)))

    def stop_all(self) -> None:
        """End all controllers in good order."""
        for one in self.running():
            self.release(one.volume, one.generation)

    def _ended(self, folder: Path, kept: ControllerRecord) -> ControllerRecord:
        kept = msgspec.structs.replace(kept, stopping=True)
        write(folder / RECORD, kept)
        daemon = controller_daemon(folder, kept.generation)
        if not daemon.is_alive():
            return msgspec.structs.replace(kept, clean=daemon.ended_well())
        # A frozen one would never end: what it holds back cannot be written.
        with suppress(EngineError), daemon.monitor() as monitor:
            end_freeze(monitor, folder)
        clean = daemon.quit()
        endpoint(self._root, folder.parent.name).unlink(missing_ok=True)
        return msgspec.structs.replace(kept, clean=clean)


def _running(folder: Path, kept: ControllerRecord) -> RunningController | None:
    pid = controller_daemon(folder, kept.generation).pid()
    if pid is None:
        return None
    return RunningController(volume=folder.parent.name, generation=kept.generation, epoch=kept.epoch, pid=pid)
