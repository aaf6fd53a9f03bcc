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
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "rules").mkdir()
    (folder / "rules/mine.yaml").write_text("[]\n")
    with pipeline(folder / "home", "e2e", rules=(str(folder / "rules"),)) as started:
        started.up()
        yield started


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The image that containers of tests are made of."""
    build_image(tmp_path_factory.mktemp("image"))
