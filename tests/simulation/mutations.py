"""Laws of the volume broken on purpose, one at a time: what the simulator is there to find."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from schemas.types.volumes import ReplicaFailed, ReplicasLost
from streams.lifecycles.lifecycle import Event
from streams.volumes.state import Replica, Volume

# `streams.volumes.evolving` is also the name of what is in it.
EVOLVING: Final = import_module("streams.volumes.evolving")
FOLLOWING: Final = import_module("streams.volumes.following")
OBSERVED: Final = import_module("streams.volumes.observed")
REMEMBERING: Final = import_module("streams.lifecycles.evolving")


class Mutation(msgspec.Struct, frozen=True):
    """What is put in place of what, and in how many histories it must be found."""

    name: str
    changes: tuple[tuple[Any, str, Callable[..., Any]], ...]
    seeds: int
    often: bool = False
    """Whether it is tried each time: those that are found soon."""


def _running_count(_state: Volume, replica: Replica) -> bool:
    return replica.mode == "running"


def _lost_though_leaving(state: Volume, replica: Replica, reason: str, *, clean: bool = False) -> Any:
    del clean
    others = [one for one in state.in_mode("running") if one.name != replica.name]
    if others:
        return (ReplicaFailed(replica=replica.name, reason=reason),)
    return (ReplicasLost(generation=state.generation + 1, reason=reason),)


def _written_does_not_count(replica: Replica, _lost: Any) -> tuple[str]:
    return (replica.name,)


def _nobody_missed(_state: Volume, _took: Any, _besides: str = "") -> tuple[Event, ...]:
    return ()


def _nobody_dropped(state: Volume, _name: str) -> tuple[str, ...]:
    return state.dropping


def _nothing_remembered(_entity: Any, _recorded: Any) -> dict[str, Any]:
    return {}


def _never_behind(_state: Volume, _complete: Any) -> tuple[Event, ...]:
    return ()


def _readied_though_not_clean(state: Volume, body: Any) -> Any:
    return _CONTROLLER_DIED(state, replace(body, clean=True, replicas=tuple(r.name for r in state.in_mode("running"))))


_CONTROLLER_DIED: Final = OBSERVED._controller_died

MUTATIONS: Final = (
    Mutation(
        "it does not count which replica was written last",
        ((FOLLOWING, "_likely_complete", _written_does_not_count), (FOLLOWING, "_written", lambda _replica: 0)),
        seeds=60,
        often=True,
    ),
    Mutation(
        "a controller that died counts as one that ended in good order",
        ((OBSERVED, "_controller_died", _readied_though_not_clean),),
        seeds=30,
        often=True,
    ),
    Mutation("commands are not remembered", ((REMEMBERING, "_remembered", _nothing_remembered),), seeds=15, often=True),
    Mutation(
        "a replica that did not freeze its head stays a member", ((OBSERVED, "_missed", _nobody_missed),), seeds=60
    ),
    Mutation("a controller is not asked to drop a replica", ((EVOLVING, "_dropping", _nobody_dropped),), seeds=80),
    Mutation(
        "a replica that fell behind its controller stays complete",
        ((OBSERVED, "_fell_behind", _never_behind),),
        seeds=80,
    ),
    Mutation(
        "of replicas lost together, one that failed a moment before does not count",
        ((EVOLVING, "_may_count", _running_count),),
        seeds=100,
    ),
    Mutation(
        "a replica that is leaving counts as complete", ((OBSERVED, "lost_member", _lost_though_leaving),), seeds=100
    ),
)
