"""`deedlog up`: starts the pipeline, and with `--follow` shows alerts until it is stopped."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from infra.cli.errors import FAILED, NOT_ALLOWED, CliError
from infra.cli.progress import say
from infra.cli.status import rows_of
from infra.cli.tables import table
from infra.config import Settings, load_settings
from infra.doctor.checks import obstacles
from infra.supervisor import control
from infra.supervisor.orphans import kill_stale
from infra.supervisor.state import holder, read_state

STOP_SECONDS: Final = 60.0


def up(*, follow: bool = False, timeout: float = 60.0) -> int:
    """Start the pipeline in the background, and wait until all its processes are ready.

    Parameters
    ----------
    follow
        Stay, show alerts, and stop the pipeline on Ctrl-C.
    timeout
        Seconds that it may take; the first start takes longest.
    """
    settings = load_settings()
    refuse_second(settings)
    refuse_obstacles(settings)
    with stopped_by_signals():
        process = control.start(settings, bound=follow)
        try:
            state = control.await_ready(settings, process, timeout, say)
            say(table(*rows_of(state)))
            say(f"alerts: deedlog alerts --follow, or {state.alerts}   logs: {state.logs}")
            return follow_alerts(settings, process) if follow else 0
        except BaseException:
            end(settings, process)
            raise


def refuse_second(settings: Settings) -> None:
    """Raise CliError if the pipeline already runs; kill what one that was killed has left."""
    if (pid := holder(settings)) is not None:
        why = f"Its supervisor is pid {pid}, its home {settings.home}"
        raise CliError("The pipeline already runs", why, "deedlog status, or deedlog down to stop it", FAILED)
    # Probes that are still attached stay so: the agent reads on where its predecessor was killed.
    stale = read_state(settings)
    if stale and (killed := kill_stale(stale)):
        say(f"killed what the last pipeline left behind: {', '.join(map(str, killed))}")


def refuse_obstacles(settings: Settings) -> None:
    """Raise CliError if something on this machine keeps the pipeline from starting."""
    found = obstacles(settings)
    if not found:
        return
    (name, first), *others = found
    why = "".join(f"{name}: {finding.text}; " for name, finding in others).rstrip("; ")
    exit_code = NOT_ALLOWED if name == "privileges" else FAILED
    raise CliError(first.text, why and f"Also {why}", f"{first.fix}; deedlog doctor shows all checks", exit_code)


def follow_alerts(settings: Settings, process: subprocess.Popen[bytes]) -> int:
    """Show alerts until Ctrl-C, SIGTERM or the end of the pipeline, then stop it; 1 if it ended by itself."""
    from infra.cli.alerts import follow

    following = threading.Event()
    following.set()
    threading.Thread(target=interrupt_after, args=(process, following), daemon=True).start()
    try:
        follow(settings)
    except KeyboardInterrupt:
        say("")  # after the ^C that terminals show
    finally:
        following.clear()
    if process.poll() is not None:
        say("the pipeline was stopped")
        return FAILED if process.returncode else 0
    say("stopping")
    end(settings, process)
    return 0


def interrupt_after(process: subprocess.Popen[bytes], following: threading.Event) -> None:
    """Interrupt the following when the pipeline has ended."""
    process.wait()
    if following.is_set():
        os.kill(os.getpid(), signal.SIGTERM)


def end(settings: Settings, process: subprocess.Popen[bytes]) -> None:
    """Stop the pipeline that this program started."""
    if process.poll() is None:
        control.stop(settings, process.pid, STOP_SECONDS, say)
    process.wait(STOP_SECONDS)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and a closed terminal do what Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
