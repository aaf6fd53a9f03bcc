"""Artifacts in histories of crashes, repetitions and lost answers: nothing needed is removed, nothing is stuck."""

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.lifecycles.simulator import Simulation
from tests.simulation.registry_world import KINDS, RegistryWorld

STEPS = int(os.environ.get("SIMULATION_STEPS", "20000"))
"""Of all seeds together."""
LENGTH = 2000
RESTS = 4


@pytest.mark.parametrize("seed", range(max(1, STEPS // LENGTH)))
def test_seeded_histories_break_no_law(seed: int) -> None:
    simulation = Simulation(KINDS, RegistryWorld(), Random(seed))
    for _ in range(RESTS):
        simulation.run(LENGTH // RESTS)
        simulation.rest()


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(1, 120))
def test_any_history_breaks_no_law(random: Random, steps: int) -> None:
    simulation = Simulation(KINDS, RegistryWorld(), random)
    simulation.run(steps)
    simulation.rest()


def test_histories_reach_what_is_to_be_tested() -> None:
    phases: set[tuple[str, str]] = set()
    for seed in range(6):
        world = RegistryWorld()
        Simulation(KINDS, world, Random(seed)).run(2000)
        phases |= world.phases
    wanted = {(kind.kind, phase) for kind in KINDS for phase in kind.phases}
    # Nothing is forgotten here, and promotions stay.
    assert wanted - phases <= {("artifact", "unknown"), ("promotion", "absent")}
