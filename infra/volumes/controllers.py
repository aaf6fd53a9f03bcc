"""All that can be done with the controllers of this node; it obeys, and decides nothing.

Every method may be repeated after whoever called it was killed: it then does what is missing, and answers the same.
"""

from contextlib import suppress
from pathlib import Path

import msgspec

from infra.volumes import controlling
from infra.volumes.controlling import RECORD, alive, member_node, record
from infra.volumes.errors import EngineError
from infra.volumes.exports import volume_export
from infra.volumes.folders import CONTROLLER, controller_daemon, controller_folder, endpoint
from infra.volumes.graph import graph
from infra.volumes.joining import Joining
from infra.volumes.monitor import Monitor
from infra.volumes.peer import Part
from infra.volumes.probing import answers, flush
from infra.volumes.records import ControllerRecord, held, write
from infra.volumes.snapshots import Snapshot, end_freeze
from infra.volumes.words import Member, Released, RunningController, Taken


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

    def release(self, volume: str, generation: int) -> Released:
        """End a controller, for ever, and return how it ended; older ones are killed.

        One that never was never will be.
        """
        folder = controller_folder(self._root, volume)
        with held(folder):
            kept = record(folder)
            if kept.generation > generation:
                return Released(clean=False)
            if kept.generation < generation:
                controlling.end_older(folder, kept, generation)
                controller_daemon(folder, generation).kill()
                kept = ControllerRecord(generation=generation, stopping=True, clean=True, begun=False)
            elif kept.clean is None:
                kept = self._ended(folder, kept)
            write(folder / RECORD, kept)
            return _released(kept)

    def ended(self, volume: str, generation: int) -> Released:
        """Return how a controller ended that does not run any more."""
        kept = record(controller_folder(self._root, volume))
        return _released(kept) if kept.generation == generation else Released(clean=False)

    def kill(self, volume: str, generation: int) -> None:
        """End a controller that nobody counts on."""
        folder = controller_folder(self._root, volume)
        with held(folder):
            if (kept := record(folder)).generation == generation:
                write(folder / RECORD, msgspec.structs.replace(kept, stopping=True, clean=kept.clean or False))
            controller_daemon(folder, generation).kill()

    def drop(self, volume: str, generation: int, replica: str) -> None:
        """Go on without a replica; the last one that works cannot be dropped."""
        folder = controller_folder(self._root, volume)
        with held(folder), alive(folder, generation).monitor() as monitor:
            works = self._working(monitor, folder, record(folder))
            if set(works) <= {replica}:
                what = f"The replica {replica} of {volume} cannot be dropped"
                raise EngineError(what, "no other one works", permanent=True)
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
        works: tuple[str, ...] = ()
        # A frozen one would never end: what it holds back cannot be written.
        with suppress(EngineError), daemon.monitor() as monitor:
            end_freeze(monitor, folder)
            works = self._working(monitor, folder, kept)
        clean = daemon.quit()
        endpoint(self._root, folder.parent.name).unlink(missing_ok=True)
        failed = tuple(one for one in kept.replicas if one not in works)
        return msgspec.structs.replace(kept, clean=clean and bool(works), failed=failed)

    def _working(self, monitor: Monitor, folder: Path, kept: ControllerRecord) -> tuple[str, ...]:
        """Return the members that do what is asked of them, a flush at last. Raises EngineError."""
        socket = self._socket(folder)
        flush(socket, volume_export(folder.parent.name, kept.epoch))
        names = controlling.member_names(graph(monitor), kept.replicas)
        failed = record(folder).failed
        return tuple(one for one in names if one not in failed and answers(monitor, socket, member_node(one)))

    def _socket(self, folder: Path) -> Path:
        return endpoint(self._root, folder.parent.name)


def _released(kept: ControllerRecord) -> Released:
    complete = tuple(one for one in kept.replicas if one not in kept.failed)
    return Released(clean=bool(kept.clean), replicas=complete if kept.clean else (), begun=kept.begun)


def _running(folder: Path, kept: ControllerRecord) -> RunningController | None:
    pid = controller_daemon(folder, kept.generation).pid()
    if pid is None:
        return None
    return RunningController(volume=folder.parent.name, generation=kept.generation, epoch=kept.epoch, pid=pid)
