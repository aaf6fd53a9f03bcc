from collections.abc import Iterator

import pytest

from tests.conftest import Broker
from tests.registry_server import Server, make_schemas_topic, serving


@pytest.fixture(scope="module")
def server(kafka: Broker) -> Iterator[Server]:
    """A registry that the tests of one file share."""
    with serving(kafka.bootstrap_servers, make_schemas_topic(kafka.bootstrap_servers)) as server:
        yield server
