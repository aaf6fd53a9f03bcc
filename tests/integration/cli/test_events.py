import base64
import json
import signal
import time
import uuid

import pytest
from confluent_kafka import Producer

from infra.kafka.ports import free_ports
from producers import Publisher
from schemas.topics import SYSCALLS
from tests.example_batch import batch
from tests.integration.cli.conftest import Program

pytestmark = pytest.mark.kafka


def publish(deedlog: Program, subject: str, *more: str, stdin: str = "") -> str:
    code, out, err = deedlog.run(
        "events", "publish", "--type", "com.example.deployed", "--subject", subject, *more, stdin=stdin
    )
    assert code == 0, err
    return out.strip()


def test_a_published_event_is_read_back(deedlog: Program) -> None:
    subject, before = f"web-{uuid.uuid4()}", time.time_ns()
    id = publish(deedlog, subject, "--data", '{"version": "1.2"}', "--actor", "ann", "--causation-id", "c1")
    [found] = [each for each in deedlog.lines("events", "tail", "-o", "json") if each["subject"] == subject]
    assert (found["id"], found["actor"], found["causation_id"]) == (id, "ann", "c1")
    assert (found["topic"], found["key"], found["schema"]) == ("events", subject, "deedlog.events.Note")
    assert found["type"] == found["event"]["type"] == "com.example.deployed"
    assert json.loads(found["event"]["data"]) == {"version": "1.2"}
    assert before <= found["event"]["time"] == found["time_ns"] <= time.time_ns()
    assert found["source"] == f"/nodes/{deedlog.settings.node}/cli"


def test_data_may_come_from_stdin_and_time_from_the_past(deedlog: Program) -> None:
    subject, then = f"web-{uuid.uuid4()}", int(time.time()) - 600
    since, at, until = (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(then + s)) for s in (-1, 0, 1))
    publish(deedlog, subject, "--data", "-", "--time", f"{at}.5Z", stdin='{"a": 1}\n')
    exported = deedlog.lines("events", "export", "events", "--since", f"{since}Z", "--until", f"{until}Z")
    [found] = [each for each in exported if each["subject"] == subject]
    assert (found["event"]["time"], json.loads(found["event"]["data"])) == (then * 10**9 + 500_000_000, {"a": 1})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--type", "t", "--subject", "s", "--data", "[1]"], "--data is no JSON object"),
        (["--type", "t", "--subject", "s", "--data", "{"], "--data is no JSON object"),
        (["--type", "t", "--subject", "s", "--data", '{"a": "\\ud800"}', "--time", "never"], "--time never is no time"),
        (["--type", "", "--subject", "s"], "--type '' names nothing"),
        (["--type", "t", "--subject", "a\nb"], "--subject 'a\\nb' names nothing"),
        (["--type", "t"], "--subject"),
    ],
)
def test_bad_usage_exits_2(deedlog: Program, arguments: list[str], said: str) -> None:
    code, out, err = deedlog.run("events", "publish", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_an_event_too_large_is_refused(deedlog: Program) -> None:
    data = json.dumps({"x": "y" * (1 << 20)})
    code, out, err = deedlog.run("events", "publish", "--type", "t", "--subject", "s", "--data", "-", stdin=data)
    assert (code, out) == (1, "")
    assert "The event is too large" in err


def test_the_last_so_many_and_then_new_ones(deedlog: Program) -> None:
    subjects = [f"tail-{number}-{uuid.uuid4()}" for number in range(5)]
    for subject in subjects[:4]:
        publish(deedlog, subject)
    with deedlog.start("events", "tail", "-f", "-n", "2", "-o", "json") as follower:
        assert follower.stdout
        seen = [json.loads(follower.stdout.readline())["subject"] for _ in range(2)]
        publish(deedlog, subjects[4])
        seen.append(json.loads(follower.stdout.readline())["subject"])
        follower.send_signal(signal.SIGINT)
        follower.wait(10)
    assert seen == subjects[2:]


def test_a_table_is_for_people(deedlog: Program) -> None:
    subject = f"web-{uuid.uuid4()}"
    publish(deedlog, subject, "--data", '{"a": "\x7f"}')
    _, table, _ = deedlog.run("events", "tail", "-n", "1")
    head, line = table.splitlines()
    assert head.split() == ["TIME", "TYPE", "SUBJECT", "EVENT"]
    assert subject in line
    assert "\x7f" not in line


def test_what_cannot_be_decoded_is_exported_whole_with_the_reason(deedlog: Program) -> None:
    key = uuid.uuid4().hex
    producer = Producer({"bootstrap.servers": deedlog.settings.kafka})
    producer.produce("pipeline", b"garbage\xff", key)
    producer.flush(30)
    [found] = [each for each in deedlog.lines("events", "export", "pipeline") if each["key"] == key]
    assert found["error"] == {"reason": "undecodable", "detail": "the first byte is 103, not 0"}
    assert base64.b64decode(found["value"]) == b"garbage\xff"
    _, table, _ = deedlog.run("events", "tail", "pipeline")
    assert "undecodable: the first byte is 103, not 0" in table


def test_a_batch_is_exported_whole_or_as_rows(deedlog: Program) -> None:
    node = f"node-{uuid.uuid4()}"
    made = batch(node)
    with Publisher(deedlog.settings.kafka, deedlog.settings.registry, source="/test") as publisher:
        publisher.publish(SYSCALLS, made, key=node, subject=node)
    [whole] = [each for each in deedlog.lines("events", "export", "syscalls") if each["key"] == node]
    assert whole["event"]["count"] == made.count
    rows = [each for each in deedlog.lines("events", "export", "syscalls", "--rows") if each.get("node") == node]
    assert len(rows) == made.count
    _, table, _ = deedlog.run("events", "tail", "syscalls")
    assert f"{made.count} events" in table


def test_nothing_found_is_no_error_but_a_hint(deedlog: Program) -> None:
    code, out, err = deedlog.run("events", "tail", "dead-letters")
    assert (code, out, err) == (0, "", "No events on dead-letters\n")
    code, out, err = deedlog.run("events", "export", "dead-letters")
    assert (code, out, err) == (0, "", "0 records of dead-letters\n")


def test_a_topic_that_is_not_there_exits_3(deedlog: Program) -> None:
    code, out, err = deedlog.run("events", "tail", "nowhere")
    assert (code, out) == (3, "")
    assert err.startswith("Error: there is no topic nowhere")


@pytest.mark.parametrize(
    "arguments", [["events", "tail"], ["alerts"], ["events", "publish", "--type", "t", "--subject", "s"]]
)
def test_no_broker_is_told_at_once_with_what_to_do(deedlog: Program, arguments: list[str]) -> None:
    [port] = free_ports(1)
    for more, fix in (
        (["--set", "bootstrap_servers=", "--set", f"kafka_port={port}"], "Try: deedlog up"),
        (["--bootstrap-servers", f"127.0.0.1:{port}"], "Try: deedlog config show --origin"),
    ):
        began = time.monotonic()
        code, out, err = deedlog.run(*more, *arguments)
        assert (code, out) == (1, "")
        assert err.startswith("Error: Kafka does not answer\nWhy: ")
        assert fix in err
        assert time.monotonic() - began < 5


def test_no_registry_is_told_with_what_to_do(deedlog: Program) -> None:
    publish(deedlog, "x")
    [port] = free_ports(1)
    code, out, err = deedlog.run("--registry-url", f"http://127.0.0.1:{port}", "events", "tail")
    assert (code, out) == (5, "")
    assert err.startswith("Error: The schema registry does not answer\n")
