"""The registry's log on a real broker: restarts, races, garbage, compaction, outages."""

import logging
import threading
from pathlib import Path

import pytest
from confluent_kafka import Producer

from infra.api.registry.log import SchemaLog
from tests.conftest import Broker, make_settings, start_broker, stop
from tests.registry_server import Server, make_schemas_topic, serving, wait_until

pytestmark = pytest.mark.kafka


def record(name: str) -> dict[str, object]:
    return {"type": "record", "name": name, "fields": []}


def put(bootstrap_servers: str, topic: str, *records: tuple[str, str | None]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True})
    for key, value in records:
        producer.produce(topic, value, key)
    assert producer.flush(30) == 0


def schema_record(subject: str, version: int, id: int, schema: str = '\\"int\\"') -> tuple[str, str]:
    key = f'{{"keytype":"SCHEMA","subject":"{subject}","version":{version},"magic":1}}'
    return key, f'{{"subject":"{subject}","version":{version},"id":{id},"schema":"{schema}","deleted":false}}'


def test_all_is_there_after_a_restart(kafka: Broker) -> None:
    topic = make_schemas_topic(kafka.bootstrap_servers)
    with serving(kafka.bootstrap_servers, topic) as server:
        ids = [server.register(f"s{number}", record(f"R{number}"))[1]["id"] for number in range(20)]
        server.call("PUT", "/config/s1", {"compatibility": "NONE"})
        server.call("DELETE", "/subjects/s2")
        before = server.log.state
    with serving(kafka.bootstrap_servers, topic) as server:
        assert server.log.state == before
        assert [server.register(f"t{number}", record(f"R{number}"))[1]["id"] for number in range(20)] == ids


def test_two_registries_on_one_topic_agree(kafka: Broker) -> None:
    """Both register other schemas under other and the same subjects as fast as they can."""
    topic = make_schemas_topic(kafka.bootstrap_servers)
    answers: dict[tuple[int, str, int], tuple[int, object]] = {}

    def work(number: int, server: Server) -> None:
        for n in range(15):
            answers[number, "own", n] = server.register(f"own-{number}-{n}", record(f"Own{number}x{n}"))
            answers[number, "shared", n] = server.register("shared", record("Shared") | {"doc": f"{number}x{n}"})

    with serving(kafka.bootstrap_servers, topic) as one, serving(kafka.bootstrap_servers, topic) as other:
        threads = [threading.Thread(target=work, args=pair) for pair in ((1, one), (2, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {status for status, _ in answers.values()} == {200}
        ids = [answer["id"] for _, answer in answers.values()]  # type: ignore[index]
        assert len(set(ids)) == len(ids) == 60
        wait_until(lambda: one.log.state == other.log.state)
        assert one.call("GET", "/subjects/shared/versions") == (200, list(range(1, 31)))
        for (number, kind, n), (_, answer) in answers.items():
            shown = other.call("GET", f"/schemas/ids/{answer['id']}")[1]["schema"]  # type: ignore[index]
            assert (f'"Own{number}x{n}"' if kind == "own" else f'"{number}x{n}"') in shown


def test_garbage_is_passed_over_with_a_line_in_the_log(kafka: Broker, caplog: pytest.LogCaptureFixture) -> None:
    topic = make_schemas_topic(kafka.bootstrap_servers)
    good, also_good = schema_record("good", 1, 1), schema_record("good", 2, 2, '\\"string\\"')
    bad = schema_record("bad", 1, 0)
    put(kafka.bootstrap_servers, topic, ("no json", "x"), good, ("[]", "{}"), bad, ("\x00", None), also_good)
    with caplog.at_level(logging.WARNING), serving(kafka.bootstrap_servers, topic) as server:
        assert server.call("GET", "/subjects") == (200, ["good"])
        assert server.call("GET", "/subjects/good/versions") == (200, [1, 2])
    assert [r.getMessage().split(" ")[0] for r in caplog.records if "passed over" in r.getMessage()] == [
        f"{topic}@{offset}" for offset in (0, 2, 3, 4)
    ]


def test_a_loser_that_died_is_cleared_away_when_a_registry_starts(kafka: Broker) -> None:
    topic = make_schemas_topic(kafka.bootstrap_servers)
    winner, loser = schema_record("winner", 1, 1), schema_record("loser", 1, 1, '\\"string\\"')
    put(kafka.bootstrap_servers, topic, winner, loser)
    log = SchemaLog(kafka.bootstrap_servers, topic)
    assert log.wait_complete(30)
    assert log.state.disputed == {("loser", 1)}
    log.repair()
    assert log.state.disputed == frozenset()
    assert log.state.by_id(1).schema == '"int"'  # type: ignore[union-attr]
    log.close()


def test_a_foreign_registry_may_have_kept_other_kinds(kafka: Broker) -> None:
    topic = make_schemas_topic(kafka.bootstrap_servers)
    key, value = schema_record("proto", 1, 41, "message A {}")
    put(kafka.bootstrap_servers, topic, (key, value.replace('"schema"', '"schemaType":"PROTOBUF","schema"')))
    with serving(kafka.bootstrap_servers, topic) as server:
        assert server.call("GET", "/schemas/ids/41") == (200, {"schemaType": "PROTOBUF", "schema": "message A {}"})
        assert server.register("avro", record("A")) == (200, {"id": 42})
        assert server.register("proto", record("A")) == (200, {"id": 42})


def test_an_outage_is_told_and_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.api.registry.log.WRITE_SECONDS", 1.0)
    settings = make_settings(tmp_path / "home")
    broker = start_broker(settings)
    topic = make_schemas_topic(settings.kafka)
    with serving(settings.kafka, topic) as server:
        id = server.register("before", record("A"))[1]["id"]
        broker.kill()
        broker.wait()
        status, answer = server.register("during", record("B"))
        assert (status, answer["error_code"]) == (500, 50001)
        assert server.call("GET", f"/schemas/ids/{id}")[0] == 200
        assert server.call("GET", "/healthz") == (200, "ok")
        broker = start_broker(settings)
        wait_until(lambda: server.register("after", record("C"))[0] == 200)
        stop(broker)
