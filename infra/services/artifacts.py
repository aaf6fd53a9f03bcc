"""The artifacts service: does what mirrors, retentions, quarantines and promotions ask for, and sends what clients did.

Of several on one Kafka one acts, and the others stand by; what clients did each sends for its own home.

SIGTERM ends it. What was begun is pending on the log still, and is gone on with by the next.
"""

import logging
import os
import signal
import sys
import threading
from typing import Final, NoReturn

from confluent_kafka import KafkaException

from infra.artifacts.performing import FOLLOWED, LIMITS, ArtifactEngines, lane, mine
from infra.artifacts.sending import serve
from infra.artifacts.targets import Targets
from infra.config import Settings, load_settings
from infra.notify import notify
from infra.services.dependencies import wait_for_log
from infra.services.leading import Leadership
from producers.publisher import Publisher
from schemas.codec import Codec
from schemas.registry import HttpRegistry, RegistryUnavailableError
from streams.lifecycles.effector import Effector
from streams.lifecycles.follower import Follower
from streams.lifecycles.schedule import Schedule

ACTOR: Final = "artifacts"
GROUP: Final = "deedlog-artifacts"
STANDBY: Final = "standing by: another artifacts service does what is asked for"
TURN_SECONDS: Final = 0.2
REPORT_SECONDS: Final = 1.0
STANDBY_SECONDS: Final = 15.0
"""After that it is another one who leads: it is ready all the same."""

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM; return 1 if it should be started again."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    settings, stop = load_settings(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if not wait_for_log(settings, stop):
        return 0
    threading.Thread(target=serve, args=(settings, stop), daemon=True).start()
    try:
        leadership = Leadership(settings, GROUP)
        threading.Thread(target=leadership.follow, args=(stop,), daemon=True).start()
        if lead(leadership, stop):
            threading.Thread(target=end_with, args=(leadership, stop), daemon=True).start()
            run(settings, stop)
        if leadership.lost.is_set():
            _again("another artifacts service has taken over")
    except (KafkaException, RegistryUnavailableError) as error:
        _again(f"{type(error).__name__}: {error}")
    except Exception as error:
        log.exception("this is a defect of deedlog")
        _again(f"{type(error).__name__}: {error}")
    notify(stopping=1)
    sys.stdout.flush()
    # What is being copied would hold up the end for as long as it takes; it is gone on with by the next.
    os._exit(0)


def lead(leadership: Leadership, stop: threading.Event) -> bool:
    """Stand by until this service leads; return whether it does."""
    waits = 0
    while not leadership.leads.wait(TURN_SECONDS):
        if stop.is_set() or leadership.lost.is_set():
            return False
        waits += 1
        if waits * TURN_SECONDS > STANDBY_SECONDS:
            notify(ready=1, status=STANDBY)
    return not stop.is_set()


def end_with(leadership: Leadership, stop: threading.Event) -> None:
    """Let the service end when it leads no more."""
    leadership.lost.wait()
    stop.set()


def run(settings: Settings, stop: threading.Event) -> None:
    """Do what is pending until `stop` is set. Raises what the log and the registry raise."""
    engines = ArtifactEngines(Targets())
    threading.Thread(target=engines.watch, args=(stop,), daemon=True).start()
    ready = threading.Event()
    threading.Thread(target=tell, args=(engines, ready, stop), daemon=True).start()
    codec = Codec(HttpRegistry(settings.registry))
    source = f"/nodes/{settings.node}/artifacts"
    with Publisher(settings.kafka, settings.registry, source=source, actor=ACTOR, **{"linger.ms": 0}) as publisher:
        schedule = Schedule(mine, lane, LIMITS)
        Effector(Follower(settings.kafka, FOLLOWED, codec), schedule, engines, publisher).run(stop, ready=ready.set)


def tell(engines: ArtifactEngines, ready: threading.Event, stop: threading.Event) -> None:
    """Tell the supervisor how it stands, from when all that was there is read until `stop` is set."""
    ready.wait()
    log.info("mirrors, retentions, quarantines and promotions are looked after")
    while not stop.is_set():
        notify(ready=1, status=engines.status())
        stop.wait(REPORT_SECONDS)


def _again(why: str) -> NoReturn:
    log.error("ending to be started again: %s", why)
    notify(status=why)
    sys.stdout.flush()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
