"""`deedlog down`: stops the pipeline."""

from infra.cli.errors import NOT_FOUND
from infra.cli.progress import say
from infra.config import load_settings
from infra.supervisor import control
from infra.supervisor.state import holder, read_state


def down(*, timeout: float = 60.0) -> int:
    """Stop the pipeline; nothing of it is left. Exit code 3 if none runs.

    Parameters
    ----------
    timeout
        Seconds until what has not ended is killed.
    """
    settings = load_settings()
    pid = holder(settings)
    if pid is not None:
        control.stop(settings, pid, timeout, say)
        return 0
    killed = control.clear_stale(settings, read_state(settings))
    if killed:
        say(f"killed what a pipeline left behind: {', '.join(map(str, killed))}")
        return 0
    say(f"No pipeline runs in {settings.home}")
    return NOT_FOUND
