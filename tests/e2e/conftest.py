import os
from collections.abc import Iterator

import pytest

from tests.pipelines import Pipeline, pipeline
from tests.podman import build_image


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A whole pipeline for the tests of a module."""
    if os.geteuid():
        pytest.skip("the node agent is run by root")
    with pipeline(tmp_path_factory.mktemp("pipeline") / "home", "e2e") as started:
        started.up()
        yield started


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The image that containers of tests are made of."""
    build_image(tmp_path_factory.mktemp("image"))
