"""The program `deedlog` as people and scripts meet it, without a pipeline."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli import status
from infra.cli.errors import CliError
from infra.cli.main import assignments, explain
from infra.cli.tables import table
from infra.config import Settings, as_environment
from infra.supervisor.state import acquire

PROGRAM = [sys.executable, "-m", "infra.cli.main"]
PROJECT = Path(__file__).parents[3]


def deedlog(*arguments: str, settings: Settings | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | (as_environment(settings) if settings else {}) | env
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_help_names_every_command_and_loads_none() -> None:
    code = (
        "import sys; from infra.cli.main import main; main(['--help'])\n"
        "heavy = {'confluent_kafka', 'numpy', 'faust', 'msgspec', 'aiohttp', 'bcc', 'fastavro', 'infra.config'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    for name in (
        "up",
        "down",
        "status",
        "doctor",
        "alerts",
        "events",
        "replay",
        "rules",
        "config",
        "get",
        "explain",
        "volume",
    ):
        assert f"│ {name} " in done.stdout
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dwon"], "Did you mean down?"),
        (["config", "shwo"], "Did you mean show?"),
        (["status", "--colour", "blue"], "--colour"),
        (["status", "-o", "yaml"], "json"),
        (["up", "--timeout", "soon"], "soon"),
        (["--set", "kafka_port", "status"], "NAME=VALUE"),
        (["--set", "kafka_prot=1", "status"], "Did you mean kafka_port?"),
        (["status", "--set", "kafka-port=x"], "kafka_port is a port, 1 to 65535"),
    ],
)
def test_bad_usage_is_told_in_few_lines_and_exits_2(arguments: list[str], said: str) -> None:
    done = deedlog(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.splitlines()) <= 3
    assert done.stderr.startswith("Error: ")


def test_debug_shows_where_an_error_came_from() -> None:
    assert "Traceback" in deedlog("--debug", "status", "--set", "nonsense=1").stderr


def test_a_defect_is_one_line_and_a_hint() -> None:
    error = CliError("x")
    assert str(error) == "Error: x"
    assert explain(RuntimeError("unforeseen")) == 1


def test_a_defect_says_how_to_see_more(capsys: pytest.CaptureFixture[str]) -> None:
    explain(ZeroDivisionError("division by zero"))
    assert "division by zero" in (shown := capsys.readouterr().err)
    assert "--debug" in shown
    assert "Traceback" not in shown


def test_interrupted_is_130() -> None:
    assert explain(KeyboardInterrupt()) == 130


def test_a_reader_that_went_away_is_no_error() -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", f"exec {sys.executable} -m infra.cli.main config show -o json"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.close()
        assert writer.wait(60) == 0
        assert writer.stderr.read() == b""


def test_nothing_runs(settings: Settings) -> None:
    for command in ("status", "down"):
        done = deedlog(command, settings=settings)
        assert done.returncode == 3
        assert done.stdout == ""
        assert str(settings.home) in done.stderr
    assert json.loads(deedlog("status", "-o", "json", settings=settings).stdout) == {"running": False}


def test_a_second_up_refuses_and_says_what_to_do(settings: Settings) -> None:
    lock = acquire(settings)
    done = deedlog("up", settings=settings)
    os.close(lock or -1)
    assert done.returncode == 1
    assert f"pid {os.getpid()}" in done.stderr
    assert "deedlog down" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="without root another obstacle is told first")
def test_up_on_a_taken_port_says_who_has_it(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.kafka_port)):
        done = deedlog("up", settings=settings)
    assert done.returncode == 1
    assert f"port {settings.kafka_port} of 127.0.0.1 is taken by pid {os.getpid()}" in done.stderr
    assert "--set kafka_port=PORT" in done.stderr
    assert not settings.home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_up_without_root_says_so(settings: Settings) -> None:
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *PROGRAM, "up"]
    environment = os.environ | as_environment(settings) | {"PYTHONPATH": str(PROJECT), "HOME": "/nonexistent"}
    done = subprocess.run(nobody, cwd="/", env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 4, done.stderr
    assert "not root" in done.stderr
    assert "sudo" in done.stderr


def test_settings_are_shown_with_where_they_come_from(settings: Settings) -> None:
    done = deedlog("config", "show", "--origin", "-o", "json", "--set", "batch_age_ms=7", settings=settings)
    shown = json.loads(done.stdout)
    assert shown["batch_age_ms"] == {"value": 7, "origin": "--set batch_age_ms"}
    assert shown["kafka_port"] == {"value": settings.kafka_port, "origin": "DEEDLOG_KAFKA_PORT"}


def test_doctor_shows_every_check(settings: Settings) -> None:
    done = deedlog("doctor", "-o", "json", settings=settings)
    found = {row["check"]: row for row in json.loads(done.stdout)}
    assert done.returncode == any(row["level"] == "fail" for row in found.values())
    assert {"privileges", "BTF", "Java", "ports", "disk", "broker", "pipeline"} <= found.keys()
    assert "CHECK" in deedlog("doctor", settings=settings).stdout


def test_ctrl_c_ends_a_command_quietly(settings: Settings) -> None:
    # The lock of a supervisor that never ends keeps `down` waiting.
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.home)], cwd=PROJECT, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        environment = os.environ | as_environment(settings)
        with subprocess.Popen([*PROGRAM, "down"], cwd=PROJECT, env=environment, stderr=subprocess.PIPE) as down:
            time.sleep(1)
            down.send_signal(signal.SIGINT)
            assert down.wait(20) == 130
            assert down.stderr is not None
            assert b"Traceback" not in down.stderr.read()
        holder.kill()


HOLD = """
import signal, sys, time
from pathlib import Path
from infra.config import Settings
from infra.supervisor.state import acquire
signal.signal(signal.SIGTERM, signal.SIG_IGN)
acquire(Settings(home=Path(sys.argv[1])))
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m0s"), (3_700, "1h1m"), (90_000, "1d1h"), (10 * 86_400, "10d0h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert status.duration(seconds) == text


def test_tables_are_aligned() -> None:
    assert table(("A", "LONG"), [("xxx", "1\n2"), ("y", "3")]) == "A    LONG\nxxx  1\n     2\ny    3"


cells = st.text(st.characters(exclude_categories=["C", "Z"]))


@given(st.lists(st.tuples(cells, cells)))
def test_no_cell_of_a_table_is_lost(rows: list[tuple[str, str]]) -> None:
    lines = table(("A", "B"), rows).split("\n")
    assert len(lines) == len(rows) + 1
    for line, (first, second) in zip(lines[1:], rows, strict=True):
        assert line.startswith(first) and line.endswith(second)


def test_assignments_may_have_dashes_and_signs() -> None:
    assert assignments(("kafka-port=1", "rules=a=b")) == {"kafka_port": "1", "rules": "a=b"}
