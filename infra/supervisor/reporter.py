"""Puts the lives of the processes on record: events on the topic `pipeline`."""

import logging
import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from infra.config import Settings
from schemas.topics import PIPELINE
from schemas.types.pipeline import ProcessExited, ProcessStarted

if TYPE_CHECKING:
    from producers.publisher import Publisher

LARGEST_QUEUE: Final = 1000
RETRY_SECONDS: Final = 0.5
POLL_SECONDS: Final = 0.5
LATE_SECONDS: Final = 2.0
"""From the moment that the log can be written to: until then the other processes need the CPU to start."""
API: Final = "api"
"""The process that is ready when broker, topics and schemas are."""

log = logging.getLogger(__name__)
Event = ProcessStarted | ProcessExited


class Reporter:
    """Publishes from a thread of its own, because broker and registry may be the ones that died.

    What cannot be published yet waits, 1000 events at most; beyond that, and what is left when the pipeline
    stops, goes to the log only.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._queue: queue.Queue[Event | None] = queue.Queue(LARGEST_QUEUE)
        self._open = threading.Event()
        self._stop = threading.Event()
        self._end = float("inf")
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()

    def started(self, process: str, pid: int, restarts: int) -> None:
        """Put on record that a process was started."""
        node, now = self._settings.node, time.time_ns()
        self._put(ProcessStarted(node=node, process=process, pid=pid, restarts=restarts, time=now))

    def ready(self, process: str) -> None:
        """Begin to publish when the log is there."""
        if process == API:
            self._open.set()

    def exited(self, process: str, pid: int, status: int, restart_in: float) -> None:
        """Put on record that a process ended unasked."""
        self._put(
            ProcessExited(
                node=self._settings.node,
                process=process,
                pid=pid,
                status=status,
                restart_in=restart_in,
                time=time.time_ns(),
            )
        )

    def close(self, seconds: float) -> None:
        """Publish what waits, for so many seconds at most, and stop."""
        self._end = time.monotonic() + seconds
        self._stop.set()
        if not self._open.is_set():
            log.info("%s events are not on record: the log was never there", self._queue.qsize())
            return
        with suppress(queue.Full):
            self._queue.put_nowait(None)  # wakes the thread
        self._thread.join(seconds + 1)

    def _put(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            log.warning("not published, too many wait: %s", event)

    def _run(self) -> None:
        self._open.wait()
        self._stop.wait(LATE_SECONDS)
        publisher: Publisher | None = None
        while not self._is_over():
            try:
                event = self._queue.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if publisher is not None:
                    publisher.poll(0)
                continue
            publisher = self._publish(event, publisher) if event else publisher
        if publisher is not None:
            left = publisher.flush(max(0.0, self._end - time.monotonic()))
            log.info("events on record, %s left out", left)

    def _is_over(self) -> bool:
        return self._stop.is_set() and (self._queue.empty() or time.monotonic() > self._end)

    def _publish(self, event: Event, publisher: "Publisher | None") -> "Publisher | None":
        """Publish one event, trying until it is with the producer or time is up; return the publisher."""
        while not (self._stop.is_set() and time.monotonic() > self._end):
            try:
                publisher = publisher or self._publisher()
                publisher.publish(
                    PIPELINE,
                    event,
                    key=event.node,
                    subject=event.process,
                    time_ns=event.time,
                    on_delivery=_log_refusal,
                )
            except Exception as error:  # the supervisor outlives whatever is wrong with the log
                log.debug("not published yet: %s", error)
                time.sleep(RETRY_SECONDS)
            else:
                return publisher
        log.warning("not published, the pipeline stops: %s", event)
        return publisher

    def _publisher(self) -> "Publisher":
        # Imported late: the processes that publish what matters need the CPU first.
        from producers.publisher import Publisher

        settings = self._settings
        return Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/supervisor")


def _log_refusal(error: Exception | None) -> None:
    if error is not None:
        log.warning("an event of the pipeline was refused: %s", error)
