from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.artifacts.sides import Both, Registry, Side, ours, program


def _needed(name: str) -> str:
    return program(name) or pytest.skip(f"there is no {name} in build/peers or on PATH")


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    running = Registry(_needed("olareg"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def other_registry() -> Iterator[Registry]:
    running = Registry(_needed("olareg"))
    yield running
    running.close()


@pytest.fixture
def both(registry: Registry, tmp_path: Path, request: pytest.FixtureRequest) -> Both:
    name = abs(hash(request.node.nodeid)) % 10**8
    place = f"{registry.name}/t{name}"
    return Both(Side("them", [_needed("oras")], tmp_path / "them", place), ours(tmp_path / "ours", place))
