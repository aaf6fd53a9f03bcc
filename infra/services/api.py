"""The API process: creates topics, keeps the schema registry, registers this release's schemas, serves HTTP."""

import json
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from infra.api.registry.decisions import Answer, Append, Decision, register
from infra.api.registry.errors import RefusedError
from infra.api.registry.log import SchemaLog
from infra.api.registry.records import LevelSet
from infra.api.registry.state import State
from infra.api.registry.texts import kept
from infra.config import Settings, load_settings
from infra.kafka.topics import create_topics
from infra.notify import notify
from infra.services.dependencies import wait_for
from schemas.avro_files import all_schemas
from schemas.compatibility import DEFAULT_MODE
from schemas.registry import HttpRegistry, RefusedSchemaError, RegistryUnavailableError
from schemas.topics import TOPICS

HOST: Final = "127.0.0.1"
ANSWER_SECONDS: Final = 2.0

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM; return 1 if the port is taken or a registry refuses our schemas."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    settings, stop = load_settings(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        listener = listen(settings.api_port)
    except OSError as error:
        port = settings.api_port
        return _failed(f"port {port} of {HOST} cannot be used: {error}; see: ss -ltnp 'sport = :{port}'")
    with listener:
        return run(settings, listener, stop)


def run(settings: Settings, listener: socket.socket, stop: threading.Event) -> int:
    """Prepare the log as soon as there is a broker, then serve until `stop` is set."""
    if not wait_for(topics_of(settings), stop):
        return 0
    registry = None if settings.registry_url else SchemaLog(settings.kafka)
    try:
        if wait_for(schemas_of(settings, registry), stop):
            serve(settings, registry, listener, stop)
    except (RefusedError, RefusedSchemaError) as error:
        return _failed(f"the schema registry refuses the schemas of this release: {error}")
    finally:
        if registry is not None:
            registry.close()
    return 0


def listen(port: int) -> socket.socket:
    """Return a socket that has the port; clients are refused until it is served."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def topics_of(settings: Settings) -> Callable[[], str]:
    """Return a function that creates missing topics and says in words what is still missing."""
    admin = AdminClient({"bootstrap.servers": settings.kafka, "log_level": 0})

    def lacking() -> str:
        try:
            admin.list_topics(timeout=ANSWER_SECONDS)
            if created := create_topics(settings.kafka):
                log.info("created topics %s", ", ".join(created))
        except KafkaException as error:
            log.debug("%s", error)
            return f"the broker at {settings.kafka}"
        return ""

    return lacking


def schemas_of(settings: Settings, registry: SchemaLog | None) -> Callable[[], str]:
    """Return a function that registers this release's schemas and says in words what is still missing."""
    outside = HttpRegistry(settings.registry) if registry is None else None

    def lacking() -> str:
        if registry is not None and not registry.wait_complete(ANSWER_SECONDS):
            return "the schemas on Kafka"
        try:
            for subject, name in ((t.subject(n), n) for t in TOPICS.values() for n in t.schemas):
                register_outside(outside, subject, name) if outside else register_here(registry, subject, name)
        except RegistryUnavailableError as error:
            return f"the schema registry, {error}"
        except RefusedError as error:
            if error.code // 100 != 500:
                raise
            return f"Kafka to take the schemas, {error}"
        return ""

    return lacking


def register_outside(registry: HttpRegistry, subject: str, name: str) -> None:
    """Register a schema of this release at somebody else's registry."""
    registry.register(subject, all_schemas()[name])
    registry.require(subject, DEFAULT_MODE)


def register_here(registry: SchemaLog | None, subject: str, name: str) -> None:
    """Register a schema of this release, and have later ones checked against it whatever the level of others."""
    assert registry is not None
    text = kept(_json(name), (), normalize=False)
    registry.carry_out(lambda state: register(state, subject, text, False))
    registry.carry_out(lambda state: _checked(state, subject))
    registry.repair()


def serve(settings: Settings, registry: SchemaLog | None, listener: socket.socket, stop: threading.Event) -> None:
    """Serve HTTP until SIGTERM, or until `stop` is set."""
    # Imported here, when the broker was waited for anyway.
    import uvicorn

    from infra.api.app import build
    from infra.api.kubernetes_audit import KubernetesAudit
    from producers.publisher import Publisher

    async def tick() -> None:
        server.should_exit = server.should_exit or stop.is_set()
        notify(ready=1, status=status(registry))

    def publisher() -> Publisher:
        return Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}/api", log_level=0)

    def unready() -> str:
        return "" if registry is None or registry.complete else "the schemas are being read"

    app = build(registry, unready, KubernetesAudit(publisher))
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=3,
        callback_notify=tick,
        timeout_notify=1,
    )
    server = uvicorn.Server(config)
    log.info("serving on http://%s:%s", *listener.getsockname())
    server.run([listener])
    notify(stopping=1)


def status(registry: SchemaLog | None) -> str:
    """Return the line that `deedlog status` shows."""
    if registry is None:
        return "serving, with a schema registry elsewhere"
    if not registry.complete:
        return "reading the schemas on Kafka"
    known = registry.state
    return f"{len(known.users)} schemas of {len(known.subjects)} subjects"


def _checked(state: State, subject: str) -> Decision:
    if state.levels.get(subject) == DEFAULT_MODE:
        return Answer(DEFAULT_MODE)
    return Append((LevelSet(subject, DEFAULT_MODE),), DEFAULT_MODE)


def _json(name: str) -> str:
    return json.dumps(all_schemas()[name])


def _failed(why: str) -> int:
    log.error("%s", why)
    notify(status=why)
    return 1


if __name__ == "__main__":
    sys.exit(main())
