"""The node's engines: runs the storage daemons that volumes have here, and tells what becomes of them.

SIGTERM ends the agent and leaves the engines running, for the next one to take over; `--cleanup` ends them in good
order.
"""

import fcntl
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from infra.config import Settings, load_settings
from infra.notify import notify
from infra.services.dependencies import wait_for_log
from infra.volumes.certificates import ensure
from infra.volumes.controllers import Controllers
from infra.volumes.errors import EngineError
from infra.volumes.peer import Peer
from infra.volumes.peers import RemotePeer
from infra.volumes.performing import NodeEngines, lane
from infra.volumes.replicas import Replicas
from infra.volumes.serving import PeerServer
from infra.volumes.watching import watch
from producers.publisher import Publisher
from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.types.nodes import NodeReported
from streams.lifecycles.effector import Effector
from streams.lifecycles.entity import Entity
from streams.lifecycles.follower import Follower
from streams.lifecycles.lifecycle import Event, Lifecycle
from streams.lifecycles.schedule import Schedule
from streams.nodes import NODES
from streams.volumes import VOLUMES
from streams.volumes.effects import BuildReplica, MergeLayer, SettleReplica

REPORT_SECONDS: Final = 60.0
COPIES: Final[dict[type, int]] = {BuildReplica: 2, SettleReplica: 2, MergeLayer: 2}
"""Effects that move much data, and how many of each at once."""

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM; return 1 if it should be started again."""
    settings = load_settings()
    return end_engines(settings) if "--cleanup" in sys.argv[1:] else serve(settings)


def serve(settings: Settings) -> int:
    """Be the agent of a node until SIGTERM or SIGINT; return 1 if it should be started again.

    Raises EngineError if the node has an agent already.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with alone(settings):
        try:
            if wait_for_log(settings, stop):
                Agent(settings).run(stop)
        except Exception as error:
            log.exception("ending to be started again")
            notify(status=f"{type(error).__name__}: {error}")
            return 1
    return 0


def end_engines(settings: Settings) -> int:
    """End all engines of this node in good order."""
    folder = engines_of(settings)
    if folder.exists():
        Controllers(folder).stop_all()
        Replicas(folder).stop_all()
    return 0


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the only agent of this node in this home: two would both obey every effect. Raises EngineError."""
    folder = engines_of(settings)
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise EngineError(f"The node {settings.node} has an agent already", f"it works in {folder}") from None
    try:
        yield
    finally:
        os.close(lock)


def engines_of(settings: Settings) -> Path:
    """Return the folder of this node's replicas and controllers."""
    return settings.home / "volumes" / settings.node


class Agent:
    """The agent of one node."""

    def __init__(self, settings: Settings) -> None:
        """Take over the engines that run. Raises EngineError."""
        self._settings = settings
        folder = engines_of(settings)
        tls = ensure(settings.home / "tls", settings.node, [settings.node_address])
        self._replicas = Replicas(folder, settings.node_address, tls, self._peer)
        self._controllers = Controllers(folder, tls)
        self._server = PeerServer(self._replicas, settings.node_address, settings.node_port, tls)
        self._nodes: dict[str, tuple[str, int]] = {}
        self._remote: Callable[[str, int], RemotePeer] = cache(lambda host, port: RemotePeer(host, port, tls))
        self._engines = NodeEngines(settings.node, self._replicas, self._controllers, self._peer)
        self._reported = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; raises what the log and the registry raise."""
        settings = self._settings
        schedule = Schedule(lambda effect: effect.node == settings.node, lane, COPIES)
        threading.Thread(target=watch, args=(engines_of(settings), stop, self._engines.heard), daemon=True).start()
        codec = Codec(HttpRegistry(settings.registry))
        source, actor = f"/nodes/{settings.node}/node", f"agent/{settings.node}"
        with Publisher(settings.kafka, settings.registry, source=source, actor=actor, **{"linger.ms": 0}) as publisher:
            follower = Follower(settings.kafka, [NODES, VOLUMES], codec)
            Effector(follower, schedule, self, publisher).run(stop, ready=self._ready)
        notify(stopping=1)
        self._server.close()

    def _ready(self) -> None:
        log.info("node %s answers at %s:%d", self._settings.node, self._settings.node_address, self._server.port)
        notify(ready=1)

    def changed(self, lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> None:
        """Take note of where nodes are, and of what volumes are."""
        if lifecycle is NODES:
            self._nodes[name] = (entity.state.address, entity.state.port)
        self._engines.changed(lifecycle, name, entity)

    def perform(self, job: Any, progress: Any) -> Event:
        """Do what an effect asks."""
        return self._engines.perform(job, progress)

    def compare(self) -> list[tuple[Lifecycle[Any], str, Event]]:
        """Return what is to be told of this node and its engines."""
        told = self._engines.compare()
        if time.monotonic() - self._reported > REPORT_SECONDS or not self._reported:
            self._reported = time.monotonic()
            told.append((NODES, self._settings.node, self._report()))
        return told

    def _report(self) -> NodeReported:
        free = shutil.disk_usage(engines_of(self._settings)).free
        running = self._replicas.running()
        notify(status=f"{len(running)} replicas, {len(self._controllers.running())} volumes attached")
        return NodeReported(address=self._settings.node_address, port=self._server.port, free=free)

    def _peer(self, node: str) -> Peer:
        if node == self._settings.node:
            return self._replicas
        if node not in self._nodes:
            raise EngineError(f"The node {node} is not known", "its agent has never reported")
        return self._remote(*self._nodes[node])


if __name__ == "__main__":
    sys.exit(main())
