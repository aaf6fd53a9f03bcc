"""`kill -9` of the broker while commands come: when it is back, each command has one outcome."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from infra.config import Settings
from infra.kafka.topics import create_topics
from infra.services.dependencies import missing_schemas
from tests.conftest import make_settings, start_broker, stop
from tests.integration.lifecycles.conftest import MODULE, Service, running
from tests.integration.lifecycles.test_kill_9 import check_order, commands, each_has_one, settled
from tests.integration.worker.conftest import wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


class Kept:
    """A service that is started again when it ends, as its supervisor does."""

    def __init__(self, stack: ExitStack, module: str, settings: Settings, folder: Path) -> None:
        self._make = lambda: stack.enter_context(running(module, settings, folder))
        self.now: Service = self._make()
        self.ends: list[int] = []

    def look(self) -> None:
        """Start it again if it ended."""
        code = self.now.process.poll()
        if code is not None:
            self.ends.append(code)
            self.now = self._make()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    return make_settings(tmp_path / "home")


def test_each_command_has_one_outcome_though_the_broker_is_killed(settings: Settings, tmp_path: Path) -> None:
    broker = start_broker(settings)
    create_topics(settings.kafka)
    with ExitStack() as stack:
        api = Kept(stack, "infra.services.api", settings, tmp_path)
        wait_for(lambda: not missing_schemas(settings.registry), lambda: api.now.log.read_text()[-3000:])
        service = Kept(stack, MODULE, settings, tmp_path)
        with commands(settings) as sent:
            for away in (0.5, 4.0, 12.0):
                time.sleep(4)
                broker.send_signal(signal.SIGKILL)
                broker.wait(10)
                until = time.monotonic() + away
                while time.monotonic() < until:
                    service.look()
                    api.look()
                    time.sleep(0.1)
                broker = start_broker(settings)
            time.sleep(4)
        events = settled(settings, sent, service.look, api.look)
        assert service.now.end()[0] == 0
    stop(broker)
    assert len(sent) > 500
    assert set(service.ends) <= {1}
    each_has_one(events, sent)
    check_order(events)
