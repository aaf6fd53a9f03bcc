"""Creates the topics of the one table in `schemas/topics.py`."""

import time
from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from schemas.topics import TOPICS, Topic

SECONDS: Final = 30
BROKERS_CHOICE: Final = -1
"""Replication factor that leaves the number to the cluster."""


def create_topics(bootstrap_servers: str) -> list[str]:
    """Create the topics that are missing, mend the settings of those that are there; return what was created.

    Of an existing topic only what would break us is changed: the largest message is raised, the cleanup
    policy set. Partitions and retention are left to who runs the cluster. Raises KafkaException.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    there = set(admin.list_topics(timeout=SECONDS).topics)
    created = _create(admin, [topic for topic in TOPICS.values() if topic.name not in there])
    _await_leaders(admin, created)
    _mend(admin, [topic for topic in TOPICS.values() if topic.name in there])
    return created


def topic_config(topic: Topic) -> dict[str, str]:
    """Return Kafka's settings of a topic."""
    forever = topic.retention_ms is None
    return {
        "cleanup.policy": topic.cleanup,
        "retention.ms": "-1" if forever else str(topic.retention_ms),
        "retention.bytes": str(topic.retention_bytes or -1),
        "max.message.bytes": str(topic.max_message_bytes),
    }


def repairs(topic: Topic, config: dict[str, str | None]) -> dict[str, str]:
    """Return the settings to change on a topic that has `config`."""
    wanted = topic_config(topic)
    too_small = int(config.get("max.message.bytes") or 0) < topic.max_message_bytes
    wrong_policy = config.get("cleanup.policy") != topic.cleanup
    changed = ["max.message.bytes"] * too_small + ["cleanup.policy"] * wrong_policy
    return {name: wanted[name] for name in changed}


def _create(admin: AdminClient, topics: list[Topic]) -> list[str]:
    """Create topics; return those that nobody else was quicker to create."""
    new = [NewTopic(topic.name, topic.partitions, BROKERS_CHOICE, config=topic_config(topic)) for topic in topics]
    if not new:
        return []
    futures = admin.create_topics(new, operation_timeout=SECONDS, request_timeout=SECONDS)
    return [name for name, future in futures.items() if _created(future)]


def _await_leaders(admin: AdminClient, names: list[str]) -> None:
    """Wait until the partitions answer: for a moment a broker does not know yet that it leads what was created."""
    wanted = {TopicPartition(name, n): OffsetSpec.latest() for name in names for n in range(TOPICS[name].partitions)}
    end = time.monotonic() + SECONDS
    while wanted:
        answers = {partition: _answers(future) for partition, future in admin.list_offsets(wanted).items()}
        wanted = {partition: spec for partition, spec in wanted.items() if not answers[partition]}
        if wanted and time.monotonic() > end:
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
        time.sleep(0.02 if wanted else 0)


def _answers(future: Any) -> bool:
    try:
        future.result(SECONDS)
    except KafkaException:
        return False
    return True


def _created(future: Any) -> bool:
    try:
        future.result(SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        return False
    return True


def _mend(admin: AdminClient, topics: Iterable[Topic]) -> None:
    resources = {topic.name: ConfigResource(ResourceType.TOPIC, topic.name) for topic in topics}
    if not resources:
        return
    found = admin.describe_configs(list(resources.values()), request_timeout=SECONDS)
    changes = [
        _change(resource.name, repairs(TOPICS[resource.name], _plain(future.result(SECONDS))))
        for resource, future in found.items()
    ]
    wanted = [change for change in changes if change.incremental_configs]
    if wanted:
        for future in admin.incremental_alter_configs(wanted, request_timeout=SECONDS).values():
            future.result(SECONDS)


def _plain(entries: dict[str, Any]) -> dict[str, str | None]:
    return {name: entry.value for name, entry in entries.items()}


def _change(name: str, settings: dict[str, str]) -> Any:
    entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in settings.items()]
    return ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
