"""`deedlog get`: entities as they are, or were."""

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from infra.cli.entities import Log, moment_of, opened, target
from infra.cli.errors import USAGE, CliError
from infra.cli.formats import structured, write
from infra.cli.progress import say
from infra.cli.reading import refuse_together
from infra.cli.selectors import Selector, selector
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.entity import Entity
    from streams.lifecycles.lifecycle import Lifecycle
    from streams.lifecycles.views import Moment

Form = Literal["table", "wide", "json", "jsonl", "yaml", "name"]
EntityOutput = Annotated[Form, Parameter(name=("--output", "-o"))]
Watching = Annotated[bool, Parameter(name=("--watch", "-w"), negative="", show_default=False)]
IDLE_SECONDS = 0.5


def get(
    kind: str,
    name: str | None = None,
    /,
    *,
    output: EntityOutput = "table",
    labels: Annotated[str | None, Parameter(name=("--selector", "-l"))] = None,
    at: str | None = None,
    watch: Watching = False,
) -> int:
    """Show entities of a kind, or one: as they are, or as they were at a moment.

    Parameters
    ----------
    kind
        volume, node, artifact, mirror, retention, quarantine, promotion, or their plurals; KIND/NAME is one entity.
    name
        Name of one entity.
    output
        table and wide are for people; json and jsonl are one object a line; yaml is one document an entity, which
        `deedlog apply` takes; name is KIND/NAME.
    labels
        Only those with such labels: app=web,tier!=cache,!old,zone in (a,b).
    at
        As of a time, such as 10m (ago) or 2026-11-23T09:30, or with a name of the entity's event with this number.
    watch
        Go on with each change until Ctrl-C.
    """
    (lifecycle, meant), wanted, moment = target(kind, name), selector(labels), moment_of(at)
    if watch and at:
        refuse_together("--watch", "--at", "deedlog history volume data --watch")
    if moment.sequence is not None and meant is None:
        raise CliError("--at with a number needs a name", "Each entity counts its own events", "--at 10m", USAGE)
    with opened(load_settings()) as log:
        if watch:
            return _watch(log, lifecycle, meant, wanted, output)
        return _show(log, lifecycle, meant, wanted, output, moment)


def _show(
    log: Log, lifecycle: "Lifecycle[Any]", name: str | None, wanted: Selector, output: Form, moment: "Moment"
) -> int:
    from streams.lifecycles.manifests import there

    if name is None:
        every = log.view(lifecycle).all(moment)
        found = {one: entity for one, entity in every.items() if there(lifecycle, entity) and wanted(entity.labels)}
    else:
        entity = log.entity(lifecycle, name, moment)
        found = {name: entity} if wanted(entity.labels) else {}
    # As of an event, an entity is as old as it was then.
    then = moment.time_ns if moment.sequence is None or name is None else entity.changed_ns
    show(lifecycle, found, output, then)
    return 0


def show(lifecycle: "Lifecycle[Any]", found: "dict[str, Entity[Any]]", output: Form, now_ns: int | None = None) -> None:
    """Write entities."""
    from infra.cli.entity_views import entity_record, entity_table, names

    if output in ("table", "wide"):
        if found:
            write(entity_table(lifecycle, found, now_ns or time.time_ns(), wide=output == "wide"))
        else:
            say(f"No {lifecycle.kind}s")
        return
    if output == "name":
        for line in names(lifecycle, found):
            write(line)
        return
    text = structured(output)
    for name, entity in found.items():
        write(text(entity_record(lifecycle, name, entity)))


def _watch(log: Log, lifecycle: "Lifecycle[Any]", name: str | None, wanted: Selector, output: Form) -> int:
    from infra.cli.entity_views import entity_record, head, row
    from infra.outputs.terminal import line
    from streams.lifecycles.manifests import there

    def tell(name: str, entity: "Entity[Any]") -> None:
        if not wanted(entity.labels):
            return
        if output == "name":
            write(f"{lifecycle.kind}/{name}")
        elif output in ("table", "wide"):
            cells = row(lifecycle, name, entity, time.time_ns(), wide=wide)
            seen = [cell for cell, title in zip(cells, heads, strict=True) if title != "AGE"]
            if told.get(name) == seen:
                return  # what changed has no column
            told[name] = seen
            write(line([(cell, width) for cell, width in zip(cells, widths, strict=True)]))
        else:
            write(structured(output)(entity_record(lifecycle, name, entity)))

    told: dict[str, list[str]] = {}
    wide = output == "wide"
    heads = head(lifecycle, wide=wide)
    widths = [24, 12, *(max(len(one), 10) for one in heads[2:])]
    watched = log.watch(lifecycle, name)
    if output in ("table", "wide"):
        write(line(list(zip(heads, widths, strict=True))))
    for known, entity in watched.entities().items():
        if there(lifecycle, entity):
            tell(known, entity)
    for change in watched.changes(IDLE_SECONDS):
        if change:
            tell(change.recorded.name, change.entity)
    return 0
