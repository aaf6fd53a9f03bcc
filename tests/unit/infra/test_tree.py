"""The process tree, with small real processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.config import Settings
from infra.supervisor.child import Child, ending
from infra.supervisor.figures import is_alive, parent
from infra.supervisor.listener import Exited, Memory, Started
from infra.supervisor.programs import Program, programs
from infra.supervisor.state import ChildState, TreeState, read_state, state_file
from infra.supervisor.tree import Tree
from tests.conftest import make_settings

READY = "import time\nfrom infra.notify import notify\nnotify(ready=1, status='fine')\nwhile True: time.sleep(1)"
DEAF = "trap '' TERM; while :; do sleep 0.1; done"
SECONDS = 20.0


def python(name: str, code: str, **options: object) -> Program:
    return Program(name=name, argv=(sys.executable, "-c", code), **options)  # type: ignore[arg-type]


def shell(name: str, code: str, **options: object) -> Program:
    return Program(name=name, argv=("/bin/sh", "-c", code), **options)  # type: ignore[arg-type]


class Running:
    """A tree that runs in this process while a test looks at it."""

    def __init__(self, settings: Settings, *given: Program) -> None:
        settings.run.mkdir(parents=True)
        self.settings = settings
        self.memory = Memory()
        self.tree = Tree(settings, given, self.memory)
        self._task = asyncio.create_task(self.tree.run())

    def __getitem__(self, name: str) -> Child:
        return next(child for child in self.tree.children if child.program.name == name)

    async def until(self, true: Callable[[], object]) -> None:
        end = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < end, self.tree.state()
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self.tree.stop()
        await asyncio.wait_for(self._task, SECONDS)


@pytest.fixture(autouse=True)
def project_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


def test_ready_is_what_the_process_says(settings: Settings) -> None:
    async def scenario() -> None:
        running = Running(settings, python("good", READY), shell("silent", "exec sleep 100"))
        await running.until(lambda: running["good"].state.phase == "ready")
        await running.until(lambda: (written := read_state(settings)) and written.children[0].phase == "ready")
        assert running["good"].state.status == "fine"
        assert running["silent"].state.phase == "starting"
        assert not running.tree.state().ready
        await running.stop()

    asyncio.run(scenario())


def test_ready_is_the_opening_of_the_port(settings: Settings) -> None:
    serve = f"import socket, time; s = socket.create_server(('127.0.0.1', {settings.kafka_port})); time.sleep(100)"

    async def scenario() -> None:
        running = Running(settings, python("server", serve, port=settings.kafka_port))
        await running.until(lambda: running["server"].state.phase == "ready")
        await running.stop()

    asyncio.run(scenario())


def test_a_killed_process_is_started_again_and_told_of(settings: Settings) -> None:
    async def scenario() -> list[Started | Exited]:
        running = Running(settings, python("good", READY))
        await running.until(lambda: running["good"].state.phase == "ready")
        first = running["good"].state.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await running.until(lambda: running["good"].state.restarts == 1 and running["good"].state.phase == "ready")
        assert running["good"].state.pid != first
        await running.stop()
        return running.memory.events

    started, exited, again = asyncio.run(scenario())
    assert started == Started("good", started.pid, 0)
    assert isinstance(exited, Exited)
    assert (exited.pid, exited.status) == (started.pid, -signal.SIGKILL)
    assert 0.4 <= exited.restart_in <= 0.5
    assert again == Started("good", again.pid, 1)


def test_a_process_that_dies_at_once_is_tried_less_and_less_often(settings: Settings) -> None:
    async def scenario() -> list[Started | Exited]:
        running = Running(settings, shell("bad", "exit 7"), python("good", READY))
        await running.until(lambda: running["bad"].state.restarts == 3)
        assert running["bad"].state.status == "ended with exit code 7"
        assert running["good"].state.restarts == 0
        await running.stop()
        return running.memory.events

    exits = [event for event in asyncio.run(scenario()) if isinstance(event, Exited)]
    assert [event.status for event in exits] == [7, 7, 7]
    assert exits[0].restart_in < exits[1].restart_in < exits[2].restart_in


def test_a_program_that_is_not_there_is_no_end_of_the_tree(settings: Settings) -> None:
    async def scenario() -> None:
        running = Running(settings, Program(name="missing", argv=("/nonexistent",)), python("good", READY))
        await running.until(lambda: running["good"].state.phase == "ready")
        await running.until(lambda: running["missing"].state.restarts)
        await running.stop()

    asyncio.run(scenario())


def test_nothing_survives_a_stop(settings: Settings) -> None:
    sleepers = "setsid sleep 1001 & setsid sleep 1002 & sleep 1003 & exec sleep 1004"

    async def scenario() -> None:
        running = Running(settings, shell("forker", sleepers), shell("deaf", DEAF, grace=0.3), python("good", READY))
        await running.until(lambda: running["good"].state.phase == "ready")
        await running.until(lambda: len(descendants()) >= len(before) + 6)
        await running.stop()
        assert descendants() <= before
        assert not state_file(settings).exists()
        assert {child.state.phase for child in running.tree.children} == {"stopped"}

    before = descendants()
    asyncio.run(scenario())


def test_what_is_not_of_the_tree_is_left_alone(settings: Settings) -> None:
    async def scenario() -> None:
        running = Running(settings, python("good", READY))
        await running.until(lambda: running["good"].state.phase == "ready")
        await running.stop()

    with subprocess.Popen(["sleep", "60"]) as other:
        asyncio.run(scenario())
        assert other.poll() is None
        other.kill()


def test_orphans_are_collected_while_the_tree_runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.supervisor.tree.CARE_SECONDS", 0.05)

    async def scenario() -> None:
        def pids() -> set[int]:
            return descendants() - before

        running = Running(settings, shell("forker", "(setsid sleep 0.3 &); exec sleep 100"), python("good", READY))
        await running.until(lambda: running["good"].state.phase == "ready")
        await running.until(lambda: len(pids()) == 3)
        await running.until(lambda: len(pids()) == 2)
        assert running["good"].state.restarts == 0
        await running.stop()

    before = descendants()
    asyncio.run(scenario())


def test_processes_stop_in_reverse_order(settings: Settings) -> None:
    note = f"trap 'echo $0 >> {settings.home}/order; exit 0' TERM; while :; do sleep 0.05; done"

    async def scenario() -> None:
        given = [Program(name=name, argv=("/bin/sh", "-c", note, name)) for name in ("first", "second", "third")]
        running = Running(settings, *given)
        await running.until(lambda: all(child.state.pid for child in running.tree.children))
        await asyncio.sleep(0.3)
        await running.stop()

    asyncio.run(scenario())
    assert (settings.home / "order").read_text().split() == ["third", "second", "first"]


def test_what_must_be_cleared_up_is(settings: Settings) -> None:
    clear = ("/bin/sh", "-c", f'echo "$DEEDLOG_HOME" > {settings.home}/cleared; exit 1')

    async def scenario() -> None:
        running = Running(settings, python("good", READY, afterwards=clear))
        await running.until(lambda: running["good"].state.phase == "ready")
        await running.stop()

    asyncio.run(scenario())
    assert (settings.home / "cleared").read_text().strip() == str(settings.home)


def test_a_stop_during_the_start_waits_for_it(settings: Settings) -> None:
    async def scenario() -> None:
        running = Running(settings, *(python(f"p{n}", READY) for n in range(4)))
        await asyncio.sleep(0)
        await running.stop()
        assert descendants() <= before

    before = descendants()
    asyncio.run(scenario())


def test_children_die_with_their_supervisor(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "home")
    code = f"""
import asyncio
from pathlib import Path
from infra.config import Settings
from infra.supervisor.listener import Memory
from infra.supervisor.programs import Program
from infra.supervisor.tree import Tree
settings = Settings(home=Path({str(settings.home)!r}))
settings.run.mkdir(parents=True)
async def main():
    await Tree(settings, [Program(name="good", argv={(sys.executable, "-c", READY)!r})], Memory()).run()
asyncio.run(main())
"""
    supervisor = subprocess.Popen([sys.executable, "-c", code])
    child = wait_for_child(settings)
    supervisor.kill()
    supervisor.wait()
    end = time.monotonic() + SECONDS
    while child.pid is not None and is_alive(child.pid, child.born):
        assert time.monotonic() < end
        time.sleep(0.02)


def wait_for_child(settings: Settings) -> ChildState:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        state: TreeState | None = read_state(settings)
        if state and state.ready:
            return state.children[0]
        time.sleep(0.02)
    raise AssertionError("the child did not get ready")


def descendants() -> set[int]:
    """Return the pids of all processes below this one."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    parents = {pid: parent(pid) for pid in pids}
    below: set[int] = set()
    todo = {os.getpid()}
    while todo:
        todo = {pid for pid in pids if parents[pid] in todo}
        below |= todo
    return below


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "ended with exit code 0"), (-9, "was ended by SIGKILL"), (-99, "was ended by signal 99")],
)
def test_an_ending_in_words(status: int, words: str) -> None:
    assert ending(status) == words


def test_an_existing_cluster_needs_no_broker(settings: Settings, tmp_path: Path) -> None:
    rest = ["api", "worker", "lifecycles", "artifacts", "agent", "node"]
    assert [program.name for program in programs(settings)] == ["kafka", *rest]
    external = Settings(home=tmp_path, bootstrap_servers="kafka.example:9092")
    assert [program.name for program in programs(external)] == rest
