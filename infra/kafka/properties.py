"""The settings of the embedded broker: KRaft, one node that is broker and controller, on loopback only."""

from typing import Final

from infra.config import Settings
from schemas.topics import TOPICS

NODE_ID: Final = 1
LARGEST_MESSAGE: Final = max(topic.max_message_bytes for topic in TOPICS.values())


def broker_properties(settings: Settings) -> dict[str, object]:
    """Return Kafka's server.properties for the embedded broker.

    Source: https://kafka.apache.org/documentation/#brokerconfigs (4.3).
    """
    return _addresses(settings) | _storage(settings) | _one_node() | _small()


def render(properties: dict[str, object]) -> str:
    """Return the properties in the syntax of Java's property files."""
    return "".join(f"{name}={_escaped(str(value))}\n" for name, value in properties.items())


def _escaped(value: str) -> str:
    text = value.replace("\\", "\\\\").replace("\n", "\\n")
    return "".join(c if c.isascii() else _utf16(c) for c in text)


def _utf16(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _addresses(settings: Settings) -> dict[str, object]:
    broker = f"127.0.0.1:{settings.kafka_port}"
    controller = f"127.0.0.1:{settings.controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "controller.quorum.voters": f"{NODE_ID}@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    }


def _storage(settings: Settings) -> dict[str, object]:
    return {
        "log.dirs": settings.home / "kafka/data",
        "message.max.bytes": LARGEST_MESSAGE,
        "replica.fetch.max.bytes": LARGEST_MESSAGE,
        "socket.request.max.bytes": max(100 << 20, 2 * LARGEST_MESSAGE),
        "auto.create.topics.enable": False,
        # A broker that was killed may come back only when its old session is over: 9 s by default.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "delete.topic.enable": True,
        # After a crash the last segment of each partition is read again: small ones make a short start.
        "log.segment.bytes": 128 << 20,
        "log.retention.hours": 7 * 24,
    }


def _one_node() -> dict[str, object]:
    return {
        "num.partitions": 4,
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        # There is one worker in a group here: waiting for more only delays its first message.
        "group.initial.rebalance.delay.ms": 0,
    }


def _small() -> dict[str, object]:
    return {
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
        "num.recovery.threads.per.data.dir": 2,
        # The default takes 128 MB of heap at start; only `_schemas` and offsets are compacted.
        "log.cleaner.dedupe.buffer.size": 8 << 20,
        "log.cleaner.io.buffer.size": 128 << 10,
    }
