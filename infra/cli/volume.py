"""`deedlog volume`: block devices that are kept several times."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import checked, kind_of, opened
from infra.cli.errors import FAILED, USAGE, CliError
from infra.cli.formats import write
from infra.cli.get import EntityOutput, get
from infra.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.types.volumes import CreateVolume

AntiAffinity = Literal["required", "preferred"]
Nodes = Annotated[tuple[str, ...], Parameter(name="--node", negative="", show_default=False)]
KIND = "volume"


def create(
    name: str,
    /,
    *,
    size: str | None = None,
    replicas: int = 2,
    nodes: Nodes = (),
    anti_affinity: AntiAffinity = "preferred",
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    labels: Annotated[tuple[str, ...], Parameter(name="--label", negative="", show_default=False)] = (),
    way: Way = PLAIN,
) -> int:
    """Make a volume, empty or as a clone of another.

    Parameters
    ----------
    name
        Name of the volume.
    size
        Such as 10Gi; of a clone that of its source.
    replicas
        How many copies.
    nodes
        Node that replicas may be on, may be repeated; by default any.
    anti_affinity
        required: no two replicas on one node, ever; preferred: only if there are too few nodes.
    from_
        Volume to clone, VOLUME or VOLUME@SNAPSHOT.
    labels
        Label, such as app=web, may be repeated.
    """
    if size is None and from_ is None:
        fix = f"deedlog volume create {name} --size 10Gi"
        raise CliError("How large?", "A volume that is no clone needs --size", fix, USAGE)
    command = creation(size, replicas, nodes, anti_affinity, from_, labels)
    return _give(name, command, way, nodes=nodes)


def clone(source: str, name: str, /, *, replicas: int = 2, nodes: Nodes = (), way: Way = PLAIN) -> int:
    """Make a volume that begins with what another holds.

    Parameters
    ----------
    source
        VOLUME, as it is now, or VOLUME@SNAPSHOT.
    name
        Name of the new volume.
    replicas
        How many copies.
    nodes
        Node that replicas may be on, may be repeated; by default any.
    """
    return _give(name, creation(None, replicas, nodes, "preferred", source, ()), way, nodes=nodes)


def creation(
    size: str | None,
    replicas: int,
    nodes: tuple[str, ...],
    anti_affinity: str,
    source: str | None,
    labels: tuple[str, ...],
) -> "CreateVolume":
    """Return the command that makes a volume. Raises CliError."""
    from infra.cli.selectors import changes
    from schemas.types.volumes import CreateVolume

    volume, _, snapshot = (source or "").partition("@")
    return CreateVolume(
        size=0 if size is None else size_of("--size", size),
        replicas=replicas,
        anti_affinity=anti_affinity,
        nodes=nodes,
        labels=changes(labels)[0],
        source_volume=checked(volume) if source is not None else "",
        source_snapshot=checked(snapshot) if snapshot else "",
    )


def size_of(flag: str, text: str) -> int:
    """Return the bytes that a flag was given. Raises CliError."""
    from streams.lifecycles.sizes import parse_size

    try:
        return parse_size(text)
    except ValueError as error:
        raise CliError(f"{flag} {text} is no size", str(error), f"{flag} 10Gi", USAGE) from None


def attach(name: str, /, *, node: Annotated[str, Parameter(show_default=False)] = "", way: Way = PLAIN) -> int:
    """Serve a volume on a node; `deedlog volume endpoint` then says where.

    Parameters
    ----------
    name
        Name of the volume.
    node
        Node; by default that of its first replica.
    """
    from schemas.types.volumes import AttachVolume

    return _give(name, AttachVolume(node=node), way, lambda volume: volume.controller is not None, (node,))


def detach(name: str, /, *, way: Way = PLAIN) -> int:
    """End serving a volume.

    Parameters
    ----------
    name
        Name of the volume.
    """
    from schemas.types.volumes import DetachVolume

    return _give(name, DetachVolume(), way, lambda volume: not volume.active)


def replicas(name: str, count: int, /, *, way: Way = PLAIN) -> int:
    """Have another number of copies.

    Parameters
    ----------
    name
        Name of the volume.
    count
        How many.
    """
    from schemas.types.volumes import ChangeReplicas

    command = ChangeReplicas(replicas=count)
    return _give(name, command, way, lambda volume: not volume.controller or len(volume.in_mode("running")) == count)


def repair(name: str, /, *, way: Way = PLAIN) -> int:
    """Try again what was given up: to place, build and join replicas.

    Parameters
    ----------
    name
        Name of the volume.
    """
    from schemas.types.volumes import RepairVolume

    return _give(name, RepairVolume(), way, lambda volume: len(volume.in_mode("running", "resting")) >= volume.wanted)


def salvage(name: str, /, *, replica: Annotated[str, Parameter(show_default=False)] = "", way: Way = PLAIN) -> int:
    """Make a faulted volume usable with what one replica holds; what only others hold is lost.

    Parameters
    ----------
    name
        Name of the volume.
    replica
        Name of the replica; by default the one that was written last.
    """
    from schemas.types.volumes import SalvageVolume

    return _give(name, SalvageVolume(replica=replica), way)


def endpoint(name: str, /) -> int:
    """Print the URI under which a volume is served on its node, for programs that speak NBD.

    Parameters
    ----------
    name
        Name of the volume.
    """
    lifecycle = kind_of(KIND)
    with opened(load_settings()) as log:
        entity = log.entity(lifecycle, checked(name))
        if entity.state.controller is None:
            why = f"It is {lifecycle.phase(entity.state)}"
            attach = lifecycle.phase(entity.state) == "detached"
            fix = f"deedlog volume attach {name}" if attach else f"deedlog wait volume/{name} --for=attached"
            raise CliError(f"Volume {name} is not served", why, fix, FAILED)
        write(entity.state.controller.endpoint)
    return 0


def list_(
    *, output: EntityOutput = "table", labels: Annotated[str | None, Parameter(name=("--selector", "-l"))] = None
) -> int:
    """Show the volumes.

    Parameters
    ----------
    output
        table and wide are for people; json and jsonl are one object a line; yaml is one document a volume; name is
        volume/NAME.
    labels
        Only those with such labels: app=web,tier!=cache.
    """
    return get(KIND, output=output, labels=labels)


def delete(name: str, /, *, way: Way = PLAIN) -> int:
    """Delete a volume and all it holds; its history stays.

    Parameters
    ----------
    name
        Name of the volume.
    """
    from infra.cli.delete import delete as delete_

    return delete_(KIND, name, way=way)


def _give(
    name: str, command: Any, way: Way, done: "Callable[[Any], bool] | None" = None, nodes: tuple[str, ...] = ()
) -> int:
    return carry_out(kind_of(KIND), checked(name), command, way, done, nodes)
