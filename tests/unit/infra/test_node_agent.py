"""The agent of a node is alone, in its home."""

import msgspec
import pytest

from infra.config import Settings
from infra.services.node import alone
from infra.volumes.errors import EngineError


def test_a_second_agent_of_a_node_is_refused_and_one_of_another_is_not(settings: Settings) -> None:
    other = msgspec.structs.replace(settings, node="n2")
    with alone(settings), alone(other), pytest.raises(EngineError, match="has an agent already"), alone(settings):
        pytest.fail("two agents of one node")
    with alone(settings):
        pass
