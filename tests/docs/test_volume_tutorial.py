"""The tutorial on volumes is run as it stands, against the whole pipeline: what it shows is what is printed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.docs.pages import Shown, missing, run, shown, stable
from tests.pipelines import DEEDLOG, Pipeline, pipeline

PAGE = Path(__file__).parents[2] / "docs/tutorial/first-volume.md"
SECONDS = 240.0


@pytest.fixture
def user() -> Iterator[tuple[Path, Pipeline]]:
    """A user's home, short as sockets need it, with a running pipeline in the place where it is by default."""
    home = Path("/tmp") / f"deedlog-docs-{os.getpid()}"
    with pipeline(home / ".local/share/deedlog", "vm") as running:
        home.mkdir(parents=True)
        try:
            running.up()
            yield home, running
        finally:
            running.command("down")
            shutil.rmtree(home)


@pytest.mark.pipeline
@pytest.mark.timeout(420)
@pytest.mark.skipif(bool(os.geteuid()), reason="the node agent is run by root")
def test_every_command_does_what_the_page_shows(user: tuple[Path, Pipeline]) -> None:
    home, running = user
    commands = shown(PAGE.read_text())
    assert len(commands) > 30
    path = f"{Path(DEEDLOG).parent}:{os.environ['PATH']}"
    printed = run(commands, home, running.environment | {"HOME": str(home), "PATH": path}, SECONDS)
    wrong = [
        f"$ {one.command}\nshown, but not printed:\n{chr(10).join(lacking)}\nprinted:\n{said}"
        for one, said in zip(commands, printed, strict=True)
        if (lacking := missing(one, said))
    ]
    assert not wrong, "\n".join(wrong)


def test_commands_and_what_is_below_them_are_found() -> None:
    page = "# T\n\n    $ a b\n    one\n      two\n\ntext\n\n    $ c\n\n    code\n"
    assert shown(page) == (Shown("a b", ("one", "  two")), Shown("c", ("code",)))


def test_what_differs_from_run_to_run_is_left_out_of_the_comparison() -> None:
    one = Shown("x", ("data  33.7 MiB  2026-11-24 13:26:27.988  1m2s", "…", "  └─ 12:00:01 event a/13…"))
    assert missing(one, "else\ndata 1 GiB 2027-01-01 00:00:00.001 5s\n└─ 13:00:00.5 event a/7: more\n") == []
    assert missing(one, "data 1 GiB\n") == [one.lines[0], one.lines[2]]


@given(st.text())
def test_a_line_that_is_stable_stays_so(line: str) -> None:
    assert stable(stable(line)) == stable(line)
