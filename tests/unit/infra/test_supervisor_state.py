"""The supervisor's lock, state file, logs, and what it knows of processes."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import Settings
from infra.supervisor import figures as kernel
from infra.supervisor.figures import figures, is_alive
from infra.supervisor.logs import open_log, tail, trim
from infra.supervisor.orphans import kill_stale
from infra.supervisor.state import ChildState, TreeState, acquire, holder, read_state, state_file, write_state

STATE = TreeState(pid=1, node="n", kafka="k", registry="r", alerts="a", logs="l")


def test_the_lock_names_its_holder_and_goes_with_it(settings: Settings) -> None:
    assert holder(settings) is None
    lock = acquire(settings)
    assert lock is not None
    assert holder(settings) == os.getpid()
    assert acquire(settings) is None
    os.close(lock)
    assert holder(settings) is None
    os.close(acquire(settings) or -1)


def test_a_killed_holder_holds_nothing(settings: Settings) -> None:
    settings.run.mkdir(parents=True)
    code = (
        "import sys, time; from pathlib import Path; from infra.config import Settings\n"
        "from infra.supervisor.state import acquire\n"
        "acquire(Settings(home=Path(sys.argv[1]))); print('held', flush=True); time.sleep(60)"
    )
    argv = [sys.executable, "-c", code, str(settings.home)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert holder(settings) == other.pid
        other.kill()
        other.wait()
    assert holder(settings) is None


def test_the_state_is_read_as_it_was_written(settings: Settings) -> None:
    settings.run.mkdir(parents=True)
    child = ChildState(name="worker", phase="waiting", restarts=3, status="ended with exit code 1")
    state = msgspec.structs.replace(STATE, children=(child,))
    write_state(settings, state)
    assert read_state(settings) == state
    assert not state.ready


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": "x"}', b"\xff"])
def test_a_state_file_of_something_else_is_none(settings: Settings, content: bytes) -> None:
    settings.run.mkdir(parents=True)
    state_file(settings).write_bytes(content)
    assert read_state(settings) is None


def test_figures_of_a_process() -> None:
    now = figures(os.getpid())
    assert now is not None
    assert now.memory > 1 << 20
    assert 0 < now.cpu <= now.uptime * os.cpu_count()  # type: ignore[operator]
    assert is_alive(os.getpid(), now.born)
    assert not is_alive(os.getpid(), now.born - 1)


def test_a_process_that_has_ended_has_no_figures() -> None:
    ended = subprocess.Popen(["true"])
    assert os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert figures(ended.pid) is None
    ended.wait()
    assert figures(ended.pid) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_name_with_brackets_confuses_nobody(name: str) -> None:
    rest = "S 1 2 2 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 4242 1000000 300 18446744073709551615"
    found = kernel.parse(f"77 ({name}) {rest}", since_boot=100.0)
    assert found is not None
    assert (found.born, found.cpu, found.memory) == (4242, 200 / kernel.TICKS, 300 * kernel.PAGE)


def test_only_the_very_process_is_killed() -> None:
    with subprocess.Popen(["sleep", "60"], process_group=0) as other:
        now = figures(other.pid)
        assert now is not None
        child = ChildState(name="x", pid=other.pid, born=now.born + 1)
        assert kill_stale(msgspec.structs.replace(STATE, children=(child,))) == []
        assert other.poll() is None
        child = ChildState(name="x", pid=other.pid, born=now.born)
        assert kill_stale(msgspec.structs.replace(STATE, children=(child,))) == [other.pid]
        assert other.wait() == -9


def test_a_large_log_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "logs/x.log"
    with open_log(path) as log:
        log.write(b"x" * 100)
        assert not trim(path, 100)
        assert trim(path, 99)
        log.write(b"new")
    assert path.read_bytes() == b"new"
    assert (tmp_path / "logs/x.log.1").read_bytes() == b"x" * 100


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert tail(path) == ""
    path.write_bytes(b"".join(b"line %d \xff\n" % n for n in range(50_000)))
    assert tail(path, 2) == "line 49998 \ufffd\nline 49999 \ufffd"
