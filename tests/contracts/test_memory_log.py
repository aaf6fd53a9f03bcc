import pytest

from streams.lifecycles.log import LifecycleLog, Place
from streams.lifecycles.memory_log import MemoryBroker, MemoryLog
from tests.contracts.lifecycle_logs import PARTITIONS, LogContract, output


class MemoryLogs:
    inbox = "inbox"
    events = "events"

    def __init__(self) -> None:
        self.broker = MemoryBroker({self.inbox: PARTITIONS, self.events: PARTITIONS}, [self.inbox])

    def worker(self, name: str) -> LifecycleLog:
        del name
        return MemoryLog(self.broker)

    def replace(self, worker: LifecycleLog) -> LifecycleLog:
        assert isinstance(worker, MemoryLog)
        self.broker.leave(worker)
        return MemoryLog(self.broker)

    def put(self, place: Place, value: bytes) -> None:
        self.broker.append(output(place, value))


class TestMemoryLog(LogContract):
    @pytest.fixture
    def logs(self) -> MemoryLogs:
        return MemoryLogs()
