from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.artifacts.sides import Both, Side, ours
from tests.registries import Running, docker_registry, olareg, program

MEMORY = ("--store-type", "mem")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with olareg(tmp_path_factory.mktemp("registry"), *MEMORY) as running:
        yield running


@pytest.fixture(scope="session")
def other_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with olareg(tmp_path_factory.mktemp("registry"), *MEMORY) as running:
        yield running


@pytest.fixture(scope="session")
def old_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Yield a registry that knows no referrers."""
    with docker_registry(tmp_path_factory.mktemp("registry"), htpasswd=False) as running:
        yield running


@pytest.fixture
def both(registry: Running, tmp_path: Path, request: pytest.FixtureRequest) -> Both:
    return two(registry, tmp_path, request.node.nodeid)


@pytest.fixture
def both_old(old_registry: Running, tmp_path: Path, request: pytest.FixtureRequest) -> Both:
    return two(old_registry, tmp_path, request.node.nodeid)


def two(registry: Running, folder: Path, test: str) -> Both:
    """Return both sides, with repositories that no other test has."""
    place = f"{registry.host}/t{abs(hash(test)) % 10**8}"
    return Both(Side("them", [program("oras")], folder / "them", place), ours(folder / "ours", place))
