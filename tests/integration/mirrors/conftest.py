"""The lifecycle and the artifacts services on a real broker, and registries beside them."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from infra.config import Settings
from infra.registries.connecting import connect
from infra.registries.repository import Repository
from tests.integration.cli.conftest import Program
from tests.integration.lifecycles.conftest import MODULE as LIFECYCLES
from tests.integration.lifecycles.conftest import registered, running, service_settings
from tests.registries import Running, olareg

__all__ = ["Deeds", "registered"]

ARTIFACTS = "infra.services.artifacts"


class Deeds:
    """The program, and the settings of the services that run."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.program = Program(settings)

    def done(self, *arguments: str, stdin: str = "") -> str:
        code, out, err = self.program.run(*arguments, stdin=stdin)
        assert code == 0, f"{arguments}: {err}"
        return out

    def refused(self, *arguments: str) -> str:
        code, _, err = self.program.run(*arguments)
        assert code != 0
        return err

    def entity(self, kind: str, name: str) -> dict[str, object]:
        [found] = self.program.lines("get", kind, name, "-o", "json")
        assert isinstance(found, dict)
        return found

    def phase(self, kind: str, name: str) -> str:
        status = self.entity(kind, name)["status"]
        assert isinstance(status, dict)
        return str(status["phase"])

    def events(self, kind: str, name: str) -> list[str]:
        lines = self.program.lines("history", kind, name, "-o", "jsonl")
        return [str(one["type"]).rpartition(".")[2] for one in lines]


@pytest.fixture(scope="module")
def deciding(registered: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a lifecycle service that is ready."""
    folder = tmp_path_factory.mktemp("deciding")
    settings = service_settings(registered, folder / "home")
    with running(LIFECYCLES, settings, folder) as service:
        service.until(lambda told: told.get("READY") == "1")
        yield settings


@pytest.fixture(scope="module")
def deeds(deciding: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deeds]:
    """The program with both services."""
    folder = tmp_path_factory.mktemp("acting")
    with running(ARTIFACTS, deciding, folder) as service:
        service.until(lambda told: told.get("READY") == "1")
        yield Deeds(deciding)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with olareg(tmp_path_factory.mktemp("here")) as one:
        yield one


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with olareg(tmp_path_factory.mktemp("there"), "-v", "trace") as one:
        yield one


def repository(registry: Running, name: str) -> Repository:
    return connect(f"{registry.host}/{name}")


def written(registry: Running, name: str) -> Counter[str]:
    """Return how often each blob and each manifest was written to a repository, as the registry says."""
    log = (registry.home / "log").read_text()
    manifests = re.findall(rf"method=PUT url=\S*/v2/{name}/manifests/(sha256:[0-9a-f]+)\S* status=201", log)
    blobs = re.findall(rf'msg="blob created" repo={name} digest=(sha256:[0-9a-f]+) err=<nil>', log)
    return Counter([*(blob for blob in blobs if blob not in manifests), *manifests])
