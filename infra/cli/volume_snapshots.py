"""`deedlog volume snapshot` and what else is about snapshots of volumes."""

from typing import Any

from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import checked, kind_of, opened
from infra.cli.errors import FAILED, CliError
from infra.cli.formats import Output, structured, write
from infra.cli.progress import say
from infra.config import load_settings

KIND = "volume"


def snapshot(name: str, snapshot: str, /, *, way: Way = PLAIN) -> int:
    """Freeze what a volume holds now under a name.

    Parameters
    ----------
    name
        Name of the volume.
    snapshot
        Name of the snapshot.
    """
    from schemas.types.volumes import TakeSnapshot

    def taken(volume: Any) -> bool:
        if volume.freezing and volume.freezing.snapshot == snapshot:
            return False
        if volume.snapshot(snapshot):
            return True
        fix = f"deedlog history volume {name}"
        raise CliError(f"Snapshot {snapshot} of volume {name} was not taken", volume.trouble, fix, FAILED)

    return carry_out(kind_of(KIND), checked(name), TakeSnapshot(snapshot=checked(snapshot)), way, taken)


def delete_snapshot(name: str, snapshot: str, /, *, way: Way = PLAIN) -> int:
    """Remove a snapshot; later ones keep what they hold.

    Parameters
    ----------
    name
        Name of the volume.
    snapshot
        Name of the snapshot.
    """
    from schemas.types.volumes import DeleteSnapshot

    return carry_out(kind_of(KIND), checked(name), DeleteSnapshot(snapshot=snapshot), way)


def revert(name: str, snapshot: str, /, *, way: Way = PLAIN) -> int:
    """Make a volume hold what a snapshot holds; what was written since is lost. It must be detached.

    Parameters
    ----------
    name
        Name of the volume.
    snapshot
        Name of the snapshot.
    """
    from schemas.types.volumes import RevertVolume

    return carry_out(kind_of(KIND), checked(name), RevertVolume(snapshot=snapshot), way)


def snapshots(name: str, /, *, output: Output = "table") -> int:
    """Show the snapshots of a volume as the tree that they are, with what was written before each.

    Parameters
    ----------
    name
        Name of the volume.
    output
        table is for people; json and jsonl are one object a line, yaml is one document a snapshot.
    """
    lifecycle = kind_of(KIND)
    with opened(load_settings()) as log:
        from infra.cli.describing import snapshots as section

        volume = log.entity(lifecycle, checked(name)).state
        if output in ("table", "wide"):
            text = section(volume)
            write("\n".join(line[2:] for line in text.split("\n")[1:])) if text else say("No snapshots")
            return 0
        for record in records(volume):
            write(structured(output)(record))
    return 0


def records(volume: Any) -> list[dict[str, Any]]:
    """Return the snapshots of a volume, oldest first, each with the one below it."""
    from schemas.timestamps import format_rfc3339

    def below(layer: Any) -> str:
        while layer.parent:
            layer = volume.layer(layer.parent)
            if layer.snapshot:
                return str(layer.snapshot)
        return ""

    named = [layer for layer in volume.layers if layer.snapshot]
    return [
        {
            "name": one.snapshot,
            "parent": below(one),
            "layer": one.name,
            "taken": format_rfc3339(one.at),
            "size": one.size,
        }
        for one in named
    ]
