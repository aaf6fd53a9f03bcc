"""Rules that come from a real registry, by the real program."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.registries.connecting import connect
from infra.registries.repository import Repository
from tests.artifacts import artifact, layer
from tests.pipelines import DEEDLOG
from tests.registries import olareg
from tests.unit.infra.oci.test_signatures import EC, OTHER, cosign, public_pem
from tests.unit.infra.rules.test_installing import rule

pytestmark = pytest.mark.registry
SECONDS = 30.0


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    (tmp_path / "registry").mkdir()
    with olareg(tmp_path / "registry") as one, connect(f"{one.host}/team/rules") as repository:
        yield repository


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"DEEDLOG_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}


def deedlog(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    argv = [str(DEEDLOG), *words]
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, timeout=SECONDS, cwd=environment["HOME"]
    )


def own_rules(environment: dict[str, str]) -> list[str]:
    done = deedlog(environment, "rules", "list", "-o", "jsonl")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [one["rule"] for one in found if not one["file"].startswith("built-in/")]


def test_rules_are_installed_shown_and_removed(repository: Repository, environment: dict[str, str]) -> None:
    root = artifact(repository, layer(repository, rule("First"), "a.yaml"), tag="v1")
    done = deedlog(environment, "rules", "install", f"{repository}:v1")
    assert (done.returncode, done.stdout.strip()) == (0, root.digest), done.stderr
    assert own_rules(environment) == ["First"]
    assert f"rules  {repository}:v1" in deedlog(environment, "rules", "installed").stdout
    assert deedlog(environment, "rules", "uninstall", "rules").returncode == 0
    assert own_rules(environment) == []
    assert deedlog(environment, "rules", "uninstall", "rules").returncode == 3


def test_what_cannot_be_installed_is_said(repository: Repository, environment: dict[str, str]) -> None:
    artifact(repository, layer(repository, b"- rule: x\n  condition: nonsense\n", "a.yaml"), tag="bad")
    done = deedlog(environment, "rules", "install", f"{repository}:bad")
    assert done.returncode == 1
    assert "has errors, and is not installed" in done.stderr
    assert deedlog(environment, "rules", "install", f"{repository}:none").returncode == 3
    assert deedlog(environment, "rules", "install", str(repository)).returncode == 2
    assert own_rules(environment) == []


def test_only_rules_with_a_good_signature(repository: Repository, environment: dict[str, str], tmp_path: Path) -> None:
    root = artifact(repository, layer(repository, rule("Signed"), "a.yaml"), tag="v1")
    (tmp_path / "good.pem").write_bytes(public_pem(EC))
    (tmp_path / "other.pem").write_bytes(public_pem(OTHER))
    install = ("rules", "install", f"{repository}:v1", "--key")
    assert "It has no signatures" in deedlog(environment, *install, "good.pem").stderr
    cosign(repository, root, EC)
    assert "not made by this key" in deedlog(environment, *install, "other.pem").stderr
    assert own_rules(environment) == []
    assert deedlog(environment, *install, "good.pem").returncode == 0
    assert own_rules(environment) == ["Signed"]


def test_a_tag_is_followed_and_bad_rules_are_passed_over(repository: Repository, environment: dict[str, str]) -> None:
    artifact(repository, layer(repository, rule("First"), "a.yaml"), tag="v1")
    argv = [str(DEEDLOG), "rules", "follow", f"{repository}:v1", "--every", "1s"]
    with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True) as following:
        try:
            until(environment, ["First"])
            artifact(repository, layer(repository, b"- rule: x\n  condition: nonsense\n", "a.yaml"), tag="v1")
            assert following.stderr
            assert "what is installed stays" in next(line for line in following.stderr if "has errors" in line)
            assert own_rules(environment) == ["First"]
            artifact(repository, layer(repository, rule("Second"), "a.yaml"), tag="v1")
            until(environment, ["Second"])
        finally:
            following.send_signal(signal.SIGINT)
    assert following.returncode == 130


def until(environment: dict[str, str], wanted: list[str]) -> None:
    end = time.monotonic() + SECONDS
    while own_rules(environment) != wanted:
        assert time.monotonic() < end
        time.sleep(0.2)
