"""`deedlog wait`: until an entity is in a phase, or is no more."""

import difflib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from infra.cli.entities import Log, one_target, opened
from infra.cli.errors import USAGE, CliError
from infra.cli.times import seconds_of
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.entity import Entity
    from streams.lifecycles.lifecycle import Lifecycle

    Enough = Callable[[Entity[Any]], bool]


def wait(
    kind: str,
    name: str | None = None,
    /,
    *,
    for_: Annotated[str, Parameter(name="--for")],
    timeout: str = "30s",
) -> int:
    """Wait until an entity is in a phase, or is no more. Exit code 5 if it is not in time, 1 if it fails before.

    Parameters
    ----------
    kind
        volume, node, artifact, mirror, retention, quarantine or promotion; or KIND/NAME, and no name.
    name
        Name of the entity.
    for_
        A phase, such as attached; or deleted; or stable: in no phase that passes by itself; or idle: stable, and
        nothing is pending. Several parted by commas: any of them.
    timeout
        How long to wait, such as 30s or 5m.
    """
    lifecycle, meant = one_target(kind, name)
    wanted = [condition(lifecycle, word.strip().removeprefix("phase=")) for word in for_.split(",")]
    until = time.monotonic() + seconds_of("--timeout", timeout)
    with opened(load_settings()) as log:
        _wait(log, lifecycle, meant, wanted, for_, until)
    return 0


def _wait(log: Log, lifecycle: "Lifecycle[Any]", name: str, wanted: "list[Enough]", said: str, until: float) -> None:
    from infra.cli.waiting import wait_for

    def enough(entity: "Entity[Any]") -> bool:
        return any(one(entity) for one in wanted)

    if not enough(log.view(lifecycle).one(name)):
        log.entity(lifecycle, name)  # what is not there will not become anything by waiting
    wait_for(log, lifecycle, name, enough, said, until)


def condition(lifecycle: "Lifecycle[Any]", word: str) -> "Enough":
    """Return what says whether an entity is what a word asks for. Raises CliError."""

    def kind(entity: "Entity[Any]") -> str:
        return lifecycle.phases[lifecycle.phase(entity.state)].kind

    match word:
        case "deleted":
            return lambda entity: kind(entity) == "absent"
        case "stable":
            return lambda entity: kind(entity) == "stable"
        case "idle":
            return lambda entity: kind(entity) == "stable" and all(one.alarm for one in entity.waiting)
        case _ if word in lifecycle.phases:
            return lambda entity: lifecycle.phase(entity.state) == word
        case _:
            why = f"A {lifecycle.kind} can be waited for to be {', '.join(lifecycle.phases)}, deleted, stable or idle"
            near = difflib.get_close_matches(word, lifecycle.phases, n=1) or ["stable"]
            raise CliError(f"--for {word!r} never comes", why, f"--for={near[0]}", USAGE)
