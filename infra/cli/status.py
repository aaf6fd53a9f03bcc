"""`deedlog status`: the processes of the running pipeline."""

from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from infra.cli.errors import NOT_FOUND
from infra.cli.progress import say
from infra.cli.tables import table
from infra.config import load_settings
from infra.supervisor.figures import figures
from infra.supervisor.state import ChildState, TreeState, holder, read_state

HEAD = ("PROCESS", "STATE", "PID", "UPTIME", "RESTARTS", "MEMORY", "CPU", "STATUS")


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the pipeline as `deedlog status -o json` shows it."""

    name: str
    state: str
    pid: int | None
    uptime_seconds: float | None
    restarts: int
    memory_bytes: int | None
    cpu_seconds: float | None
    status: str


def status(*, output: Annotated[Literal["table", "json"], Parameter(name=("--output", "-o"))] = "table") -> int:
    """Show the processes of the running pipeline. Exit code 3 if none runs, 1 if not all are ready.

    Parameters
    ----------
    output
        What to write: a table, or JSON.
    """
    settings = load_settings()
    state = read_state(settings)
    if holder(settings) is None or state is None:
        print('{"running":false}') if output == "json" else say(f"No pipeline runs in {settings.home}")
        return NOT_FOUND
    print(as_json(state) if output == "json" else as_text(state))
    return 0 if state.ready else 1


def as_text(state: TreeState) -> str:
    """Return the table of processes and where everything is."""
    places = (("Kafka", state.kafka), ("registry", state.registry), ("alerts", state.alerts), ("logs", state.logs))
    return "\n".join((table(*rows_of(state)), "", *(f"{name + ':':10}{place}" for name, place in places)))


def as_json(state: TreeState) -> str:
    """Return the same for programs."""
    shown: dict[str, Any] = {"running": True, "ready": state.ready, "node": state.node, "stopping": state.stopping}
    shown |= {"kafka": state.kafka, "registry": state.registry, "alerts": state.alerts, "logs": state.logs}
    return msgspec.json.encode(shown | {"processes": processes(state)}).decode()


def rows_of(state: TreeState) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return head and rows of the table of processes."""
    return HEAD, [row(process) for process in processes(state)]


def processes(state: TreeState) -> list[Process]:
    """Return the supervisor and its processes with what the kernel says of them now."""
    itself = ChildState(name="supervisor", phase="stopping" if state.stopping else "ready", pid=state.pid)
    return [process(child) for child in (itself, *state.children)]


def process(child: ChildState) -> Process:
    """Return a process with what the kernel says of it now."""
    now = figures(child.pid) if child.pid else None
    return Process(
        name=child.name,
        state=child.phase,
        pid=child.pid,
        uptime_seconds=round(now.uptime, 2) if now else None,
        restarts=child.restarts,
        memory_bytes=now.memory if now else None,
        cpu_seconds=now.cpu if now else None,
        status=child.status,
    )


def row(process: Process) -> tuple[str, ...]:
    """Return the cells of a process in the table."""
    return (
        process.name,
        process.state,
        str(process.pid or "-"),
        "-" if process.uptime_seconds is None else duration(process.uptime_seconds),
        str(process.restarts),
        "-" if process.memory_bytes is None else f"{process.memory_bytes / (1 << 20):.0f} MiB",
        "-" if process.cpu_seconds is None else cpu(process.cpu_seconds, process.uptime_seconds or 0.0),
        process.status,
    )


def cpu(seconds: float, uptime: float) -> str:
    """Return CPU time and its share of one core over the whole life."""
    return f"{seconds:.1f}s {100 * seconds / max(uptime, 1.0):.0f}%"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: 3d4h, 2h5m, 1m30s, 12s."""
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    whole = int(seconds)
    parts: list[str] = []
    for name, size in units:
        count, whole = divmod(whole, size)
        if count or parts or name == "s":
            parts.append(f"{count}{name}")
    return "".join(parts[:2])
