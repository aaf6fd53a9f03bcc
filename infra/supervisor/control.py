"""Starts and stops the supervisor from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from infra.cli.errors import NOT_ALLOWED, TIMED_OUT, CliError
from infra.config import Settings, as_environment
from infra.supervisor.child import FAILED_STARTS
from infra.supervisor.figures import figures
from infra.supervisor.logs import open_log, tail
from infra.supervisor.orphans import kill_stale
from infra.supervisor.programs import programs
from infra.supervisor.state import ChildState, TreeState, holder, read_state, state_file
from infra.supervisor.tree import clear_up

LOOK_SECONDS: Final = 0.05
EXIT_SECONDS: Final = 5.0
Say = Callable[[str], None]


def start(settings: Settings, *, bound: bool) -> subprocess.Popen[bytes]:
    """Start the supervisor, detached; if `bound` it stops the pipeline when this process is gone."""
    settings.home.mkdir(parents=True, exist_ok=True)
    tied = ("setpriv", "--pdeathsig", "TERM", "--") if bound else ()
    with open_log(settings.logs / "supervisor.log") as output:
        return subprocess.Popen(
            (*tied, sys.executable, "-P", "-m", "infra.supervisor"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=settings.logs,
            env={**os.environ, **as_environment(settings)},
            start_new_session=True,
        )


def await_ready(settings: Settings, process: subprocess.Popen[bytes], seconds: float, say: Say) -> TreeState:
    """Wait until all processes are ready, telling of each; return the state.

    Raises CliError, with the end of the log of who is to blame, if the supervisor ends, if a process dies
    again and again, or after `seconds`.
    """
    begun, told = time.monotonic(), set[str]()
    state: TreeState | None = None
    while (passed := time.monotonic() - begun) < seconds:
        if process.poll() is not None:
            raise _blame(settings, "supervisor", "The supervisor ended at once", process.returncode)
        state = _own_state(settings, process.pid)
        for child in state.children if state else ():
            _tell(settings, child, told, passed, say)
        if state and state.ready:
            return state
        time.sleep(LOOK_SECONDS)
    late = next((child.name for child in state.children if child.phase != "ready"), "") if state else ""
    raise _blame(settings, late or "supervisor", f"Not ready after {seconds:.0f} s", TIMED_OUT)


def stop(settings: Settings, pid: int, seconds: float, say: Say) -> None:
    """Stop the supervisor and all below it; by force after `seconds`. Raises CliError if it is not ours."""
    state = read_state(settings)
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    except PermissionError:
        what = f"The supervisor (pid {pid}) is not yours"
        fix = f"sudo .venv/bin/deedlog --home {settings.home} down"
        raise CliError(what, "It runs as another user", fix, NOT_ALLOWED) from None
    if _await_end(settings, seconds, say):
        _await_exit(pid)
    else:
        say(f"the supervisor did not end in {seconds:.0f} s and is killed")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _await_end(settings, seconds, say)
        clear_stale(settings, state)


def clear_stale(settings: Settings, state: TreeState | None) -> list[int]:
    """Clear up after a supervisor that was killed; return the processes it left behind, now killed too."""
    killed = kill_stale(state) if state else []
    if state:
        for program in programs(settings):
            clear_up(program, settings)
        state_file(settings).unlink(missing_ok=True)
    return killed


def _own_state(settings: Settings, pid: int) -> TreeState | None:
    state = read_state(settings)
    return state if state and state.pid == pid else None


def _tell(settings: Settings, child: ChildState, told: set[str], passed: float, say: Say) -> None:
    if child.restarts >= FAILED_STARTS:
        raise _blame(settings, child.name, f"{child.name} does not start: it {child.status or 'died'}")
    if child.phase == "ready" and child.name not in told:
        told.add(child.name)
        say(f"{child.name} is ready ({passed:.1f} s)")


def _blame(settings: Settings, name: str, what: str, exit_code: int = 1) -> CliError:
    path = settings.logs / f"{name}.log"
    state = read_state(settings)
    said = next((c.status for c in state.children if c.name == name and c.status), "") if state else ""
    why = "\n".join(filter(None, (f"{name}: {said}" if said else "", tail(path, 8))))
    return CliError(what, why or f"{name} said nothing", f"less {path}", exit_code or 1)


def _await_exit(pid: int) -> None:
    """Wait for the last moments of a process that has let go of its lock."""
    end = time.monotonic() + EXIT_SECONDS
    while figures(pid) is not None and time.monotonic() < end:
        time.sleep(0.01)


def _await_end(settings: Settings, seconds: float, say: Say) -> bool:
    """Wait until nobody holds the supervisor's lock, telling which processes are stopped."""
    end, told = time.monotonic() + seconds, set[str]()
    while holder(settings) is not None:
        if time.monotonic() > end:
            return False
        state = read_state(settings)
        for child in state.children if state else ():
            if child.phase == "stopped" and child.name not in told:
                told.add(child.name)
                say(f"{child.name} is stopped")
        time.sleep(LOOK_SECONDS)
    return True
