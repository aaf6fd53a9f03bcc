"""`deedlog diff`: what changed of an entity between two moments."""

import difflib
from typing import Annotated

from cyclopts import Parameter

from infra.cli.entities import moment_of, one_target, opened
from infra.cli.errors import USAGE, CliError
from infra.cli.formats import as_yaml, write
from infra.cli.progress import say
from infra.config import load_settings


def diff(
    kind: str,
    name: str | None = None,
    /,
    *,
    at: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
) -> int:
    """Show what changed of an entity between two moments, as a diff of what `deedlog get -o yaml` shows.

    Parameters
    ----------
    kind
        volume, node, artifact, mirror, retention, quarantine or promotion; or KIND/NAME, and no name.
    name
        Name of the entity.
    at
        Once: from then until now; twice: from the first to the second. A time, such as 10m (ago) or
        2026-11-23T09:30, or the number of an event.
    """
    lifecycle, meant = one_target(kind, name)
    if not 1 <= len(at) <= 2:
        fix = f"deedlog diff {lifecycle.kind} {meant} --at 1h --at now"
        raise CliError(f"--at is given {len(at)} times", "It takes one or two moments", fix, USAGE)
    with opened(load_settings()) as log:
        from infra.cli.entity_views import entity_record

        view = log.view(lifecycle)
        before, after = (view.one(meant, moment_of(text)) for text in (*at, None)[:2])
        if not before.sequence and not after.sequence:
            log.entity(lifecycle, meant)
        texts = [as_yaml(entity_record(lifecycle, meant, one)).splitlines()[1:] for one in (before, after)]
        heads = [f"{lifecycle.kind}/{meant} version {one.sequence}" for one in (before, after)]
        for line in difflib.unified_diff(texts[0], texts[1], heads[0], heads[1], lineterm=""):
            write(line)
        if texts[0] == texts[1]:
            say("Nothing changed")
    return 0
