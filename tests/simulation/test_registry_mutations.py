"""Broken on purpose, one law at a time: the simulator notices, so its histories reach what matters."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from streams.artifacts import telling
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.simulator import Simulation
from streams.mirrors import deciding as mirrors
from streams.quarantines import deciding as quarantines
from tests.simulation.registry_world import KINDS, RegistryWorld

SEEDS = range(12)
LENGTH = 1500


def _removes_without_looking(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.simulation.registry_world.RegistryWorld._remove", _removes_at_once)


def _removes_at_once(world: RegistryWorld, effect: str, action: Any) -> Any:
    from schemas.types.retentions import ArtifactsRemoved, Removal

    repository = world.repositories[action.spec.repository]
    for digest in action.digests:
        repository.manifests.pop(digest, None)
    return ArtifactsRemoved(effect=effect, removed=tuple(Removal(digest=one) for one in action.digests))


def _never_ends_a_run(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mirrors, "_with_end", lambda _state, events: tuple(events))


def _never_ends_a_release(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(quarantines, "_with_end", lambda _state, events: events)


def _overlooks_new_tags(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(telling, "_quarantines", lambda _state, _event: ())
    patch.setattr(quarantines, "_seen", lambda _state, _body: ())


MUTATIONS = (
    _removes_without_looking,
    _never_ends_a_run,
    _never_ends_a_release,
    _overlooks_new_tags,
)


def breaks(kinds: tuple[Lifecycle[Any], ...]) -> bool:
    for seed in SEEDS:
        simulation = Simulation(kinds, RegistryWorld(), Random(seed))
        try:
            for _ in range(3):
                simulation.run(LENGTH // 3)
                simulation.rest()
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.__name__.strip("_"))
def test_a_broken_law_is_noticed(
    mutation: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    assert breaks(KINDS)
