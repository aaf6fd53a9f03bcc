"""The lifecycle service: decides what follows from commands and observations, for all kinds of entities.

SIGTERM ends it. Whatever the log or the registry cannot do ends it too, with exit code 1: what was not committed is
decided anew by the next.
"""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, NoReturn

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.config import Settings, load_settings
from infra.notify import notify
from infra.services.dependencies import wait_for_log
from infra.services.instance import instance_of
from infra.services.stillness import owned_by_others, watch
from producers.publisher import Publisher
from schemas.codec import Codec
from schemas.registry import HttpRegistry, RegistryUnavailableError
from streams.lifecycles.effector import Effector
from streams.lifecycles.follower import Follower
from streams.lifecycles.host import COMPONENT, Host
from streams.lifecycles.kafka_history import LogStalledError
from streams.lifecycles.kafka_log import GROUP, KafkaLog
from streams.lifecycles.kinds import LIFECYCLES
from streams.lifecycles.schedule import Schedule
from streams.lifecycles.snapshots import Snapshots
from streams.nodes import NODES
from streams.volumes import VOLUMES
from streams.volumes.finding import NodeFinder

TURN_SECONDS: Final = 0.05
TICK_SECONDS: Final = 0.1
REPORT_SECONDS: Final = 0.5
JOIN_SECONDS: Final = 15.0
"""After that a service without inboxes is ready too: others have them all."""
FOLDER: Final = "lifecycles"

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM; return 1 if it should be started again."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    settings, stop = load_settings(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if not wait_for_log(settings, stop):
        return 0
    failed: list[Exception] = []
    threading.Thread(target=find_nodes, args=(settings, stop, failed), daemon=True).start()
    # Entities hold no cycles, and to look for some among a hundred thousand takes a tenth of the time.
    gc.set_threshold(200_000, 50, 100)
    try:
        host = make_host(settings)
        turns = Turns()
        watch_over(host, turns, settings)
        run(host, turns, stop.is_set)
        notify(stopping=1)
        host.close()
        if failed:
            _again(f"{type(failed[0]).__name__}: {failed[0]}")
    except (KafkaException, LogStalledError, RegistryUnavailableError) as error:
        _again(f"{type(error).__name__}: {error}")
    except Exception as error:
        log.exception("this is a defect of deedlog")
        _again(f"{type(error).__name__}: {error}")
    return 0


class Turns:
    """How many turns were taken."""

    count = 0


def watch_over(host: Host, turns: Turns, settings: Settings) -> None:
    """End the process when the host stands still, or is forgotten by its group."""
    admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})
    wanted = sum(lifecycle.inbox.partitions for lifecycle in LIFECYCLES)
    watch(
        lambda: (turns.count, host.counts.recovered),
        lambda: not host.shards,
        lambda: not owned_by_others(admin, GROUP, instance_of(settings), wanted),
    )


def make_host(settings: Settings) -> Host:
    """Return a host for all lifecycles. Raises KafkaException."""
    inboxes = [lifecycle.inbox.name for lifecycle in LIFECYCLES]
    kafka = KafkaLog(settings.kafka, inboxes, instance=instance_of(settings))
    return Host(LIFECYCLES, kafka, Codec(HttpRegistry(settings.registry)), Snapshots(settings.home / FOLDER))


def find_nodes(settings: Settings, stop: threading.Event, failed: list[Exception]) -> None:
    """Answer volumes that look for nodes, until `stop` is set; what cannot be mended here ends the service."""
    try:
        codec = Codec(HttpRegistry(settings.registry))
        finder = NodeFinder()
        schedule = Schedule(finder.mine, lane=lambda name, _effect: name)
        source = f"/nodes/{settings.node}/lifecycles"
        with Publisher(settings.kafka, settings.registry, source=source, actor=COMPONENT) as publisher:
            Effector(Follower(settings.kafka, [NODES, VOLUMES], codec), schedule, finder, publisher).run(stop)
    except Exception as error:
        log.exception("nodes cannot be found for volumes")
        failed.append(error)
        stop.set()


def run(host: Host, turns: Turns, stop: Callable[[], bool]) -> None:
    """Take turns until `stop()`. Raises what the log and the registry raise."""
    began, ticked, reported = time.monotonic(), 0.0, 0.0
    while not stop():
        host.turn(TURN_SECONDS)
        turns.count += 1
        now = time.monotonic()
        if now - ticked >= TICK_SECONDS:
            host.tick(time.time_ns())
            ticked = now
        if now - reported >= REPORT_SECONDS:
            ready = host.shards or now - began > JOIN_SECONDS
            notify(status=status(host), **{"ready": 1} if ready else {})
            reported = now


def status(host: Host) -> str:
    """Return the line that `deedlog status` shows."""
    entities = Counter[str]()
    for shard in host.shards.values():
        entities[shard.lifecycle.kind] += len(shard.fold.entities)
    counts = host.counts
    known = [f"{number:,} {kind}{'s' * (number != 1)}" for kind, number in sorted(entities.items())]
    done = [f"{counts.messages:,} messages", f"{counts.events:,} events"]
    odd = [f"{counts.put_aside:,} put aside"] * bool(counts.put_aside)
    odd += [f"{counts.lost:,} transactions refused"] * bool(counts.lost)
    return ", ".join([*(known or ["no inboxes"]), *done, *odd])


def _again(why: str) -> NoReturn:
    log.error("ending to be started again: %s", why)
    notify(status=why)
    sys.stdout.flush()
    # A client of Kafka that hangs would hold up an end in good order.
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
