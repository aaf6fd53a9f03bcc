"""A pipeline of the benchmark's own: a home and ports that nobody has, gone when it ends."""

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


class Pipeline:
    """A running pipeline."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environment = os.environ | as_environment(settings)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [DEEDLOG, *arguments], env=self.environment, check=False, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise SystemExit(f"deedlog {' '.join(arguments)} failed:\n{done.stderr}{done.stdout}")
        return done.stdout

    def up(self) -> float:
        """Start it, and return how many seconds that took."""
        began = time.monotonic()
        self.run("up", "--timeout", "240")
        return time.monotonic() - began

    def processes(self) -> dict[str, dict[str, Any]]:
        return {process["name"]: process for process in json.loads(self.run("status", "-o", "json"))["processes"]}


@contextmanager
def pipeline(home: Path) -> Iterator[Pipeline]:
    """A pipeline that is stopped at the end; it is not started yet."""
    kafka, controller, api = free_ports(3)
    settings = Settings(home=home, node="bench", kafka_port=kafka, controller_port=controller, api_port=api)
    running = Pipeline(settings)
    try:
        yield running
    finally:
        subprocess.run([DEEDLOG, "down"], env=running.environment, check=False, capture_output=True, timeout=120)
