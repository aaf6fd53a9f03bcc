"""The page of lifecycles is what the deciders do."""

import logging
from random import Random

import pytest

from streams.lifecycles.diagrams import PAGE, Transition, explored, page, transitions
from streams.lifecycles.simulator import Simulation
from streams.lifecycles.views import View
from streams.volumes import VOLUMES
from tests.simulation.volume_world import VolumeWorld


def test_the_page_is_what_the_code_does() -> None:
    assert PAGE.read_text() == page(), "run: make docs"


def test_walks_find_what_happens_in_histories_that_make_sense(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    found: set[Transition] = set()
    for seed in range(5):
        simulation = Simulation([VOLUMES], VolumeWorld(), Random(seed))
        simulation.run(2000)
        view = View(VOLUMES, simulation.broker, simulation.codec)
        for name in view.all():
            found.update(transitions(VOLUMES, VOLUMES.initial, view.history(name)))
    assert len(found) > 15
    assert found <= explored(VOLUMES).transitions
