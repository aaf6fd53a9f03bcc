"""A worker on a real broker and a real registry, fed by hand."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM

import msgspec
import pytest

from infra.config import Settings, as_environment
from infra.notify import decode
from infra.services.dependencies import missing_schemas
from producers.publisher import Publisher
from schemas.topics import ALERTS, DEAD_LETTERS, Topic
from schemas.types.alerts import Alert
from schemas.types.dead_letters import DeadLetter
from streams.log import read
from tests.conftest import Broker, make_settings

PROJECT = Path(__file__).parents[3]
SECONDS = 60


class Service:
    """A process of the pipeline, and what it tells its supervisor."""

    def __init__(self, module: str, settings: Settings, folder: Path) -> None:
        self.told: dict[str, str] = {}
        self.log = folder / f"{module}.log"
        path = folder / f"notify-{os.urandom(4).hex()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-P", "-m", module],
                env=os.environ | as_environment(settings) | {"NOTIFY_SOCKET": str(path)},
                cwd=PROJECT,
                stdout=log,
                stderr=log,
            )

    def until(self, told: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Wait until what it told its supervisor is enough."""

        def enough() -> bool:
            while True:
                try:
                    self.told |= decode(self._socket.recv(65536))
                except BlockingIOError:
                    return told(self.told)

        wait_for(enough, lambda: f"it told {self.told}:\n{self.log.read_text()[-3000:]}")
        return self.told

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self, number: int = SIGTERM) -> tuple[int, float]:
        """Return exit code and seconds that it took to end on a signal."""
        before = time.monotonic()
        self.signal(number)
        return self.process.wait(SECONDS), time.monotonic() - before

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._socket.close()


def wait_for(true: Callable[[], bool], why: Callable[[], str]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, why()
        time.sleep(0.05)


@contextmanager
def running(module: str, settings: Settings, folder: Path) -> Iterator[Service]:
    """A process of the pipeline that is gone at the end."""
    service = Service(module, settings, folder)
    try:
        yield service
    finally:
        service.close()


@pytest.fixture(scope="module")
def registered(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a broker and a registry that are there."""
    folder = tmp_path_factory.mktemp("api")
    settings = msgspec.structs.replace(make_settings(folder / "home"), bootstrap_servers=kafka.bootstrap_servers)
    with running("infra.services.api", settings, folder) as api:
        wait_for(lambda: not missing_schemas(settings.registry), lambda: api.log.read_text()[-3000:])
        yield settings


class Feed:
    """Puts messages on topics, and reads what came of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.publisher = Publisher(settings.kafka, settings.registry, source="/test")

    def all(self, topic: Topic) -> list[msgspec.Struct]:
        messages = read(self.settings.kafka, topic, registry=self.settings.registry)
        events = [message.event for message in messages]
        return [event for event in events if isinstance(event, msgspec.Struct)]

    def alerts(self, session: str) -> list[Alert]:
        return [a for a in self.all(ALERTS) if isinstance(a, Alert) and a.id.startswith(f"{session}:")]

    def dead_letters(self) -> list[DeadLetter]:
        return [letter for letter in self.all(DEAD_LETTERS) if isinstance(letter, DeadLetter)]

    def until(self, true: Callable[[], bool]) -> None:
        wait_for(true, lambda: f"dead letters: {[(d.reason, d.detail) for d in self.dead_letters()]}")


@pytest.fixture
def feed(registered: Settings) -> Feed:
    return Feed(registered)


@pytest.fixture
def worker(registered: Settings, tmp_path: Path) -> Iterator[Service]:
    """A worker that is ready, with a rule file of its own."""
    with running("infra.services.worker", worker_settings(registered, tmp_path), tmp_path) as service:
        service.until(lambda told: told.get("READY") == "1")
        yield service


def worker_settings(settings: Settings, folder: Path) -> Settings:
    (folder / "rules.yaml").touch()
    return msgspec.structs.replace(
        settings,
        rules=(str(folder / "rules.yaml"),),
        alerts_file=str(folder / "alerts.jsonl"),
        registry_url=settings.registry,
    )
