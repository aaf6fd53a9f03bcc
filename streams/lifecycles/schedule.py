"""Which effects may be tried now: pure bookkeeping, so that it can be simulated.

An effect is tried as long as it is pending, one at a time on each lane, not before its time, and not again while what
came of it is on its way to the log.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from streams.lifecycles.entity import Entity, Todo, todo
from streams.lifecycles.lifecycle import Effect, Lifecycle

AGAIN_NS: Final = 15 * 1_000_000_000
"""After an answer that the history does not show: the answer, or the entity's change, may be lost."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at one effect."""

    lifecycle: Lifecycle[Any]
    name: str
    """Of the entity."""
    effect: Effect
    failures: int
    """How often it was tried before."""
    lane: str
    """Jobs of one lane are done one after the other."""
    cause: str
    """Id of the event that made it pending."""
    correlation_id: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what tells the effect among those of all entities."""
        return (self.lifecycle.kind, self.name, self.effect.id)


class Schedule:
    """The effects that are pending for one executor."""

    def __init__(
        self,
        mine: Callable[[Effect], bool],
        lane: Callable[[str, Effect], str],
        limits: Mapping[type, int] | None = None,
    ) -> None:
        """Take which effects are to be done here, the lane of each, and how many of a kind at once."""
        self._mine = mine
        self._lane = lane
        self._limits = limits or {}
        self._jobs: dict[tuple[str, str], list[Job]] = {}
        self._not_before: dict[tuple[str, str, str], int] = {}
        self._answered: dict[tuple[str, str, str], tuple[int, int]] = {}
        self.running: dict[tuple[str, str, str], Job] = {}
        """Jobs that were begun and have not ended."""

    def update(self, lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> None:
        """Take note of an entity's new state."""
        key = (lifecycle.kind, name)
        for old in self._jobs.pop(key, ()):
            self._not_before.pop(old.key, None)
        wanted = [one for one in todo(lifecycle, entity) if self._mine(one.effect)]
        jobs = [self._job(lifecycle, name, entity, one) for one in wanted]
        if jobs:
            self._jobs[key] = jobs
        for job, one in zip(jobs, wanted, strict=True):
            self._not_before[job.key] = one.waiting.not_before_ns
        pending = {job.key for job in jobs}
        for answered in [one for one in self._answered if one[:2] == key and one not in pending]:
            del self._answered[answered]

    def begin(self, now_ns: int) -> Iterator[Job]:
        """Yield the jobs to begin now; they are running from then on."""
        busy = {job.lane for job in self.running.values()}
        for jobs in list(self._jobs.values()):
            for job in jobs:
                if job.lane not in busy and self._may_begin(job, now_ns):
                    busy.add(job.lane)
                    self.running[job.key] = job
                    yield job

    def end(self, job: Job, now_ns: int) -> None:
        """Take note that a job ended and its outcome was sent."""
        self.running.pop(job.key, None)
        self._answered[job.key] = (job.failures, now_ns)

    def _may_begin(self, job: Job, now_ns: int) -> bool:
        if job.key in self.running or now_ns < self._not_before[job.key]:
            return False
        if limit := self._limits.get(type(job.effect.action)):
            alike = [one for one in self.running.values() if type(one.effect.action) is type(job.effect.action)]
            if len(alike) >= limit:
                return False
        failures, at = self._answered.get(job.key, (-1, 0))
        return failures != job.failures or now_ns - at > AGAIN_NS

    def _job(self, lifecycle: Lifecycle[Any], name: str, entity: Entity[Any], one: Todo) -> Job:
        return Job(
            lifecycle=lifecycle,
            name=name,
            effect=one.effect,
            failures=one.waiting.failures,
            lane=self._lane(name, one.effect),
            cause=one.waiting.cause,
            correlation_id=entity.correlation_id,
        )
