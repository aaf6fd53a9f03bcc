"""Volumes in histories of crashes, repetitions and lost answers: nothing flushed is lost, nothing is stuck."""

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.lifecycles.simulator import Simulation
from streams.volumes import VOLUMES
from tests.simulation.volume_world import VolumeWorld

STEPS = int(os.environ.get("SIMULATION_STEPS", "20000"))
"""Of all seeds together."""
LENGTH = 2000
"""Steps of one seed: a volume takes a hundred to be served, and what comes then is what matters."""
RESTS = 4


@pytest.mark.parametrize("seed", range(max(1, STEPS // LENGTH)))
def test_seeded_histories_break_no_law(seed: int) -> None:
    simulation = Simulation([VOLUMES], VolumeWorld(), Random(seed))
    for _ in range(RESTS):
        simulation.run(LENGTH // RESTS)
        simulation.rest()


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(1, 120))
def test_any_history_breaks_no_law(random: Random, steps: int) -> None:
    simulation = Simulation([VOLUMES], VolumeWorld(), random)
    simulation.run(steps)
    simulation.rest()
