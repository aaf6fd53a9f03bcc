"""Takes a snapshot of all replicas of a volume at one moment.

What has been done is told by the replicas themselves and by two files in the controller's folder: `frozen.json` is
there from before the freeze until after it, `taken.json` says how the last one went and is written before the thaw.
Whoever repeats the call after the first caller was killed thus knows whether the volume is still frozen.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from infra.volumes.controlling import alive, drop, member_names, record
from infra.volumes.errors import EngineError
from infra.volumes.freezing import freeze, thaw
from infra.volumes.graph import graph
from infra.volumes.joining import Joining, add, complete, make_ready
from infra.volumes.monitor import Monitor
from infra.volumes.peer import Part
from infra.volumes.records import FrozenRecord, TakenRecord, held, note, read
from infra.volumes.words import Taken

FROZEN: Final = "frozen.json"
TAKEN: Final = "taken.json"
PREPARE_SECONDS: Final = 20.0
TAKE_SECONDS: Final = 4.0
ABANDONED_SECONDS: Final = 6.0
Answer = TypeVar("Answer")


class Snapshot:
    """One snapshot of a volume, from preparing it until requests go on."""

    def __init__(
        self, folder: Path, generation: int, layer: str, parts: Sequence[Part], joining: Joining | None = None
    ) -> None:
        self._folder = folder
        self._volume = folder.parent.name
        self._generation = generation
        self._layer = layer
        self._parts = tuple(parts)
        self._joining = joining

    def run(self) -> Taken:
        """Do what has not been done yet. Raises EngineError if no replica could take the layer."""
        with held(self._folder), alive(self._folder, self._generation).monitor() as monitor:
            if (done := read(self._folder / TAKEN, TakenRecord)).layer == self._layer:
                end_freeze(monitor, self._folder)
                return done.taken
            with _pool(len(self._parts) + 1) as pool:
                return self._run(monitor, pool)

    def _run(self, monitor: Monitor, pool: ThreadPoolExecutor) -> Taken:
        already, prepared = self._prepare(pool)
        begun = read(self._folder / FROZEN, FrozenRecord)
        is_frozen = bool(already) and (begun.generation, begun.layer) == (self._generation, self._layer)
        if already and not is_frozen:
            # It was frozen once, and is no more: whoever did not take the layer then has missed it.
            return self._late(monitor, already)
        if self._joining:
            make_ready(monitor, self._folder, self._layer, self._joining)
        since = begun.since if is_frozen else self._begin()
        try:
            if not is_frozen:
                freeze(monitor)
            took = self._take(monitor, pool, (*already, *prepared))
            self._keep(self._taken(took, since))
        except BaseException:
            # What cannot be undone now is undone by the watcher, and the volume stays frozen until then.
            if self._joining:
                drop(monitor, self._joining.member.replica)
            end_freeze(monitor, self._folder)
            raise
        end_freeze(monitor, self._folder)
        return self._keep(self._taken(took, since))

    def _prepare(self, pool: ThreadPoolExecutor) -> tuple[list[Part], list[Part]]:
        """Return those whose head the layer is already, and those that have it prepared now."""
        answers = list(_ask(pool, self._parts, self._prepare_one, PREPARE_SECONDS))
        if not answers:
            raise EngineError(f"No replica of {self._volume} can take {self._layer}", "none could prepare it")
        return [part for part, is_head in answers if is_head], [part for part, is_head in answers if not is_head]

    def _prepare_one(self, part: Part) -> bool:
        return part.peer.prepare(self._volume, part.replica, part.incarnation, self._layer)

    def _begin(self) -> float:
        since = time.monotonic()
        joining = self._joining.member.replica if self._joining else ""
        mark = FrozenRecord(generation=self._generation, layer=self._layer, joining=joining, since=since)
        note(self._folder / FROZEN, mark)
        return since

    def _take(self, monitor: Monitor, pool: ThreadPoolExecutor, parts: Sequence[Part]) -> list[str]:
        """Return the replicas that took the layer, in the frozen state. Raises EngineError if none could."""
        if self._joining:
            add(monitor, self._joining)
        took = [part.replica for part, _ in _ask(pool, parts, self._take_one, TAKE_SECONDS)]
        if not took:
            raise EngineError(f"No replica of {self._volume} took {self._layer}", "none answered in time")
        if self._joining and self._complete(pool, self._joining):
            took.append(self._joining.member.replica)
        # Whoever is left behind must not acknowledge writes alone: nobody counts on it any more. This lets requests
        # through: the one that joins must hold what is below them by now.
        self._leave_behind(monitor, took)
        return took

    def _leave_behind(self, monitor: Monitor, took: Sequence[str]) -> None:
        for replica in member_names(graph(monitor), record(self._folder).replicas):
            if replica not in took:
                drop(monitor, replica)

    def _take_one(self, part: Part) -> None:
        part.peer.take(self._volume, part.replica, part.incarnation, self._layer)

    def _complete(self, pool: ThreadPoolExecutor, joining: Joining) -> bool:
        def one(_: Part) -> None:
            complete(self._volume, self._layer, joining)

        return bool(list(_ask(pool, (joining.part,), one, TAKE_SECONDS)))

    def _late(self, monitor: Monitor, already: Sequence[Part]) -> Taken:
        if self._joining:
            drop(monitor, self._joining.member.replica)
            what = f"The replica {self._joining.member.replica} cannot join {self._volume}"
            raise EngineError(what, f"{self._layer} is written already", permanent=True)
        self._leave_behind(monitor, [part.replica for part in already])
        return self._keep(self._taken([part.replica for part in already], time.monotonic()))

    def _taken(self, took: Sequence[str], since: float) -> Taken:
        everyone = [*self._parts, *((self._joining.part,) if self._joining else ())]
        return Taken(
            replicas=tuple(part.replica for part in everyone if part.replica in took),
            missing=tuple(part.replica for part in everyone if part.replica not in took),
            frozen_ms=(time.monotonic() - since) * 1000,
        )

    def _keep(self, taken: Taken) -> Taken:
        note(self._folder / TAKEN, TakenRecord(layer=self._layer, taken=taken))
        return taken


def end_freeze(monitor: Monitor, folder: Path) -> None:
    """Let requests go on, whatever state the volume is in. Raises EngineError."""
    thaw(monitor)
    (folder / FROZEN).unlink(missing_ok=True)


def thaw_abandoned(folder: Path) -> bool:
    """Let requests go on if whoever froze the volume is gone, and return whether that was so. Raises EngineError."""
    begun = read(folder / FROZEN, FrozenRecord)
    if not begun.layer or time.monotonic() - begun.since < ABANDONED_SECONDS:
        return False
    # Held for as long as somebody is at it.
    with held(folder, 0.0), alive(folder, begun.generation).monitor() as monitor:
        if begun.joining and read(folder / TAKEN, TakenRecord).layer != begun.layer:
            # It may be about to hold writes, and not yet what is below them.
            drop(monitor, begun.joining)
        end_freeze(monitor, folder)
    return True


def _ask(
    pool: ThreadPoolExecutor, parts: Sequence[Part], work: Callable[[Part], Answer], seconds: float
) -> Iterator[tuple[Part, Answer]]:
    """Yield the answers of those that answer in time."""
    asked: list[tuple[Part, Future[Answer]]] = [(part, pool.submit(work, part)) for part in parts]
    wait([future for _, future in asked], seconds)
    for part, future in asked:
        if future.done() and not isinstance(future.exception(), EngineError):
            yield part, future.result()


@contextmanager
def _pool(size: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(size, "snapshot")
    try:
        yield pool
    finally:
        # One that does not answer must not hold up the others.
        pool.shutdown(wait=False, cancel_futures=True)
