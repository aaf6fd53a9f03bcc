"""`deedlog snapshots`: the folds that the lifecycle service keeps to save time."""

from typing import TYPE_CHECKING

from infra.cli.entities import opened
from infra.cli.errors import FAILED
from infra.cli.formats import Output, structured, write
from infra.cli.tables import table
from infra.config import load_settings

if TYPE_CHECKING:
    from streams.lifecycles.snapshots import Difference

HEAD = ("KIND", "PARTITION", "ENTITIES", "RESULT")


def verify(*, output: Output = "table") -> int:
    """Compare each snapshot with its events from the first on. Exit code 1 if one differs.

    What differs is not used any more once its file is deleted: snapshots save time, and nothing else.

    Parameters
    ----------
    output
        table is for people; json and jsonl are one object a line, yaml is one document a snapshot.
    """
    with opened(load_settings()) as log:
        from streams.lifecycles.kinds import LIFECYCLES
        from streams.lifecycles.log import Place

        found = [
            log.snapshots.verify(lifecycle, Place(lifecycle.events.name, number), log.history, log.codec)
            for lifecycle in LIFECYCLES
            for number in range(log.history.partitions(lifecycle.events.name))
        ]
    if output in ("table", "wide"):
        write(table(HEAD, [(one.kind, one.partition, one.entities, result(one)) for one in found]))
    else:
        for one in found:
            write(structured(output)(one))
    return FAILED if any(one.different for one in found) else 0


def result(found: "Difference") -> str:
    """Return in words what verifying a snapshot found."""
    return found.problem or (f"different: {', '.join(found.different)}" if found.different else "equal")
