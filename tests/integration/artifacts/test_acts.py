"""What is done in registries is put on record where there is a pipeline, and nowhere else."""

import sys
from pathlib import Path

import pytest

from infra.artifacts.spool import Spool
from tests.integration.artifacts.sides import CREATED, Side
from tests.registries import Running

pytestmark = pytest.mark.registry


@pytest.fixture
def recorded(registry: Running, tmp_path: Path) -> Side:
    """Return our command line, with a home that has a broker."""
    (tmp_path / "home-of-pipeline" / "kafka").mkdir(parents=True)
    command = [sys.executable, "-m", "infra.cli.entry", "--home", str(tmp_path / "home-of-pipeline"), "artifact"]
    return Side("ours", command, tmp_path, f"{registry.host}/{tmp_path.name.lower().replace('_', '-')}")


def acts(side: Side) -> list[tuple[str, str, str]]:
    """Return verb, tag and end of what was recorded."""
    lines, _ = Spool(side.folder / "home-of-pipeline" / "artifacts" / "spool").read()
    records = [line.record for line in lines]
    return [(one.verb, one.fields.get("tag", ""), one.half) for one in records if one.half != "began"]


def test_acts_are_on_record(recorded: Side) -> None:
    recorded.write("hi.txt", "hello\n")
    dated = ("-a", CREATED)
    for words in (
        ("push", *dated, "{repo}:v1,v2", "hi.txt"),
        ("attach", *dated, "--artifact-type", "a/b", "{repo}:v1"),
        ("pull", "{repo}:v1", "-o", "got"),
        ("cp", "{repo}:v1", "{repo}2:v1"),
        ("tag", "{repo}:v1", "v3"),
        ("tag", "--remove", "{repo}:v3"),
        ("manifest", "delete", "-f", "{repo}:v2"),
    ):
        done = recorded.run(*words)
        assert done.code == 0, done.err
    assert acts(recorded) == [
        ("push", "v1", "ended"),
        ("tag", "v2", "ended"),
        ("attach", "", "ended"),
        ("pull", "v1", "ended"),
        ("copy", "v1", "ended"),
        ("tag", "v3", "ended"),
        ("untag", "v3", "ended"),
        ("delete", "v2", "ended"),
    ]


def test_what_failed_is_on_record_too(recorded: Side) -> None:
    recorded.write("hi.txt", "hello\n")
    assert recorded.run("push", "-a", CREATED, "{repo}:v1", "hi.txt").code == 0
    (recorded.folder / "got").mkdir()
    (recorded.folder / "got" / "hi.txt").write_text("old")
    assert recorded.run("pull", "-k", "{repo}:v1", "-o", "got").code == 1
    assert acts(recorded)[-1] == ("pull", "v1", "failed")


def test_layouts_are_files_like_others(recorded: Side) -> None:
    recorded.write("hi.txt", "hello\n")
    assert recorded.run("push", "-a", CREATED, "--oci-layout", "layout:v1", "hi.txt").code == 0
    assert not (recorded.folder / "home-of-pipeline" / "artifacts").exists()
