"""`kill -9` of each process in turn while alerts are being made: each alert arrives, none is invented."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.pipelines import Pipeline

pytestmark = [pytest.mark.pipeline, pytest.mark.probe, pytest.mark.kafka, pytest.mark.timeout(400)]

SETTLE_SECONDS = 90


@contextmanager
def reads(marker: str) -> Iterator[list[str]]:
    """Read a sensitive file about 20 times a second, each time with another argument; yields the arguments."""
    made: list[str] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.05):
            made.append(f"/{marker}/{len(made)}")
            subprocess.run(["cat", "/etc/shadow", made[-1]], check=False, capture_output=True)

    reader = threading.Thread(target=run)
    reader.start()
    try:
        yield made
    finally:
        stop.set()
        reader.join()


@pytest.mark.parametrize("victim", ["worker", "agent", "kafka", "api"])
def test_no_alert_is_lost(running: Pipeline, victim: str) -> None:
    marker = uuid4().hex
    with reads(marker) as made:
        time.sleep(2)
        pid = running.processes()[victim]["pid"]
        os.kill(pid, signal.SIGKILL)
        time.sleep(8)
    assert len(made) > 50

    missing = set(made)
    until = time.monotonic() + SETTLE_SECONDS
    while missing and time.monotonic() < until:
        time.sleep(1)
        done = running.command("alerts", "--since", "10m", "-o", "json")
        missing = {
            argument
            for argument in made
            if f"{argument}\\n" not in done.stdout
            and f'{argument}"' not in done.stdout
            and f"{argument} " not in done.stdout
        }
    assert not missing, f"{len(missing)} of {len(made)} alerts are missing, the first: {sorted(missing)[:3]}"

    alerts = [alert for alert in running.alerts("--since", "10m") if marker in alert["output"]]
    assert len({alert["id"] for alert in alerts}) == len(made)
    restarted = running.processes()[victim]
    assert restarted["pid"] != pid
    assert restarted["restarts"] >= 1
    exited = running.run("events", "tail", "pipeline", "-n", "50", "-o", "json")
    assert '"ProcessExited"' in exited or "ProcessExited" in exited


def test_a_killed_supervisor_leaves_nothing_and_loses_nothing(running: Pipeline) -> None:
    marker = uuid4().hex
    before = {name: process["pid"] for name, process in running.processes().items()}
    with reads(marker) as made:
        time.sleep(1)
        os.kill(before["supervisor"], signal.SIGKILL)
        until = time.monotonic() + 20
        while any(Path(f"/proc/{pid}").exists() for pid in before.values()) and time.monotonic() < until:
            time.sleep(0.1)
        assert not [name for name, pid in before.items() if Path(f"/proc/{pid}").exists()]
        running.up()
        time.sleep(1)
    until = time.monotonic() + SETTLE_SECONDS
    found: set[str] = set()
    while len(found) < len(made) and time.monotonic() < until:
        time.sleep(1)
        alerts = running.alerts("--since", "10m")
        found = {alert["id"] for alert in alerts if marker in alert["output"]}
    assert len(found) == len(made)
