"""The API process as the supervisor runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from confluent_kafka.admin import AdminClient

from infra.config import Settings, as_environment
from infra.kafka.ports import free_ports
from infra.notify import decode
from infra.services.dependencies import missing
from schemas.avro_files import all_schemas
from schemas.registry import HttpRegistry, RefusedSchemaError
from schemas.topics import EVENTS, TOPICS
from tests.conftest import Broker, start_broker, stop
from tests.registry_server import make_schemas_topic, serving

pytestmark = pytest.mark.kafka
PROJECT = Path(__file__).parents[3]
SECONDS = 40


class Service:
    """A running API process and what it told its supervisor."""

    def __init__(self, process: subprocess.Popen[str], notifications: socket.socket) -> None:
        self.process = process
        self._notifications = notifications

    def told(self, name: str, value: str) -> None:
        """Wait until the process tells this."""
        end = time.monotonic() + SECONDS
        while value not in decode(self._notifications.recv(4096)).get(name, ""):
            assert time.monotonic() < end

    def ends(self) -> tuple[int, str]:
        """Return exit code and output of the process, which ends by itself."""
        output, _ = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, output


@contextmanager
def api(settings: Settings, tmp_path: Path) -> Iterator[Service]:
    """An API process that is killed at the end if it still runs."""
    path = str(tmp_path / f"notify-{os.urandom(4).hex()}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
        notifications.bind(path)
        notifications.settimeout(SECONDS)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "infra.services.api"],
            env=os.environ | as_environment(settings) | {"NOTIFY_SOCKET": path},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield Service(process, notifications)
        finally:
            process.kill()
            process.communicate()


def get(settings: Settings, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{settings.api_port}{path}", timeout=10) as response:
        return str(response.read().decode())


def test_it_waits_for_the_broker_makes_all_ready_and_outlives_the_broker(settings: Settings, tmp_path: Path) -> None:
    with api(settings, tmp_path) as service:
        service.told("STATUS", f"waiting for the broker at {settings.kafka}")
        broker = start_broker(settings)
        service.told("READY", "1")
        assert missing(settings, AdminClient({"bootstrap.servers": settings.kafka})) == ""
        subjects = [(topic.name, name) for topic in TOPICS.values() for name in topic.schemas]
        schemas = {name for _, name in subjects}
        service.told("STATUS", f"{len(schemas)} schemas of {len(subjects)} subjects")
        assert get(settings, "/readyz") == "ready"
        assert "FULL_TRANSITIVE" in get(settings, "/config/events-deedlog.events.Note")
        broker.kill()
        broker.wait()
        assert get(settings, "/healthz") == "ok"
        broker = start_broker(settings)
        HttpRegistry(settings.registry).register("later", {"type": "record", "name": "Later", "fields": []})
        service.process.send_signal(signal.SIGTERM)
        assert service.ends()[0] == 0
        stop(broker)


def external(settings: Settings, kafka: Broker) -> Settings:
    return msgspec.structs.replace(settings, bootstrap_servers=kafka.bootstrap_servers)


def test_it_ends_while_it_waits(settings: Settings, tmp_path: Path) -> None:
    with api(settings, tmp_path) as service:
        service.told("STATUS", "waiting for the broker")
        service.process.terminate()
        assert service.ends()[0] == 0


def test_a_port_that_is_taken_is_named(settings: Settings, kafka: Broker, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", settings.api_port)), api(external(settings, kafka), tmp_path) as service:
        code, output = service.ends()
    assert code == 1
    assert f"port {settings.api_port} of 127.0.0.1 cannot be used" in output


def test_schemas_go_to_a_registry_elsewhere(settings: Settings, kafka: Broker, tmp_path: Path) -> None:
    with serving(kafka.bootstrap_servers, make_schemas_topic(kafka.bootstrap_servers)) as elsewhere:
        used = msgspec.structs.replace(external(settings, kafka), registry_url=elsewhere.url)
        with api(used, tmp_path) as service:
            service.told("READY", "1")
            assert get(used, "/readyz") == "ready"
            with pytest.raises(urllib.error.HTTPError, match="404"):
                get(used, "/subjects")
        subjects = {topic.subject(name) for topic in TOPICS.values() for name in topic.schemas}
        assert set(elsewhere.call("GET", "/subjects")[1]) == subjects
        with pytest.raises(RefusedSchemaError):
            HttpRegistry(elsewhere.url).register(EVENTS.subject("deedlog.events.Note"), broken())


def broken() -> dict[str, object]:
    note = all_schemas()["deedlog.events.Note"]
    return note | {"fields": [*note["fields"], {"name": "new", "type": "int"}]}


def test_a_registry_that_refuses_our_schemas_is_told(settings: Settings, kafka: Broker, tmp_path: Path) -> None:
    with serving(kafka.bootstrap_servers, make_schemas_topic(kafka.bootstrap_servers)) as elsewhere:
        elsewhere.register("events-deedlog.events.Note", broken())
        used = msgspec.structs.replace(external(settings, kafka), registry_url=elsewhere.url)
        with api(used, tmp_path) as service:
            service.told("STATUS", "the schema registry refuses the schemas of this release")
            code, output = service.ends()
    assert code == 1
    assert "incompatible" in output


def test_a_registry_that_does_not_answer_is_waited_for(settings: Settings, kafka: Broker, tmp_path: Path) -> None:
    [port] = free_ports(1)
    used = msgspec.structs.replace(external(settings, kafka), registry_url=f"http://127.0.0.1:{port}")
    with api(used, tmp_path) as service:
        service.told("STATUS", f"waiting for the schema registry, http://127.0.0.1:{port}")
        service.process.terminate()
        assert service.ends()[0] == 0
