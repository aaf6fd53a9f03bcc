from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.volumes import Node


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Callable[[str], Node]]:
    """Make nodes that know each other; none of their engines is left when the test ends."""
    made: dict[str, Node] = {}

    def node(name: str) -> Node:
        made[name] = Node(tmp_path, tmp_path / "tls", name)
        for one in made.values():
            one.nodes = made
        return made[name]

    yield node
    for one in made.values():
        one.kill_all()


@pytest.fixture
def node(nodes: Callable[[str], Node]) -> Node:
    return nodes("n1")
