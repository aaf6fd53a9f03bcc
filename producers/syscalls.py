"""Puts what the kernel saw on Kafka, and gives the kernel its memory back only when Kafka has it.

Until a batch is acknowledged its records stay in the rings, so a node agent that is killed loses nothing: the next
one reads them again, and events keep their ids.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from probes.batch import Batcher
from probes.kernel import Kernel
from probes.procfs import boot_offset_ns
from producers.publisher import Publisher, TooLargeError
from schemas.calls import calls_in
from schemas.topics import PIPELINE, SYSCALLS
from schemas.types.pipeline import EventsDropped

TICK: Final = 0.005
"""Seconds between looks at the rings: one look costs microseconds."""
REPORT_EVERY: Final = 2.0
LAST_SECONDS: Final = 2.0
"""Seconds for what still waits when it is to stop; a storm goes on for ever."""
FLUSH_SECONDS: Final = 5.0
MAX_IN_FLIGHT: Final = 64
KEEP_EXECS: Final = 10.0
"""Seconds that execs stay in their rings after Kafka has them, unless they fill half of one."""
RECORD_BYTES: Final = 64
"""About what an event takes in a batch; it turns a size in bytes into a number of events."""


log = logging.getLogger(__name__)


class Progress(msgspec.Struct, frozen=True):
    """What the producer has done since it started, and what the kernel counted since the session began."""

    events: int
    rows: int
    """Those that are recorded one by one; the others are counted in one of these that is the same."""
    batches: int
    dropped: int
    ignored: int
    filtered: int


class Flight(msgspec.Struct):
    """A batch on its way to Kafka."""

    cursors: tuple[int, ...]
    delivered: bool = False


class SyscallProducer:
    """Reads the rings and publishes batches until it is told to stop."""

    def __init__(
        self,
        kernel: Kernel,
        batcher: Batcher,
        publisher: Publisher,
        *,
        node: str,
        batch_age: float,
        batch_bytes: int,
        report: Callable[[Progress], None],
    ) -> None:
        """Take `batch_age` in seconds; `report` is called every few seconds."""
        self._kernel = kernel
        self._batcher = batcher
        self._publisher = publisher
        self._node = node
        self._batch_age = batch_age
        self._batch_events = max(batch_bytes // RECORD_BYTES, 1)
        self._report = report
        self._flights: deque[Flight] = deque()
        self._kept: deque[tuple[float, tuple[int, ...]]] = deque()
        self._progress = Progress(*[0] * 6)
        self._announced_drops = 0

    def run(self, stopped: Callable[[], bool]) -> None:
        """Publish until `stopped()`, then what still waits, and wait for Kafka's acknowledgement of all of it."""
        oldest: float | None = time.monotonic()
        report_at = time.monotonic()
        while not stopped():
            self._publisher.poll(TICK)
            self._commit_delivered()
            now = time.monotonic()
            if now >= report_at:
                report_at = now + REPORT_EVERY
                self._report_progress()
            waiting = self._kernel.waiting()
            if waiting and oldest is None:
                oldest = now
            if oldest is None or len(self._flights) >= MAX_IN_FLIGHT:
                continue
            if waiting >= self._batch_events or now - oldest >= self._batch_age:
                # what is the same as something that was just read is counted, and nothing in a ring tells of it
                again = self._publish_batch(self._batch_events) or self._kernel.unsettled()
                oldest = now if again else None
        last = time.monotonic() + LAST_SECONDS
        while self._publish_batch(self._batch_events) and time.monotonic() < last:
            pass
        self._publisher.flush(FLUSH_SECONDS)
        self._commit_delivered()

    def _publish_batch(self, limit: int) -> bool:
        """Publish what waits and was counted, if there is any; return whether there was."""
        reading = self._kernel.read(limit)
        if not reading.events():
            return False
        batch = self._batcher.batch(
            reading,
            boot_offset_ns=boot_offset_ns(),
            dropped=self._kernel.dropped(),
            ignored=self._kernel.ignored(),
            filtered=self._kernel.filtered(),
        )
        flight = Flight(reading.cursors)

        def delivered(error: Exception | None) -> None:
            # Kafka's outages are waited for; an error here is final, and stopping here would repeat it for ever
            if error:
                log.error("Kafka refused batch %s of %s events: %s", batch.sequence, batch.count, error)
            flight.delivered = True

        try:
            self._publisher.publish(
                SYSCALLS,
                batch,
                key=self._node,
                subject=self._node,
                id=f"{batch.session}-{batch.sequence}-{batch.last_time:x}",
                time_ns=batch.last_time,
                on_delivery=delivered,
            )
        except TooLargeError:
            if limit == 1:
                raise
            self._kernel.rewind(reading)
            return self._publish_batch(limit // 4 or 1)
        self._flights.append(flight)
        self._progress = msgspec.structs.replace(
            self._progress,
            events=self._progress.events + calls_in(batch),
            rows=self._progress.rows + batch.count,
            batches=self._progress.batches + 1,
        )
        return True

    def _commit_delivered(self) -> None:
        """Give back what Kafka has; of what processes are the last seconds are kept.

        The next agent reads them again, and so knows the processes of events that it finds, though they ended.
        """
        now = time.monotonic()
        while self._flights and self._flights[0].delivered:
            self._kept.append((now + KEEP_EXECS, self._flights.popleft().cursors))
            self._kernel.commit_events(self._kept[-1][1])
        while self._kept and (self._kept[0][0] <= now or self._kernel.many_execs()):
            self._kernel.commit_execs(self._kept.popleft()[1])

    def _report_progress(self) -> None:
        dropped = self._kernel.dropped()
        self._progress = msgspec.structs.replace(
            self._progress, dropped=dropped, ignored=self._kernel.ignored(), filtered=self._kernel.filtered()
        )
        self._report(self._progress)
        if dropped == self._announced_drops:
            return
        event = EventsDropped(
            node=self._node,
            session=self._kernel.session.id,
            dropped=dropped - self._announced_drops,
            total=dropped,
            time=time.time_ns(),
        )
        self._publisher.publish(PIPELINE, event, key=self._node, subject=self._node)
        self._announced_drops = dropped
