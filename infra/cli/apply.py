"""`deedlog apply`: make entities what manifests say."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from infra.cli.commanding import CODES, PLAIN, Way, give
from infra.cli.entities import Log, checked, opened
from infra.cli.errors import FAILED, NOT_FOUND, USAGE, CliError
from infra.cli.progress import say
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.manifests import Manifest


def apply(
    *,
    files: Annotated[tuple[str, ...], Parameter(name=("--filename", "-f"), negative="", allow_leading_hyphen=True)],
    way: Way = PLAIN,
) -> int:
    """Make entities what manifests say: create what is not there, change what is.

    Each command is given upon the version that it was decided upon: if somebody else was quicker, it is rejected with
    exit code 6, and can be given again.

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
        checked(manifest.name)
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
    from streams.lifecycles.lifecycle import Rejected
    from streams.lifecycles.manifests import wanted

    lifecycle, name = manifest.kind.lifecycle, manifest.name
    entity = log.view(lifecycle).one(name)
    commands = wanted(manifest, entity)
    if isinstance(commands, Rejected):
        exit_code = CODES.get(commands.code, FAILED)
        raise CliError(f"{lifecycle.kind}/{name} cannot be that", commands.reason, commands.fix, exit_code)
    if not commands:
        say(f"{lifecycle.kind}/{name} unchanged")
        return
    version = entity.sequence if way.if_version is None else way.if_version
    give(log, lifecycle, name, commands, replace(way, if_version=version))
