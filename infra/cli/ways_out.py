"""What people can do about an entity that is not well, or whether they have to do anything."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from infra.cli.artifact_ways import ARTIFACT_WAYS
from infra.cli.entities import joined
from infra.outputs.terminal import local_time
from streams.lifecycles.entity import Entity
from streams.lifecycles.lifecycle import Lifecycle
from streams.volumes.state import Replica, Volume, phase

COMING: Final = ("building", "empty", "starting", "joining", "settling")


def ways_out(lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> list[str]:
    """Return what can be done, the best first; nothing if all is well."""
    if (own := OWN.get(lifecycle.state_type)) and (lines := list(own(name, entity))):
        return lines
    failed = lifecycle.phases[lifecycle.phase(entity.state)].kind == "failed"
    return [getattr(entity.state, "fix", "") or f"deedlog delete {lifecycle.kind} {name}"] if failed else []


def _volume(name: str, entity: Entity[Volume]) -> Iterator[str]:
    volume = entity.state
    if volume.fault:
        yield from _faulted(name, volume)
    elif volume.repair_given_up:
        yield f"mend what is wrong, then: deedlog volume repair {name}"
    elif any(one.id.startswith("find-nodes/") and one.error for one in entity.waiting):
        yield "start an agent on another node, or uncordon one: deedlog get nodes"
    elif phase(volume) == "degraded":
        yield _repairing(name, volume)
    elif phase(volume) == "detached" and len(volume.in_mode("resting")) < volume.wanted:
        yield f"nothing: the missing replicas are made when it is served again: deedlog volume attach {name}"


def _faulted(name: str, volume: Volume) -> Iterator[str]:
    if failed := volume.in_mode("failed"):
        yield f"deedlog volume salvage {name} --replica REPLICA: goes on with what it holds; what others hold is lost"
        yield from (f"  {one.name} on {one.node}, {_holds(volume, one)}" for one in failed)
        yield f"deedlog volume delete {name}: gives up all that it holds"
    elif volume.fix:
        yield volume.fix


def _holds(volume: Volume, replica: Replica) -> str:
    if replica.inspected is None:
        return "not looked at"
    if not replica.inspected.usable:
        return "not readable"
    # One that ended while it was to join has a head that is no layer of the volume yet.
    complete = volume.layer(replica.inspected.head) is not None
    return f"written last {local_time(replica.inspected.written_ns)}" if complete else "never complete"


def _repairing(name: str, volume: Volume) -> str:
    coming = joined((f"{one.name} on {one.node}" for one in volume.in_mode(*COMING)), "another replica")
    return f"nothing: {coming} is being built up; deedlog get volume {name} --watch"


OWN: Final[Mapping[type, Callable[[str, Entity[Any]], Iterator[str]]]] = {Volume: _volume, **ARTIFACT_WAYS}
