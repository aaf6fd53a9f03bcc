"""The tutorial on artifacts is run as it stands, with a registry and a pipeline of its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka.ports import free_ports
from tests.docs.pages import missing, run, shown, write_files
from tests.pipelines import DEEDLOG, Pipeline, pipeline
from tests.registries import program

PAGE = Path(__file__).parents[2] / "docs/tutorial/first-artifact.md"
SECONDS = 240.0
REGISTRY = "docker-registry"


@pytest.fixture
def user() -> Iterator[tuple[Path, Pipeline]]:
    """A user's home, with a pipeline that is not started yet in the place where it is by default."""
    home = Path("/tmp") / f"deedlog-docs-{os.getpid()}"
    with pipeline(home / ".local/share/deedlog", "vm") as running:
        home.mkdir(parents=True)
        try:
            yield home, running
        finally:
            running.command("down")
            shutil.rmtree(home)


def registry_that_ends_with_its_shell(folder: Path) -> None:
    """Let a program stand before the registry's own, so that no registry outlives the test, whatever happens."""
    folder.mkdir()
    path = folder / REGISTRY
    path.write_text(f'#!/bin/sh\nexec setpriv --pdeathsig KILL {program(REGISTRY)} "$@"\n')
    path.chmod(0o755)


@pytest.mark.pipeline
@pytest.mark.registry
@pytest.mark.timeout(420)
@pytest.mark.skipif(bool(os.geteuid()), reason="the whole pipeline is run by root")
def test_every_command_does_what_the_page_shows(user: tuple[Path, Pipeline]) -> None:
    home, running = user
    registry_that_ends_with_its_shell(home / "bin")
    folder = home / "work"
    folder.mkdir()
    [port] = free_ports(1)
    page = PAGE.read_text()
    for host in ("localhost", "127.0.0.1"):
        page = page.replace(f"{host}:5000", f"{host}:{port}")
    write_files(page, folder)
    commands = shown(page)
    assert 30 < len(commands) < 45
    path = f"{home / 'bin'}:{Path(DEEDLOG).parent}:{os.environ['PATH']}"
    printed = run(commands, folder, running.environment | {"HOME": str(home), "PATH": path}, SECONDS)
    wrong = [
        f"$ {one.command}\nshown, but not printed:\n{chr(10).join(lacking)}\nprinted:\n{said}"
        for one, said in zip(commands, printed, strict=True)
        if (lacking := missing(one, said))
    ]
    assert not wrong, "\n".join(wrong)
