import itertools
from collections.abc import Iterator

import pytest

from infra.kafka.ports import free_ports
from infra.oci.target import Target
from infra.registries.connecting import connect_registry
from infra.registries.options import Credential, RemoteOptions
from infra.registries.registry import Registry
from tests.contracts.targets import TargetContract
from tests.registries import PASSWORD, USER, distribution, docker_registry, olareg
from tests.token_server import ISSUER, SERVICE, serving

pytestmark = pytest.mark.registry

NUMBERS = itertools.count()
ANN = Credential(USER, PASSWORD)


class RemoteContract(TargetContract):
    @pytest.fixture
    def target(self, registry: Registry) -> Target:
        return registry.repository(f"tests/r{next(NUMBERS)}")


class TestOlareg(RemoteContract):
    @pytest.fixture(scope="class")
    @classmethod
    def registry(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
        with (
            olareg(tmp_path_factory.mktemp("olareg")) as one,
            connect_registry(one.host) as registry,
        ):
            yield registry


class TestOlaregWithoutReferrers(RemoteContract):
    @pytest.fixture(scope="class")
    @classmethod
    def registry(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
        with (
            olareg(tmp_path_factory.mktemp("olareg"), "--api-referrer=false") as one,
            connect_registry(one.host) as registry,
        ):
            yield registry


class TestDockerRegistryInPieces(RemoteContract):
    untags = False

    @pytest.fixture(scope="class")
    @classmethod
    def registry(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
        with (
            docker_registry(tmp_path_factory.mktemp("docker")) as one,
            connect_registry(one.host, RemoteOptions(credential=ANN, chunk_bytes=100_000)) as registry,
        ):
            yield registry


class TestDistributionWithTokens(RemoteContract):
    @pytest.fixture(scope="class")
    @classmethod
    def registry(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
        home, [port] = tmp_path_factory.mktemp("distribution"), free_ports(1)
        with serving(USER, PASSWORD) as tokens:
            tokens.write_jwks(home / "jwks.json")
            auth = {"realm": tokens.realm, "service": SERVICE, "issuer": ISSUER, "jwks": str(home / "jwks.json")}
            with (
                distribution(home, port, {"token": auth | {"signingalgorithms": ["ES256"]}}) as one,
                connect_registry(one.host, RemoteOptions(credential=ANN)) as registry,
            ):
                yield registry
