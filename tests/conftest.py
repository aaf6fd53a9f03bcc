"""What tests share: settings with a home and ports of their own, and one real broker for the whole run."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from infra.config import Settings, as_environment
from infra.kafka.broker import listens
from infra.kafka.ports import free_ports
from infra.kafka.topics import create_topics

START_SECONDS = 60.0
OTHERS_SECONDS = 900.0


class Broker(msgspec.Struct, frozen=True):
    """A running Kafka broker."""

    bootstrap_servers: str
    home: Path
    pid: int


class Shared(msgspec.Struct):
    """What the worker processes of one test run know of their broker."""

    settings_port: int
    home: str
    pid: int
    users: list[int]


def make_settings(home: Path) -> Settings:
    """Return settings with this home and with ports that nobody has."""
    kafka, controller, api = free_ports(3)
    return Settings(home=home, node="test-node", kafka_port=kafka, controller_port=controller, api_port=api)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an embedded pipeline with a home and ports of its own."""
    return make_settings(tmp_path / "home")


def start_broker(settings: Settings) -> subprocess.Popen[bytes]:
    """Start an embedded broker that dies with this process, and wait until it takes connections."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    argv = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "infra.kafka.broker"]
    with (settings.logs / "kafka.log").open("ab") as log:
        broker = subprocess.Popen(
            argv, env=os.environ | as_environment(settings), stdout=log, stderr=log, cwd=Path(__file__).parents[1]
        )
    end = time.monotonic() + START_SECONDS
    while not listens(settings):
        if broker.poll() is not None or time.monotonic() > end:
            broker.kill()
            broker.wait()
            pytest.fail(f"the broker did not start:\n{(settings.logs / 'kafka.log').read_text()[-2000:]}")
        time.sleep(0.05)
    return broker


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a process, by force if it takes more than 15 s."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(15)
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One embedded broker for the whole run, with all topics of the table.

    With pytest-xdist the first worker that needs it starts it and stops it when the last has ended.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    process = None
    with _shared(folder) as state:
        if not state.pid:
            process = _start_shared(folder, state)
        state.users.append(os.getpid())
        broker = Broker(f"127.0.0.1:{state.settings_port}", Path(state.home), state.pid)
    yield broker
    with _shared(folder) as state:
        state.users.remove(os.getpid())
    if process is not None:
        _wait_for_others(folder)
        stop(process)


@contextmanager
def _shared(folder: Path) -> Iterator[Shared]:
    path = folder / "kafka.json"
    with (folder / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = msgspec.json.decode(path.read_bytes(), type=Shared) if path.exists() else Shared(0, "", 0, [])
        yield state
        path.write_bytes(msgspec.json.encode(state))


def _start_shared(folder: Path, state: Shared) -> subprocess.Popen[bytes]:
    settings = make_settings(folder / "kafka-home")
    process = start_broker(settings)
    create_topics(settings.kafka)
    state.settings_port, state.home, state.pid = settings.kafka_port, str(settings.home), process.pid
    return process


def _wait_for_others(folder: Path) -> None:
    end = time.monotonic() + OTHERS_SECONDS
    while time.monotonic() < end:
        with _shared(folder) as state:
            if not any(Path(f"/proc/{pid}").exists() for pid in state.users):
                return
        time.sleep(0.2)
