"""`deedlog apply`: make entities what manifests say."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from infra.cli.commanding import CODES, PLAIN, Way, await_end, foretell, give_one
from infra.cli.entities import Log, checked, opened
from infra.cli.errors import CONFLICT, FAILED, NOT_FOUND, USAGE, CliError
from infra.cli.progress import say
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.entity import Entity
    from streams.lifecycles.lifecycle import Event
    from streams.lifecycles.manifests import Manifest

ATTEMPTS: Final = 20


def apply(
    *,
    files: Annotated[tuple[str, ...], Parameter(name=("--filename", "-f"), negative="", allow_leading_hyphen=True)],
    way: Way = PLAIN,
) -> int:
    """Make entities what manifests say: create what is not there, change what is.

    Each command is given with the version that it was decided upon: if the entity has changed meanwhile it is decided
    anew, or with --if-version rejected.

    Parameters
    ----------
    files
        YAML or JSON, one or more documents: apiVersion deedlog.dev/v1, kind, metadata, spec; - reads stdin.
        What `deedlog get -o yaml` writes can be edited and applied.
    """
    found = [manifest for file in files for manifest in manifests(file)]
    if way.if_version is not None and len(found) != 1:
        raise CliError("--if-version needs one manifest", f"There are {len(found)}", "", USAGE)
    for manifest in found:
        checked(manifest.name, manifest.kind.lifecycle)
    with opened(load_settings()) as log:
        for manifest in found:
            _apply(log, manifest, way)
    return 0


def manifests(file: str) -> "list[Manifest]":
    """Return the manifests in a file. Raises CliError."""
    from streams.lifecycles.kinds import MANIFESTS
    from streams.lifecycles.manifests import ManifestError, parse_manifests

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        found = parse_manifests(text, MANIFESTS)
    except FileNotFoundError:
        raise CliError(f"There is no {file}", "", "deedlog apply -f FILE", NOT_FOUND) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{file} cannot be read", str(error), "", USAGE) from None
    except ManifestError as error:
        raise CliError(f"{file}: {error}", "", "deedlog get volumes -o yaml shows what manifests are", USAGE) from None
    if not found:
        raise CliError(f"{file} holds no manifest", "It takes YAML documents", "deedlog apply -f FILE", USAGE)
    return found


def _apply(log: Log, manifest: "Manifest", way: Way) -> None:
    lifecycle, name = manifest.kind.lifecycle, manifest.name
    if way.dry_run:
        entity = log.view(lifecycle).one(name)
        foretell(log, lifecycle, name, _wanted(manifest, entity), way)
        return
    until = time.monotonic() + way.seconds
    version = _converge(log, manifest, way, until)
    if version is None:
        say(f"{lifecycle.kind}/{name} unchanged")
    elif way.wait:
        await_end(log, lifecycle, name, until, version, None)


def _converge(log: Log, manifest: "Manifest", way: Way, until: float) -> int | None:
    """Give one command after the other, each decided anew, until none is left; return the version then reached.

    Entities change by themselves too: what is refused because of that is decided upon what is there then, unless it
    was said which version there must be. Returns None if there was nothing to do.
    """
    lifecycle, name, reached = manifest.kind.lifecycle, manifest.name, None
    for _ in range(ATTEMPTS):
        entity = log.view(lifecycle).one(name)
        commands = _wanted(manifest, entity)
        if not commands:
            return reached
        strict = way.if_version is not None and reached is None
        try:
            reached = give_one(
                log, lifecycle, name, commands[0], way, way.if_version if strict else entity.version, until
            )
        except CliError as error:
            if strict or error.exit_code != CONFLICT:
                raise
            say(f"{lifecycle.kind}/{name} has changed meanwhile; looking again")
        if way.wait is False:
            _check_all_given(lifecycle.kind, name, commands)
            return reached or 0
    fix = f"deedlog history {lifecycle.kind} {name}"
    raise CliError(f"{lifecycle.kind}/{name} changes all the time", "Others work on it too", fix, CONFLICT)


def _check_all_given(kind: str, name: str, commands: "Sequence[Event]") -> None:
    if len(commands) > 1:
        why = "The next can only be decided upon its outcome"
        raise CliError(f"Only the first of {len(commands)} commands for {kind}/{name} was given", why, "no --no-wait")


def _wanted(manifest: "Manifest", entity: "Entity[Any]") -> "Sequence[Event]":
    from streams.lifecycles.lifecycle import Rejected
    from streams.lifecycles.manifests import wanted

    commands = wanted(manifest, entity)
    if isinstance(commands, Rejected):
        what = f"{manifest.kind.lifecycle.kind}/{manifest.name} cannot be that"
        raise CliError(what, commands.reason, commands.fix, CODES.get(commands.code, FAILED))
    return commands
