"""Does what is pending, and reports what came of it.

It begins with what the whole history says is to be done, and only then listens. What it does may be done twice (after
a crash it is), so all that it calls must be idempotent.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol

from producers.identifiers import new_id
from producers.publisher import Publisher
from schemas.types.lifecycles import EffectFailed, EffectProgressed
from streams.lifecycles.entity import Entity
from streams.lifecycles.follower import Follower
from streams.lifecycles.lifecycle import Event, Lifecycle
from streams.lifecycles.schedule import Job, Schedule

THREADS: Final = 16
TURN_SECONDS: Final = 0.05
PROGRESS_SECONDS: Final = 5.0

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


class EffectError(Exception):
    """An attempt that failed; the message is for a person."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class Performer(Protocol):
    """Who acts in the world."""

    def perform(self, job: Job, progress: Progress) -> Event:
        """Do it, and return what to report. Raises EffectError; whatever else it raises counts as one, too."""

    def changed(self, lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> None:
        """Take note of an entity's new state."""

    def compare(self) -> list[tuple[Lifecycle[Any], str, Event]]:
        """Compare what should be with what is; return what is to be told of which entity."""


class Effector:
    """Runs the effects of a schedule in threads."""

    def __init__(self, follower: Follower, schedule: Schedule, performer: Performer, publisher: Publisher) -> None:
        self._follower = follower
        self._schedule = schedule
        self._performer = performer
        self._publisher = publisher
        self._ended: SimpleQueue[Job] = SimpleQueue()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="effect")

    def run(self, stop: threading.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop` is set; raises what the log and the registry raise."""
        while not self._follower.caught_up and not stop.is_set():
            self._follow(TURN_SECONDS)
        ready()
        while not stop.is_set():
            self._follow(TURN_SECONDS)
            self._note_ended()
            for lifecycle, name, event in self._performer.compare():
                self.report(lifecycle, name, event)
            self._begin()
            self._publisher.poll()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def report(
        self,
        lifecycle: Lifecycle[Any],
        name: str,
        event: Event,
        *,
        cause: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Tell an entity what was observed."""
        self._publisher.publish(
            lifecycle.inbox,
            event,
            key=name,
            subject=f"{lifecycle.kind}/{name}",
            id=new_id(),
            causation_id=cause,
            correlation_id=correlation_id,
        )

    def _follow(self, seconds: float) -> None:
        for change in self._follower.changes(seconds):
            self._schedule.update(change.lifecycle, change.recorded.name, change.entity)
            self._performer.changed(change.lifecycle, change.recorded.name, change.entity)

    def _begin(self) -> None:
        for job in self._schedule.begin(time.time_ns()):
            self._pool.submit(self._work, job)

    def _work(self, job: Job) -> None:
        outcome: Event
        try:
            outcome = self._performer.perform(job, self._progress_of(job))
        except EffectError as error:
            outcome = EffectFailed(effect=job.effect.id, error=str(error), permanent=error.permanent)
        except Exception as error:
            log.exception("%s %s: %s", job.lifecycle.kind, job.name, job.effect.id)
            outcome = EffectFailed(effect=job.effect.id, error=f"{type(error).__name__}: {error}")
        try:
            self._tell(job, outcome)
        except Exception:
            # It is tried again, and told then.
            log.exception("%s %s: the outcome of %s is not told", job.lifecycle.kind, job.name, job.effect.id)
        self._ended.put(job)

    def _tell(self, job: Job, event: Event) -> None:
        self.report(job.lifecycle, job.name, event, cause=job.cause, correlation_id=job.correlation_id)

    def _note_ended(self) -> None:
        with suppress(Empty):
            while True:
                self._schedule.end(self._ended.get_nowait(), time.time_ns())

    def _progress_of(self, job: Job) -> Progress:
        told = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal told
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told = time.monotonic()
                self._tell(job, EffectProgressed(effect=job.effect.id, done=done, total=total))

        return progress
