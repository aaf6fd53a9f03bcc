"""What is written for Kafka and Java."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import Settings
from infra.kafka import jars
from infra.kafka.broker import cluster_id
from infra.kafka.ports import free_ports
from infra.kafka.properties import broker_properties, render
from infra.kafka.topics import repairs, topic_config
from schemas.topics import ALERTS, SCHEMAS, TOPICS

SETTINGS = Settings(home=Path("/h"), kafka_port=1, controller_port=2)
ESCAPES = {"n": "\n", "\\": "\\"}


def test_the_broker_listens_on_loopback_only() -> None:
    properties = broker_properties(SETTINGS)
    addresses = f"{properties['listeners']},{properties['advertised.listeners']}"
    assert {part.split("//")[1] for part in addresses.split(",")} == {"127.0.0.1:1", "127.0.0.1:2"}


def test_the_broker_takes_the_largest_message_of_the_table() -> None:
    properties = broker_properties(SETTINGS)
    largest = max(topic.max_message_bytes for topic in TOPICS.values())
    assert properties["message.max.bytes"] == properties["replica.fetch.max.bytes"] == largest
    assert int(str(properties["socket.request.max.bytes"])) > largest


def unescaped(text: str) -> str:
    """Return a value as java.util.Properties reads it."""
    units = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
    whole = units.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), whole)


@given(st.text(st.characters(exclude_characters="\r\t\f", exclude_categories=["Cs", "Cc"])))
def test_java_reads_what_was_meant(value: str) -> None:
    rendered = render({"name": value})
    assert rendered.isascii()
    name, _, text = rendered.rstrip("\n").partition("=")
    assert name == "name"
    assert unescaped(text) == value


def test_a_cluster_id_is_what_kafka_takes() -> None:
    for _ in range(100):
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", cluster_id())


def test_free_ports_are_different_and_out_of_the_way() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    low, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert all(1024 < port < low for port in ports)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Java and some jars that only have names."""
    monkeypatch.setattr(jars, "BUILD", tmp_path)
    monkeypatch.setattr(jars, "LIBS", tmp_path / "libs")
    for name in ("java/bin/java", "java/release", "libs/b.jar", "libs/a.jar"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def write_archive(installed: Path, content: bytes) -> Path:
    key = jars.archive_key(str(installed / "java/bin/java"))
    path = installed / f"classes-{key}-{len(content)}.jsa"
    path.write_bytes(content)
    return path


def test_the_class_path_is_in_a_fixed_order(installed: Path) -> None:
    argv = jars.command("java", "Main", "x")
    assert argv[argv.index("-cp") + 1] == f"{installed}/libs/a.jar{os.pathsep}{installed}/libs/b.jar"
    assert argv[-2:] == ["Main", "x"]


def test_the_archive_is_used_if_it_is_whole(installed: Path) -> None:
    java = str(installed / "java/bin/java")
    assert jars.archive(java) is None
    assert jars.shared(java) == ()
    path = write_archive(installed, b"12345")
    assert jars.archive(java) == path
    path.write_bytes(b"1234")
    assert jars.archive(java) is None


@pytest.mark.parametrize("changed", ["libs/a.jar", "java/release"])
def test_the_archive_is_for_one_java_and_one_set_of_jars(installed: Path, changed: str) -> None:
    java = str(installed / "java/bin/java")
    write_archive(installed, b"12345")
    (installed / changed).write_text("something newer")
    assert jars.archive(java) is None


def test_java_home_goes_before_the_path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (installed / "java/bin/java").chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(installed / "java"))
    assert jars.java() == str(installed / "java/bin/java")
    monkeypatch.setenv("JAVA_HOME", str(installed / "gone"))
    assert jars.java() != str(installed / "java/bin/java")


def test_only_what_would_break_us_is_repaired() -> None:
    right = {**topic_config(ALERTS)}
    assert repairs(ALERTS, right) == {}
    assert repairs(ALERTS, {**right, "retention.ms": "1"}) == {}
    assert repairs(ALERTS, {**right, "max.message.bytes": "1"}) == {"max.message.bytes": str(ALERTS.max_message_bytes)}
    assert repairs(SCHEMAS, {**topic_config(SCHEMAS), "cleanup.policy": "delete"}) == {"cleanup.policy": "compact"}
