"""What the page of recipes shows can be given: commands are understood, manifests complete, programs run."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from infra.cli.artifact.main import prepare
from infra.oci.layout import Layout
from infra.registries.connecting import connect
from infra.registries.registries_conf import parse_registries_conf
from streams.lifecycles.kinds import MANIFESTS
from streams.lifecycles.lifecycle import Rejected
from streams.lifecycles.manifests import Manifest, parse_manifests
from tests.registries import Running, docker_registry

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs/how-to/artifacts.md").read_text()
VERBS = re.findall(r"^    deedlog artifact (.+?)(?:\s+#.*|\s+<.*)?$", PAGE, re.MULTILINE)
YAML = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PROGRAMS = dict(re.findall(r"^### (.+?)$.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("words", VERBS)
def test_commands_are_understood(words: str) -> None:
    prepared = prepare(tuple(shlex.split(words)))
    assert prepared is not None


def manifests() -> Iterator[Manifest]:
    for text in YAML:
        yield from parse_manifests(text, MANIFESTS)


def test_manifests_are_taken_and_show_every_field() -> None:
    found = list(manifests())
    assert [one.kind.kind for one in found] == ["Mirror", "Retention", "Quarantine", "Promotion"]
    for one, text in zip(found, YAML, strict=True):
        commands = one.kind.commands(one.spec, one.kind.lifecycle.initial, {})
        assert not isinstance(commands, Rejected)
        assert len(commands) == 1
        names = [field.encode_name for field in msgspec.structs.fields(one.spec)]
        missing = [name for name in names if f"{name}:" not in text]
        assert not missing, one.kind.kind


def test_the_registries_conf_can_be_read() -> None:
    [text] = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    conf = parse_registries_conf(text.encode())
    assert conf.registry[0].mirror[0].location == "localhost:5000/cache"
    assert conf.aliases == {"app": "registry.example/team/app"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with docker_registry(tmp_path_factory.mktemp("registry"), htpasswd=False) as one:
        yield one


def run(title: str, registry: Running, folder: Path) -> str:
    """Run a program of the page, with nothing but the address exchanged."""
    assert "localhost:5000" in PROGRAMS[title]
    program = PROGRAMS[title].replace("localhost:5000", registry.host)
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.mark.registry
def test_programs_push_and_copy(registry: Running, tmp_path: Path) -> None:
    assert all(len([line for line in program.splitlines() if line.strip()]) < 12 for program in PROGRAMS.values())
    (tmp_path / "notes.md").write_text("what is noted")
    assert run("Push files", registry, tmp_path) == ""
    with connect(f"{registry.host}/team/notes") as repository:
        root = repository.resolve("v1")
    assert run("Look, pull, copy", registry, tmp_path) == f"{root.digest}\n"
    assert (tmp_path / "there/notes.md").read_text() == "what is noted"
    assert Layout(tmp_path / "layout").resolve("v1").digest == root.digest
