"""The topics of the table on a real broker."""

from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from infra.kafka.topics import create_topics, topic_config
from schemas.topics import ALERTS, EVENTS, SYSCALLS, TOPICS, Topic
from tests.conftest import Broker, make_settings, start_broker, stop

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker for these tests alone: they spoil topics that others use."""
    settings = make_settings(tmp_path_factory.mktemp("own"))
    process = start_broker(settings)
    create_topics(settings.kafka)
    yield Broker(settings.kafka, settings.home, process.pid)
    stop(process)


def test_all_topics_are_there_as_the_table_says(broker: Broker) -> None:
    create_topics(broker.bootstrap_servers)
    found = AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=10).topics
    assert {name: len(found[name].partitions) for name in TOPICS} == {t.name: t.partitions for t in TOPICS.values()}
    for topic in TOPICS.values():
        assert read_config(broker, topic).items() >= topic_config(topic).items()


def test_creating_again_creates_nothing(broker: Broker) -> None:
    assert create_topics(broker.bootstrap_servers) == []


def test_a_message_limit_that_is_too_small_is_raised(broker: Broker) -> None:
    change(broker, ALERTS, "max.message.bytes", "1000")
    create_topics(broker.bootstrap_servers)
    assert read_config(broker, ALERTS)["max.message.bytes"] == str(ALERTS.max_message_bytes)


def test_what_the_operator_chose_is_left_alone(broker: Broker) -> None:
    larger = str(EVENTS.max_message_bytes * 2)
    change(broker, EVENTS, "max.message.bytes", larger)
    change(broker, SYSCALLS, "retention.ms", "60000000")
    create_topics(broker.bootstrap_servers)
    assert read_config(broker, EVENTS)["max.message.bytes"] == larger
    assert read_config(broker, SYSCALLS)["retention.ms"] == "60000000"
    change(broker, EVENTS, "max.message.bytes", topic_config(EVENTS)["max.message.bytes"])
    change(broker, SYSCALLS, "retention.ms", topic_config(SYSCALLS)["retention.ms"])


def read_config(broker: Broker, topic: Topic) -> dict[str, str]:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic.name)]).values()
    return {name: entry.value for name, entry in future.result(10).items()}


def change(broker: Broker, topic: Topic, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(10)
