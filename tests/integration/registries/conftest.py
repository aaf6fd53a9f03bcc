"""Registries for all tests of one module."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from infra.kafka.ports import free_ports
from infra.registries import connecting
from infra.registries.options import DEFAULTS, RemoteOptions
from infra.registries.registry import Registry
from infra.registries.repository import Repository
from tests.registries import PASSWORD, USER, Running, distribution, docker_registry, olareg
from tests.token_server import ISSUER, SERVICE, TokenServer, serving


@pytest.fixture(scope="module")
def with_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A registry with the referrers API, open to all."""
    with olareg(tmp_path_factory.mktemp("olareg")) as one:
        yield one


@pytest.fixture(scope="module")
def without_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A registry without the referrers API, open to all."""
    with docker_registry(tmp_path_factory.mktemp("docker"), htpasswd=False) as one:
        yield one


@pytest.fixture(scope="module")
def with_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A registry that asks for name and password."""
    with docker_registry(tmp_path_factory.mktemp("docker")) as one:
        yield one


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    """A token server."""
    with serving(USER, PASSWORD) as server:
        yield server


@pytest.fixture(scope="module")
def with_tokens(tmp_path_factory: pytest.TempPathFactory, tokens: TokenServer) -> Iterator[Running]:
    """A registry that asks for bearer tokens."""
    home = tmp_path_factory.mktemp("distribution")
    tokens.write_jwks(home / "jwks.json")
    auth = {"realm": tokens.realm, "service": SERVICE, "issuer": ISSUER, "jwks": str(home / "jwks.json")}
    [port] = free_ports(1)
    with distribution(home, port, {"token": auth | {"signingalgorithms": ["ES256"]}}) as one:
        yield one


@pytest.fixture
def connect() -> Iterator[Callable[..., Repository]]:
    """Connect to repositories, whose connections end with the test."""
    with ExitStack() as stack:
        yield lambda reference, options=DEFAULTS: stack.enter_context(connecting.connect(reference, options))


@pytest.fixture
def connect_registry() -> Iterator[Callable[..., Registry]]:
    """Connect to registries, whose connections end with the test."""
    with ExitStack() as stack:

        def connected(host: str, options: RemoteOptions = DEFAULTS) -> Registry:
            return stack.enter_context(connecting.connect_registry(host, options))

        yield connected
