"""The program as people run it, against a real broker and a registry; the pipeline itself does not run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.config import Settings, as_environment
from tests.conftest import Broker, make_settings
from tests.registry_server import make_schemas_topic, serving

PROJECT = Path(__file__).parents[3]
SECONDS = 60


class Program:
    """`deedlog` with settings of a test."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.environment = os.environ | as_environment(settings) | {"TZ": "UTC"}

    def start(self, *arguments: str, **how: Any) -> subprocess.Popen[str]:
        """Start the program."""
        command = [sys.executable, "-m", "infra.cli.main", *arguments]
        return subprocess.Popen(command, env=self.environment, cwd=PROJECT, stdout=subprocess.PIPE, text=True, **how)

    def run(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        with self.start(*arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            out, err = process.communicate(stdin, timeout=SECONDS)
        return process.returncode, out, err

    def lines(self, *arguments: str) -> list[Any]:
        """Return the JSON lines on stdout of a run without errors."""
        code, out, err = self.run(*arguments)
        assert code == 0, err
        return [msgspec.json.decode(line) for line in out.splitlines()]


@pytest.fixture(scope="module")
def deedlog(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    settings = make_settings(tmp_path_factory.mktemp("home"))
    with serving(kafka.bootstrap_servers, make_schemas_topic(kafka.bootstrap_servers)) as registry:
        used = {"bootstrap_servers": kafka.bootstrap_servers, "registry_url": registry.url}
        yield Program(msgspec.structs.replace(settings, **used))
