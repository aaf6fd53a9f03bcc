import time

import pytest
from confluent_kafka.admin import AdminClient

from infra.services.stillness import owned_by_others
from schemas.topics import NODES_INBOX
from streams.lifecycles.kafka_log import KafkaLog
from tests.conftest import Broker

pytestmark = pytest.mark.kafka


def test_who_has_the_inboxes_is_known(kafka: Broker) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    log = KafkaLog(kafka.bootstrap_servers, [NODES_INBOX.name], instance="a", group="members")
    try:
        until = time.monotonic() + 30
        while not log.poll(1, 0.1).assigned:
            assert time.monotonic() < until
        assert owned_by_others(admin, "members", "b", NODES_INBOX.partitions)
        assert not owned_by_others(admin, "members", "a", NODES_INBOX.partitions)
        assert not owned_by_others(admin, "nobody", "a", NODES_INBOX.partitions)
    finally:
        log.close()


def test_brokers_that_do_not_answer_say_nothing() -> None:
    admin = AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    assert owned_by_others(admin, "members", "a", 4)
