from collections.abc import Iterator

import pytest

from infra.kafka.ports import free_ports
from schemas.registry import HttpRegistry, RefusedSchemaError, RegistryUnavailableError
from tests.conftest import Broker
from tests.contracts.registries import RegistryContract, record
from tests.registry_server import Server, make_schemas_topic, serving

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def server(kafka: Broker) -> Iterator[Server]:
    with serving(kafka.bootstrap_servers, make_schemas_topic(kafka.bootstrap_servers)) as server:
        yield server


class TestHttpRegistry(RegistryContract):
    @pytest.fixture
    def registry(self, server: Server) -> HttpRegistry:
        return HttpRegistry(server.url)


def test_the_next_url_is_asked_if_one_does_not_answer(server: Server) -> None:
    [dead] = free_ports(1)
    registry = HttpRegistry(f"http://127.0.0.1:{dead}, {server.url}/")
    schema = record()
    assert registry.schema(registry.register("several", schema)) == schema


def test_user_and_password_are_sent_but_never_shown(server: Server) -> None:
    schema = record()
    registry = HttpRegistry(server.url.replace("//", "//ann:p%2Fw@"))
    assert registry.schema(registry.register("secret", schema)) == schema
    with pytest.raises(RegistryUnavailableError) as caught:
        HttpRegistry(server.url.replace("//", "//ann:p%2Fw@") + "/elsewhere").schema(1)
    assert "p%2Fw" not in str(caught.value)
    assert "404" in str(caught.value)


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    schema = record()
    registry = HttpRegistry(server.url)
    assert registry.schema(registry.register("proxy", schema)) == schema


def test_a_mode_can_be_required(server: Server) -> None:
    registry = HttpRegistry(server.url)
    registry.require("required/mode", "NONE")
    assert server.call("GET", "/config/required%2Fmode") == (200, {"compatibilityLevel": "NONE"})
    with pytest.raises(RefusedSchemaError, match="SOMETIMES"):
        registry.require("required/mode", "SOMETIMES")  # type: ignore[arg-type]


def test_a_schema_that_is_no_record_is_unknown_to_us(server: Server) -> None:
    _, answer = server.register("no-record", ["null", "string"])
    with pytest.raises(LookupError, match="is no Avro record"):
        HttpRegistry(server.url).schema(answer["id"])
