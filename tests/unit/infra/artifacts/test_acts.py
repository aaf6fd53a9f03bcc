"""Acts of clients: told where there is a pipeline, cheap, and never in the way of what is done."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra import config
from infra.artifacts import acts
from infra.artifacts.acts import recorded
from infra.artifacts.sending import event_of
from infra.artifacts.spool import Spool
from infra.oci.descriptors import Descriptor
from schemas.types.artifacts import ActBegan, ActFailed, ArtifactPushed

ARTIFACT = Descriptor("application/vnd.oci.image.manifest.v1+json", f"sha256:{'b' * 64}", 512, artifact_type="a/b")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DEEDLOG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DEEDLOG_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setattr(config, "_flags", {})
    monkeypatch.setattr(acts, "wake", lambda _settings: None)
    return tmp_path / "home"


def push(**more: Any) -> recorded:
    return recorded("push", registry="r.test", repository="a/b", tag="v1", descriptor=ARTIFACT, **more)


def told(home: Path) -> list[Any]:
    spool = Spool(home / acts.FOLDER)
    return [event_of(line, spool.id, "1.0") for line in spool.read()[0]]


def test_without_a_pipeline_nothing_is_written(home: Path) -> None:
    with push():
        pass
    assert not home.exists()


def test_the_home_of_an_embedded_pipeline_is_one(home: Path) -> None:
    (home / "kafka").mkdir(parents=True)
    with push(subject=f"sha256:{'c' * 64}", source="elsewhere/a"):
        assert [type(event) for event in told(home)] == [ActBegan]
    began, ended = told(home)
    assert isinstance(ended, ArtifactPushed)
    assert (ended.registry, ended.repository, ended.tag) == ("r.test", "a/b", "v1")
    assert (ended.artifact_type, ended.size, ended.source) == ("a/b", 512, "elsewhere/a")
    assert ended.act == began.act
    assert "@" in ended.by
    assert 0 < began.number < ended.number
    assert 0 < began.at <= ended.at


def test_named_brokers_are_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEDLOG_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    woken = []
    monkeypatch.setattr(acts, "wake", woken.append)
    with push():
        assert not woken
    assert len(told(home)) == 2
    assert len(woken) == 1


def test_what_fails_is_told_without_secrets(home: Path) -> None:
    (home / "kafka").mkdir(parents=True)
    with pytest.raises(ValueError, match="no"), push():
        raise ValueError("no: https://ann:hunter2@r.test/ said Bearer abcdefghijk")
    event = told(home)[1]
    assert isinstance(event, ActFailed)
    assert event.verb == "push"
    assert "hunter2" not in event.error
    assert "abcdefghijk" not in event.error


def test_a_spool_that_cannot_be_written_is_said_and_does_not_matter(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "kafka").mkdir(parents=True)
    (home / "artifacts").write_text("in the way")
    with push():
        done = True
    assert done
    assert "is not put on record" in capsys.readouterr().err


CLIENT = """
import sys
from infra.artifacts.acts import recorded
from infra.oci.descriptors import Descriptor
with recorded("pull", registry="r", repository="a", descriptor=Descriptor("m", "sha256:" + "a" * 64, 1)):
    pass
print(sorted({"confluent_kafka", "fastavro", "schemas", "subprocess"} & set(sys.modules)))
"""


def test_a_client_needs_no_kafka_for_it(home: Path) -> None:
    (home / "kafka").mkdir(parents=True)
    assert subprocess.check_output([sys.executable, "-c", CLIENT], text=True).strip() == "[]"
    assert len(told(home)) == 2


def test_an_account_without_a_name_and_a_home_has_no_pipeline(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("DEEDLOG_HOME")
    monkeypatch.setattr("os.getuid", lambda: 987_654_321)
    monkeypatch.delitem(sys.modules, "infra.config")
    with push():
        pass
    assert not home.exists()
