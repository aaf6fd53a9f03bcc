"""The checks of `deedlog doctor`."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import Settings
from infra.doctor import java, kernel, log, machine, ports
from infra.doctor.checks import CHECKS, obstacles, run
from infra.doctor.finding import Check, Finding
from infra.kafka import jars
from infra.kafka.ports import free_ports
from infra.supervisor.state import acquire


def external(settings: Settings, **changes: object) -> Settings:
    (nobody,) = free_ports(1)
    return msgspec.structs.replace(settings, bootstrap_servers=f"127.0.0.1:{nobody}", **changes)


@pytest.fixture
def listener(settings: Settings) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", settings.api_port)) as listener:
        yield listener


def test_free_ports_are_free(settings: Settings) -> None:
    assert ports.ports(settings).level == "ok"


def test_a_taken_port_names_who_has_it(settings: Settings, listener: socket.socket) -> None:
    found = ports.ports(settings)
    assert found.level == "fail"
    assert f"port {settings.api_port}" in found.text
    assert f"pid {os.getpid()}" in found.text
    assert "--set api_port=" in found.fix
    assert ("ports", found) in obstacles(settings)


def test_another_program_that_has_the_port_is_named(settings: Settings) -> None:
    code = f"import socket; s = socket.create_server(('', {settings.kafka_port})); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert f"pid {other.pid} ({sys.executable} -c import socket" in ports.ports(settings).text
        other.kill()


def test_the_ports_of_the_running_pipeline_are_its_own(settings: Settings, listener: socket.socket) -> None:
    lock = acquire(settings)
    assert "running pipeline" in ports.ports(settings).text
    os.close(lock or -1)


def test_without_a_broker_of_our_own_only_the_api_needs_a_port(settings: Settings) -> None:
    assert ports.wanted_ports(external(settings)) == {"api_port": settings.api_port}


@pytest.mark.parametrize(
    ("effective", "lacking"),
    [
        ("000001ffffffffff", []),
        ("0000000000000000", ["CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF"]),
        ("00000000a80425fb", ["CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF"]),
        ("000000c000200000", []),
    ],
)
def test_capabilities_are_read_from_their_mask(effective: str, lacking: list[str]) -> None:
    assert kernel.lacking_capabilities(f"Name:\tx\nCapPrm:\t0\nCapEff:\t{effective}\nCapBnd:\t0\n") == lacking


@pytest.mark.parametrize(("release", "version"), [("6.1.0-13-amd64", (6, 1)), ("5.8", (5, 8)), ("strange", (0, 0))])
def test_kernel_versions(release: str, version: tuple[int, int]) -> None:
    assert kernel.version_of(release) == version


@pytest.mark.parametrize(
    ("text", "number"), [("17.0.15", 17), ("1.8.0_392", 8), ("21", 21), ("25-ea", 25), ("", 0), ("x", 0)]
)
def test_java_versions(text: str, number: int) -> None:
    assert java.major(text) == number


def test_no_java_says_how_to_get_one(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert java.java(settings) == Finding("fail", "there is no java in $JAVA_HOME or $PATH", "make setup")
    assert java.java(external(settings)).level == "ok"


@pytest.mark.parametrize(("version", "level"), [("17.0.1", "ok"), ("11.0.2", "fail"), ("", "fail")])
def test_an_old_java_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, level: str
) -> None:
    fake = tmp_path / "bin/java"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    fake.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java.java(settings).level == level


def test_missing_jars_say_how_to_get_them(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jars, "LIBS", tmp_path)
    assert java.kafka_jars(settings).fix == "make setup"
    assert java.kafka_jars(external(settings)).level == "ok"


def test_a_home_that_cannot_be_is_said(settings: Settings, tmp_path: Path) -> None:
    assert machine.home(settings).level == "ok"
    (tmp_path / "file").write_text("")
    assert machine.home(msgspec.structs.replace(settings, home=tmp_path / "file/home")).level == "fail"


def test_room_on_the_disk_is_looked_for_where_the_home_will_be(settings: Settings) -> None:
    assert not settings.home.exists()
    assert str(settings.home) in machine.disk(settings).text


@pytest.mark.parametrize(("free", "level"), [(8 << 30, "ok"), (700 << 20, "warn"), (100 << 20, "fail"), (0, "fail")])
def test_memory(free: int, level: str) -> None:
    text = f"MemTotal:       9 kB\nMemAvailable:   {free >> 10} kB\n"
    assert machine.available_memory(text) == free
    assert machine.judge_memory(free).level == level


def test_a_misspelt_variable_is_guessed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.environment(settings).level == "ok"
    monkeypatch.setenv("DEEDLOG_KAFKA_PROT", "1")
    assert machine.environment(settings).fix == "did you mean DEEDLOG_KAFKA_PORT?"


def test_a_broker_that_does_not_answer_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "ANSWER_SECONDS", 0.3)
    assert log.broker(settings) == Finding("ok", log.NOT_YET)
    found = log.broker(external(settings))
    assert found.level == "fail"
    assert "config show --origin" in found.fix


def test_a_registry_that_does_not_answer_is_said(settings: Settings) -> None:
    assert log.registry(settings) == Finding("ok", log.NOT_YET)
    url = f"http://127.0.0.1:{settings.api_port}"
    assert log.registry(msgspec.structs.replace(settings, registry_url=url)).level == "fail"


@given(st.binary(max_size=40))
def test_a_registry_that_talks_nonsense_is_said(body: bytes) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        found = log.registry(Settings(home=Path("/nonexistent"), registry_url=url))
        server.shutdown()
    assert found.level == ("ok" if is_subjects(body) else "fail")


def is_subjects(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, list) and all(isinstance(subject, str) for subject in answer)


def test_a_check_that_breaks_is_a_finding(settings: Settings) -> None:
    def broken(_settings: Settings) -> Finding:
        raise OSError("no such thing")

    assert "no such thing" in run(Check("x", broken), settings).text


def test_every_finding_that_is_not_ok_says_what_to_do(settings: Settings) -> None:
    for check in CHECKS:
        found = run(check, settings)
        assert found.text
        assert found.level == "ok" or found.fix
