"""`kill -9` of each process in turn while alerts are being made: each alert arrives, none is invented."""

import os
import re
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


def settled(running: Pipeline, marker: str, made: list[str]) -> None:
    """Wait until each read has its alert; fails if one has none, or has several ids, or none was made for it."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        ids: dict[str, set[str]] = {argument: set() for argument in made}
        for alert in running.alerts("--since", "10m"):
            for argument in re.findall(rf"/{marker}/\d+", alert["output"]):
                ids[argument].add(alert["id"])
        if all(ids.values()) or time.monotonic() > until:
            break
        time.sleep(1)
    missing = [argument for argument, found in ids.items() if not found]
    assert not missing, f"{len(missing)} of {len(made)} reads have no alert, the first: {missing[:3]}"
    assert not {argument: found for argument, found in ids.items() if len(found) > 1}


@pytest.mark.parametrize("victim", ["worker", "agent", "kafka", "api"])
def test_no_alert_is_lost(running: Pipeline, victim: str) -> None:
    marker = uuid4().hex
    with reads(marker) as made:
        time.sleep(2)
        pid = running.processes()[victim]["pid"]
        os.kill(pid, signal.SIGKILL)
        time.sleep(8)
    assert len(made) > 50
    settled(running, marker, made)
    restarted = running.processes()[victim]
    assert restarted["pid"] != pid
    assert restarted["restarts"] >= 1
    assert "ProcessExited" in running.run("events", "tail", "pipeline", "-n", "50", "-o", "json")


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
    settled(running, marker, made)
