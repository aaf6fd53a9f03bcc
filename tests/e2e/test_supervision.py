"""The supervised pipeline from outside: one at a time, nothing survives its end, a cluster of others is only used."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.doctor.ports import is_free, wanted_ports
from infra.supervisor.figures import figures
from infra.supervisor.state import holder, state_file
from tests.conftest import Broker
from tests.pipelines import DEEDLOG, Pipeline, pipeline

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.probe,
    pytest.mark.kafka,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="the node agent is run by root"),
]

SECONDS = 60.0


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Pipeline]:
    """A pipeline that is not started yet."""
    with pipeline(tmp_path / "home", "supervised") as idle:
        yield idle


def pids(running: Pipeline) -> dict[str, int]:
    return {name: process["pid"] for name, process in running.processes().items()}


def alive(found: dict[str, int]) -> list[str]:
    return [name for name, pid in found.items() if figures(pid) is not None]


def until(true: Callable[[], object], seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def is_ready(running: Pipeline) -> bool:
    return running.command("status", "-o", "json").returncode == 0


def assert_nothing_is_left(running: Pipeline, found: dict[str, int]) -> None:
    assert alive(found) == []
    assert holder(running.settings) is None
    assert not state_file(running.settings).exists()
    assert all(is_free(port) for port in wanted_ports(running.settings).values())
    assert str(running.settings.home) not in Path("/proc/mounts").read_text()
    assert running.command("status").returncode == 3


def test_the_life_of_a_pipeline(idle: Pipeline) -> None:
    idle.up()
    found = pids(idle)
    assert set(found) == {"supervisor", "kafka", "api", "worker", "lifecycles", "artifacts", "agent", "node"}
    assert all(process["state"] == "ready" and process["memory_bytes"] for process in idle.processes().values())
    table = idle.run("status")
    assert all(name in table for name in (*found, idle.settings.kafka, str(idle.settings.logs)))

    second = idle.command("up")
    assert second.returncode == 1
    assert f"pid {found['supervisor']}" in second.stderr
    assert "deedlog down" in second.stderr
    assert pids(idle) == found

    assert "runs, supervisor pid" in idle.run("doctor")
    idle.run("down")
    assert_nothing_is_left(idle, found)
    assert idle.command("down").returncode == 3


def test_a_killed_supervisor_is_no_obstacle(idle: Pipeline) -> None:
    idle.up()
    found = pids(idle)
    os.kill(found["supervisor"], signal.SIGKILL)
    until(lambda: not alive(found))
    idle.up()
    assert not set(pids(idle).values()) & set(found.values())
    os.kill(pids(idle)["supervisor"], signal.SIGKILL)
    until(lambda: holder(idle.settings) is None)
    idle.command("down")
    assert_nothing_is_left(idle, found)


def test_a_hanging_process_is_killed_in_the_end(idle: Pipeline) -> None:
    idle.up()
    found = pids(idle)
    os.kill(found["worker"], signal.SIGSTOP)
    idle.run("down")
    assert_nothing_is_left(idle, found)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_following_ends_with_everything(idle: Pipeline, number: signal.Signals) -> None:
    with follow(idle) as follower:
        found = pids(idle)
        follower.send_signal(number)
        assert follower.wait(SECONDS) == 0
        assert follower.stderr is not None
        assert b"Traceback" not in follower.stderr.read()
    assert_nothing_is_left(idle, found)


def test_a_killed_follower_takes_the_pipeline_with_it(idle: Pipeline) -> None:
    with follow(idle) as follower:
        found = pids(idle)
        follower.kill()
    until(lambda: not alive(found))
    assert_nothing_is_left(idle, found)


def test_a_follower_ends_when_the_pipeline_is_stopped_elsewhere(idle: Pipeline) -> None:
    with follow(idle) as follower:
        idle.run("down")
        assert follower.wait(SECONDS) == 0
        assert follower.stderr is not None
        assert b"the pipeline was stopped" in follower.stderr.read()


def follow(idle: Pipeline) -> subprocess.Popen[bytes]:
    follower = subprocess.Popen(
        [DEEDLOG, "up", "--follow"], env=idle.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: is_ready(idle) or follower.poll() is not None)
    assert follower.poll() is None
    # Ready is seen before the follower has seen it.
    time.sleep(1)
    return follower


def test_a_start_that_fails_says_why_and_leaves_nothing(idle: Pipeline) -> None:
    data = idle.settings.home / "kafka/data"
    data.parent.mkdir(parents=True)
    data.write_text("in the way")
    done = idle.command("up")
    assert done.returncode == 1
    assert "kafka does not start: it ended with exit code 1" in done.stderr
    assert "Kafka's storage cannot be formatted" in done.stderr
    assert f"less {idle.settings.logs}/kafka.log" in done.stderr
    assert_nothing_is_left(idle, {})


def test_an_existing_cluster_is_used_and_left_running(kafka: Broker, tmp_path: Path) -> None:
    with pipeline(tmp_path / "home", "guest", bootstrap_servers=kafka.bootstrap_servers) as guest:
        guest.up()
        found = pids(guest)
        assert set(found) == {"supervisor", "api", "worker", "lifecycles", "artifacts", "agent", "node"}
        assert not (guest.settings.home / "kafka").exists()
        subprocess.run(["cat", "/etc/shadow"], check=True, capture_output=True)
        until(lambda: [alert for alert in guest.alerts("--since", "1m") if alert["node"] == "guest"])
        guest.run("down")
        assert_nothing_is_left(guest, found)
    assert Path(f"/proc/{kafka.pid}").exists()


def test_a_cluster_that_does_not_answer_is_told_at_once(tmp_path: Path) -> None:
    with pipeline(tmp_path / "home", "lonely", bootstrap_servers="127.0.0.1:1") as lonely:
        done = lonely.command("up")
        assert done.returncode == 1
        assert "127.0.0.1:1" in done.stderr
        assert "bootstrap_servers" in done.stderr
        assert not lonely.settings.home.exists()
