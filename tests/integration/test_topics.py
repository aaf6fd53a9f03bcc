"""The topics of the table on a real broker."""

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from infra.kafka.topics import create_topics, topic_config
from schemas.topics import ALERTS, EVENTS, SYSCALLS, TOPICS, Topic
from tests.conftest import Broker

pytestmark = pytest.mark.kafka


def test_all_topics_are_there_as_the_table_says(kafka: Broker) -> None:
    create_topics(kafka.bootstrap_servers)
    found = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=10).topics
    assert {name: len(found[name].partitions) for name in TOPICS} == {t.name: t.partitions for t in TOPICS.values()}
    for topic in TOPICS.values():
        assert read_config(kafka, topic).items() >= topic_config(topic).items()


def test_creating_again_creates_nothing(kafka: Broker) -> None:
    assert create_topics(kafka.bootstrap_servers) == []


def test_a_message_limit_that_is_too_small_is_raised(kafka: Broker) -> None:
    change(kafka, ALERTS, "max.message.bytes", "1000")
    create_topics(kafka.bootstrap_servers)
    assert read_config(kafka, ALERTS)["max.message.bytes"] == str(ALERTS.max_message_bytes)


def test_what_the_operator_chose_is_left_alone(kafka: Broker) -> None:
    larger = str(EVENTS.max_message_bytes * 2)
    change(kafka, EVENTS, "max.message.bytes", larger)
    change(kafka, SYSCALLS, "retention.ms", "60000000")
    create_topics(kafka.bootstrap_servers)
    assert read_config(kafka, EVENTS)["max.message.bytes"] == larger
    assert read_config(kafka, SYSCALLS)["retention.ms"] == "60000000"
    change(kafka, EVENTS, "max.message.bytes", topic_config(EVENTS)["max.message.bytes"])
    change(kafka, SYSCALLS, "retention.ms", topic_config(SYSCALLS)["retention.ms"])


def read_config(kafka: Broker, topic: Topic) -> dict[str, str]:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic.name)]).values()
    return {name: entry.value for name, entry in future.result(10).items()}


def change(kafka: Broker, topic: Topic, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(10)
