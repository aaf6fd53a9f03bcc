import os
import uuid

import pytest

from producers.commands import send
from producers.publisher import Publisher
from schemas.registry import MemoryRegistry
from schemas.topics import NODES_INBOX
from schemas.types.nodes import CordonNode
from streams.lifecycles.partitioning import partition_of
from streams.log import read
from tests.conftest import Broker

pytestmark = pytest.mark.kafka


def test_the_producer_puts_keys_where_the_host_expects_them(kafka: Broker) -> None:
    names = [uuid.uuid4().hex[: 1 + n % 32] for n in range(500)] + [os.urandom(n).hex() for n in range(1, 40)]
    names += ["ä", "käse-1", "\U0001f40d" * 7]
    registry = MemoryRegistry()
    with Publisher(kafka.bootstrap_servers, registry, source="/test") as publisher:
        for name in names:
            send(publisher, NODES_INBOX, name, CordonNode())
    found = [(m.key, m.partition) for m in read(kafka.bootstrap_servers, NODES_INBOX, registry=registry)]
    assert len(found) == len(names)
    assert [p for _, p in found] == [partition_of(key or b"", NODES_INBOX.partitions) for key, _ in found]
