"""What tests share: settings with a home and ports of their own, and a real broker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from infra.config import Settings, as_environment
from infra.kafka.broker import listens
from infra.kafka.ports import free_ports
from infra.kafka.topics import create_topics

START_SECONDS = 60.0

# A shell that runs tests in the background lets them ignore Ctrl-C, and all that they start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Broker(msgspec.Struct, frozen=True):
    """A running Kafka broker."""

    bootstrap_servers: str
    home: Path
    pid: int


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


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker with all topics of the table, for one module of tests: others' messages would be in its way."""
    settings = make_settings(tmp_path_factory.mktemp("kafka"))
    process = start_broker(settings)
    try:
        create_topics(settings.kafka)
        yield Broker(settings.kafka, settings.home, process.pid)
    finally:
        stop(process)
