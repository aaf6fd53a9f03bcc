"""The lifecycle service on a real broker and a real registry."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from infra.config import Settings
from producers.publisher import Publisher
from schemas.topics import NODES_EVENTS, NODES_INBOX
from schemas.types.nodes import NodeReported
from streams.log import read
from streams.message import Message
from tests.integration.worker.conftest import Service, registered, running

__all__ = ["MODULE", "Service", "node_events", "registered", "report", "running", "service_settings"]

MODULE = "infra.services.lifecycles"


def service_settings(settings: Settings, home: Path) -> Settings:
    """Return the settings of a service with a home, and so a name, of its own."""
    return msgspec.structs.replace(settings, home=home, registry_url=settings.registry)


@pytest.fixture(scope="module")
def lifecycles(registered: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a service that is ready."""
    folder = tmp_path_factory.mktemp("lifecycles")
    settings = service_settings(registered, folder / "home")
    with running(MODULE, settings, folder) as service:
        service.until(lambda told: told.get("READY") == "1")
        yield settings


def report(publisher: Publisher, node: str, free: int = 1 << 30) -> str:
    """Report a node, as its agent does."""
    body = NodeReported(address="192.0.2.1", port=7000, free=free, version="0.1.0")
    return publisher.publish(NODES_INBOX, body, key=node, subject=f"node/{node}", actor=f"agent/{node}")


def node_events(settings: Settings) -> list[Message]:
    """Return all events of nodes that are committed, aborted ones left out."""
    return list(read(settings.kafka, NODES_EVENTS, registry=settings.registry, **{"isolation.level": "read_committed"}))
