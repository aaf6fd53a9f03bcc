"""Confluent's own client, serializer and deserializer against our registry and a real broker."""

import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaRegistryClient,
    SchemaRegistryError,
    ServerConfig,
    topic_record_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from producers import Publisher
from schemas.topics import EVENTS
from schemas.types.events import Note
from streams.log import read
from tests.conftest import Broker
from tests.registry_server import Server

pytestmark = pytest.mark.kafka

PERSON = Schema(
    '{"type": "record", "name": "Person", "fields": [{"name": "age", "type": "int", "default": 0}]}', "AVRO"
)
GROWN = Schema(
    '{"type": "record", "name": "Person", "fields": [{"name": "age", "type": "int", "default": 0}, '
    '{"name": "name", "type": "string", "default": ""}]}',
    "AVRO",
)
BROKEN = Schema('{"type": "record", "name": "Person", "fields": [{"name": "age", "type": "string"}]}', "AVRO")


@pytest.fixture
def client(server: Server) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": server.url, "max.retries": 0}) as client:
        yield client


def test_the_life_of_a_subject(client: SchemaRegistryClient) -> None:
    subject = f"persons/{uuid.uuid4()}"
    id = client.register_schema(subject, PERSON)
    assert client.register_schema(subject, PERSON, normalize_schemas=True) == id
    assert '"Person"' in client.get_schema(id).schema_str
    assert client.get_schema_types() == ["AVRO"]
    latest = client.get_latest_version(subject)
    assert (latest.schema_id, latest.version, latest.subject) == (id, 1, subject)
    found = client.lookup_schema(subject, PERSON)
    assert (found.schema_id, found.version) == (id, 1)
    assert client.test_compatibility(subject, GROWN)
    assert not client.test_compatibility(subject, BROKEN)
    assert client.test_compatibility_all_versions(subject, GROWN)
    second = client.register_schema(subject, GROWN)
    client.clear_caches()
    assert client.get_versions(subject) == [1, 2]
    assert client.get_version(subject, 2).schema_id == second
    assert subject in client.get_subjects()
    assert subject in client.get_subjects_by_schema_id(second)
    assert [(v.subject, v.version) for v in client.get_schema_versions(second, subject)] == [(subject, 2)]
    assert client.get_referenced_by(subject, 1) == []
    assert client.delete_version(subject, 1) == 1
    assert client.get_versions(subject, deleted_only=True) == [1]
    assert client.delete_subject(subject) == [2]
    assert client.delete_subject(subject, permanent=True) == [1, 2]
    assert subject not in client.get_subjects(deleted=True)


def test_refusals_are_what_the_client_expects(client: SchemaRegistryClient) -> None:
    subject = f"persons/{uuid.uuid4()}"
    client.register_schema(subject, PERSON)
    with pytest.raises(SchemaRegistryError) as caught:
        client.register_schema(subject, BROKEN)
    assert (caught.value.http_status_code, caught.value.error_code) == (409, 409)
    with pytest.raises(SchemaRegistryError) as caught:
        client.get_schema(999_999)
    assert (caught.value.http_status_code, caught.value.error_code) == (404, 40403)


def test_levels_and_modes(client: SchemaRegistryClient) -> None:
    subject = f"persons/{uuid.uuid4()}"
    client.register_schema(subject, PERSON)
    assert client.get_compatibility() == "FULL_TRANSITIVE"
    assert client.set_compatibility(subject, "none") == {"compatibility": "NONE"}
    assert client.get_compatibility(subject) == "NONE"
    client.register_schema(subject, BROKEN)
    client.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.BACKWARD))
    assert client.get_config(subject).compatibility_level.value == "BACKWARD"
    assert client.delete_config(subject).compatibility_level.value == "BACKWARD"
    assert client.get_global_mode() == "READWRITE"
    assert client.update_mode(subject, "READONLY") == "READONLY"
    assert client.get_mode(subject) == "READONLY"
    assert client.delete_mode(subject) == "READONLY"
    assert client.get_contexts() == ["."]


def test_what_confluents_serializer_wrote_its_deserializer_reads(kafka: Broker, client: SchemaRegistryClient) -> None:
    key = uuid.uuid4().hex
    strategy = {"subject.name.strategy": topic_record_subject_name_strategy}
    field = SerializationContext("events", MessageField.VALUE)
    data = AvroSerializer(client, PERSON, conf=strategy)({"age": 7}, field)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce("events", data, key)
    producer.flush(30)
    [message] = [m for m in read(kafka.bootstrap_servers, "events") if m.key == key.encode()]
    assert AvroDeserializer(client)(message.value, field) == {"age": 7}
    assert "events-Person" in client.get_subjects()


def test_what_we_publish_confluents_deserializer_reads(
    kafka: Broker, server: Server, client: SchemaRegistryClient
) -> None:
    key = uuid.uuid4().hex
    note = Note(type="com.example.deployed", subject=key, time=5, data='{"by":"ann"}')
    with Publisher(kafka.bootstrap_servers, server.url, source="/test") as publisher:
        publisher.publish(EVENTS, note, key=key)
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": key, "enable.partition.eof": True})
    consumer.assign([TopicPartition("events", number, 0) for number in range(EVENTS.partitions)])
    raw = next(m for m in iter(lambda: consumer.poll(30), None) if not m.error() and m.key() == key.encode())
    consumer.close()
    field = SerializationContext("events", MessageField.VALUE)
    read_back = AvroDeserializer(client)(raw.value(), field)
    assert read_back == {"type": note.type, "subject": key, "time": 5, "data": '{"by":"ann"}'}
    assert dict(raw.headers())["ce_type"] == b"com.example.deployed"


def test_we_read_what_confluents_serializer_wrote_under_our_schema(
    kafka: Broker, server: Server, client: SchemaRegistryClient
) -> None:
    key = uuid.uuid4().hex
    client.clear_caches()
    with Publisher(kafka.bootstrap_servers, server.url, source="/test") as publisher:
        publisher.publish(EVENTS, Note(type="t", subject=key, time=5), key="other")
    schema = client.get_latest_version("events-deedlog.events.Note").schema
    strategy = {"subject.name.strategy": topic_record_subject_name_strategy, "auto.register.schemas": False}
    field = SerializationContext("events", MessageField.VALUE)
    value = {"type": "t", "subject": key, "time": 6, "data": "{}"}
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce("events", AvroSerializer(client, schema, conf=strategy)(value, field), key)
    producer.flush(30)
    [message] = [m for m in read(kafka.bootstrap_servers, EVENTS, registry=server.url) if m.key == key.encode()]
    assert message.event == Note(type="t", subject=key, time=6)
    assert message.envelope is None
