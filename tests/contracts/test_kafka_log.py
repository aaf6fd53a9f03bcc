import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from streams.lifecycles.kafka_log import SESSION_SECONDS, TRANSACTION_SECONDS, KafkaLog
from streams.lifecycles.log import LifecycleLog, Place
from tests.conftest import Broker
from tests.contracts.lifecycle_logs import PARTITIONS, LogContract, Polls, output, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
CUT_SHORT = """
import os, signal, sys
from confluent_kafka import Producer
from streams.lifecycles.kafka_log import transactional

producer = Producer(transactional(sys.argv[1], sys.argv[2]))
producer.init_transactions(30)
producer.begin_transaction()
producer.produce(sys.argv[3], b"never committed", partition=0)
assert producer.flush(30) == 0
os.kill(os.getpid(), signal.SIGKILL)
"""


class KafkaLogs:
    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.group = f"test-{uuid.uuid4()}"
        self.inbox, self.events = f"{self.group}.inbox", f"{self.group}.events"
        topics = [NewTopic(name, PARTITIONS, 1, config={"retention.ms": "-1"}) for name in (self.inbox, self.events)]
        admin = AdminClient({"bootstrap.servers": servers})
        for made in admin.create_topics(topics).values():
            made.result(30)
        self.producer = Producer({"bootstrap.servers": servers, "linger.ms": 0})
        self.workers: list[KafkaLog] = []
        self._names: dict[int, str] = {}

    def worker(self, name: str) -> LifecycleLog:
        self.workers.append(KafkaLog(self.servers, [self.inbox], instance=name, group=self.group))
        self._names[id(self.workers[-1])] = name
        return self.workers[-1]

    def replace(self, worker: LifecycleLog) -> LifecycleLog:
        return self.worker(self._names[id(worker)])

    def put(self, place: Place, value: bytes) -> None:
        self.producer.produce(place.topic, value, b"it", partition=place.partition)
        assert self.producer.flush(30) == 0


@pytest.fixture
def logs(kafka: Broker) -> Iterator[KafkaLogs]:
    logs = KafkaLogs(kafka.bootstrap_servers)
    yield logs
    for worker in logs.workers:
        worker.close()


class TestKafkaLog(LogContract):
    pass


def test_what_a_killed_worker_left_open_is_waited_for_and_never_read(logs: KafkaLogs) -> None:
    polls = Polls(logs.worker("one"))
    until(lambda: bool(polls.mine), polls)
    events = Place(logs.events, 0)
    argv = [sys.executable, "-c", CUT_SHORT, logs.servers, f"{logs.group}-other", logs.events]
    killed = subprocess.run(argv, timeout=60, cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    begun = time.monotonic()
    polls.worker.commit([output(events, b"after it")], {})
    assert [record.value for record in polls.worker.history(events, 0)] == [b"after it"]
    # The broker looks for transactions that are too old every 10 s.
    assert time.monotonic() - begun < TRANSACTION_SECONDS + 10 + 5


def test_a_worker_s_next_life_ends_what_the_last_one_left_open(logs: KafkaLogs) -> None:
    argv = [sys.executable, "-c", CUT_SHORT, logs.servers, f"{logs.group}-one", logs.events]
    subprocess.run(argv, timeout=60, cwd=ROOT, check=False)
    begun = time.monotonic()
    worker = logs.worker("one")
    assert list(worker.history(Place(logs.events, 0), 0)) == []
    assert time.monotonic() - begun < TRANSACTION_SECONDS


def test_a_worker_that_begins_anew_takes_over_at_once(logs: KafkaLogs) -> None:
    inbox = Place(logs.inbox, 0)
    polls = Polls(logs.worker("one"))
    until(lambda: len(polls.mine) == PARTITIONS, polls)
    logs.put(inbox, b"1")
    begun = time.monotonic()
    again = Polls(logs.worker("one"))
    until(lambda: again.values(inbox) == [b"1"], again)
    # Others would have to wait until its session has timed out.
    assert time.monotonic() - begun < SESSION_SECONDS
