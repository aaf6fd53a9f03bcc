"""A pipeline of a test's or a benchmark's own: a home and ports that nobody has, gone when it ends."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.config import Settings, as_environment
from infra.kafka.ports import free_ports

DEEDLOG = str(Path(sys.executable).with_name("deedlog"))
SECONDS = 240


class Pipeline:
    """A pipeline that can be started."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environment = os.environ | as_environment(settings)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `deedlog` with the arguments, whatever comes of it."""
        return subprocess.run(
            [DEEDLOG, *arguments], env=self.environment, check=False, capture_output=True, text=True, timeout=SECONDS
        )

    def run(self, *arguments: str) -> str:
        """Return what `deedlog` prints for the arguments; raises AssertionError if it fails."""
        done = self.command(*arguments)
        assert not done.returncode, f"deedlog {' '.join(arguments)} failed:\n{done.stderr}{done.stdout}"
        return done.stdout

    def up(self) -> float:
        """Start it, and return how many seconds that took."""
        began = time.monotonic()
        self.run("up", "--timeout", str(SECONDS))
        return time.monotonic() - began

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return what `deedlog status` tells, by process."""
        return {process["name"]: process for process in json.loads(self.run("status", "-o", "json"))["processes"]}

    def alerts(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the alerts that `deedlog alerts` finds."""
        return [json.loads(line) for line in self.run("alerts", *arguments, "-o", "json").splitlines()]


@contextmanager
def pipeline(home: Path, node: str, **settings: Any) -> Iterator[Pipeline]:
    """A pipeline that is stopped at the end; it is not started yet."""
    kafka, controller, api = free_ports(3)
    ports = {"kafka_port": kafka, "controller_port": controller, "api_port": api}
    running = Pipeline(Settings(home=home, node=node, **(ports | settings)))
    try:
        yield running
    finally:
        running.command("down")
