"""The worker: judges what is on the topics of events by the rules, and writes alerts to outputs.

SIGTERM ends it, SIGHUP makes it load the rules again.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

import faust

from infra.config import Settings, load_settings
from infra.notify import notify
from infra.outputs.file import JsonLines
from infra.rules.configured import configured_rules
from infra.services.dependencies import wait_for_log
from infra.services.instance import instance_of
from infra.services.liveness import GroupPositions, Liveness
from producers.publisher import Publisher
from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.topics import ALERTS
from streams.app import APP_ID, build
from streams.detection.rules import RuleSet
from streams.judges import TOPICS
from streams.judging import Delivery, Detection

START_SECONDS: Final = 60.0
REPORT_SECONDS: Final = 0.5
CHECK_SECONDS: Final = 10.0
END_SECONDS: Final = 4.5
"""After that the process ends at once: what was not acknowledged is read again by the next."""

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM; return 1 if it stands still and should be started again."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    for name in ("faust", "mode", "aiokafka"):
        logging.getLogger(name).setLevel(logging.WARNING)
    settings, stop, reload = load_settings(), threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(stop))
    signal.signal(signal.SIGHUP, lambda *_: reload.set())
    if not wait_for_log(settings, stop):
        return 0
    return work(settings, stop, reload)


def work(settings: Settings, stop: threading.Event, reload: threading.Event) -> int:
    """Judge until `stop` is set; load the rules again when `reload` is."""
    codec = Codec(HttpRegistry(settings.registry))
    publisher = Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/worker")
    detection = Detection(rules_of(settings), publisher, stop)
    try:
        delivery = Delivery([JsonLines(settings.alerts)], publisher, stop)
    except OSError as error:
        log.error("alerts cannot be written to %s: %s; set alerts_file to another", settings.alerts, error.strerror)
        return 1
    folder = settings.run / "worker"
    folder.mkdir(parents=True, exist_ok=True)
    app = build(settings.kafka, detection, delivery, codec, folder=folder, instance=instance_of(settings))

    def tend() -> Exception | None:
        if reload.is_set():
            reload.clear()
            detection.use(rules_of(settings))
        notify(status=status(detection))
        return detection.failure or delivery.failure or (app.crash_reason if app.crashed else None)

    positions = GroupPositions(settings.kafka, APP_ID, [topic.name for topic in (*TOPICS, ALERTS)])
    try:
        return asyncio.run(run(app, stop, tend, positions))
    finally:
        positions.close()


async def run(
    app: faust.App, stop: threading.Event, tend: Callable[[], Exception | None], positions: GroupPositions
) -> int:
    """Run the app until `stop` is set, or until `tend` tells a failure or it stands still: then return 1."""
    liveness, checked = Liveness(), time.monotonic()
    await asyncio.wait_for(app.start(), START_SECONDS)
    notify(ready=1)
    while not await asyncio.to_thread(stop.wait, REPORT_SECONDS):
        if failure := tend():
            return _again(stop, f"{type(failure).__name__}: {failure}")
        if time.monotonic() - checked > CHECK_SECONDS:
            checked = time.monotonic()
            if stalled := liveness.stalled(await asyncio.to_thread(positions.read), checked):
                return _again(stop, stalled)
    notify(stopping=1)
    await app.stop()
    return 0


def rules_of(settings: Settings) -> RuleSet:
    """Return the rules of the settings; what is wrong with them is logged."""
    rules = configured_rules(settings)
    for problem in rules.problems:
        level = {"error": logging.ERROR, "warning": logging.WARNING}.get(problem.level, logging.INFO)
        log.log(level, "%s", problem)
    log.info("%s rules, %s errors in rule files", len(rules.rules), len(rules.errors))
    return rules


def status(detection: Detection) -> str:
    """Return the line that `deedlog status` shows."""
    counts = detection.counts
    audit = f", {counts.audit_events:,} audit events" if counts.audit_events else ""
    done = f"{detection.judges.rules} rules, {counts.batches:,} batches{audit} judged, {counts.alerts:,} alerts"
    return f"{done}, {counts.put_aside:,} put aside" if counts.put_aside else done


def _again(stop: threading.Event, why: str) -> int:
    log.error("ending to be started again: %s", why)
    notify(status=why)
    _end(stop, exit_code=1)
    return 1


def _end(stop: threading.Event, exit_code: int = 0) -> None:
    """Let everything end by itself, and end it by force when that takes too long."""
    stop.set()
    last = threading.Timer(END_SECONDS, os._exit, [exit_code])
    last.daemon = True
    last.start()


if __name__ == "__main__":
    sys.exit(main())
