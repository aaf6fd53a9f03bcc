"""Quarantines, promotions and retentions as people use them: commands, services, and real registries."""

import json
from pathlib import Path

import pytest

from infra.artifacts.acts import recorded
from infra.artifacts.placeholders import PLACEHOLDER_TYPE
from infra.cli.artifact.main import main as run_artifact
from infra.config import take_flags
from infra.oci.manifests import parse_manifest
from infra.oci.target import read_all
from infra.registries.connecting import connect
from infra.registries.options import RemoteOptions
from tests.artifacts import artifact, layer
from tests.integration.mirrors.conftest import Deeds, repository
from tests.integration.worker.conftest import wait_for
from tests.registries import Running, docker_registry

pytestmark = [pytest.mark.kafka, pytest.mark.registry]


def until(deeds: Deeds, kind: str, name: str, phase: str) -> None:
    deeds.done("wait", f"{kind}/{name}", f"--for={phase}", "--timeout=60s")


def test_a_quarantine_bars_what_the_log_knows_and_what_is_tagged_later(
    deeds: Deeds, here: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = repository(here, "team/app")
    root = artifact(target, layer(target, b"bad"), tag="v1")
    target.tag(root, "latest")
    monkeypatch.setattr("infra.config._flags", {})
    take_flags({"home": str(deeds.settings.home), "bootstrap_servers": deeds.settings.kafka})
    with recorded("push", registry=here.host, repository="team/app", tag="v1", descriptor=root):
        pass
    wait_for(lambda: "ArtifactPushed" in _events(deeds, root.digest), lambda: str(_events(deeds, root.digest)))
    deeds.done("quarantine", "add", f"{here.host}/team/app:v1", "--reason", "it phones home", "--name", "q1")
    until(deeds, "quarantine", "q1", "barred")
    assert list(target.tags()) == ["quarantined-latest", "quarantined-v1"]
    assert deeds.phase("artifact", root.digest) == "quarantined"
    assert {"ArtifactBarred", "ArtifactTagged", "ArtifactUntagged"} <= set(_events(deeds, root.digest))
    # Somebody tags it anew, and tells.
    target.tag(root, "v2")
    with recorded("tag", registry=here.host, repository="team/app", tag="v2", descriptor=root):
        pass
    wait_for(lambda: "quarantined-v2" in target.tags() and "v2" not in target.tags(), lambda: str(list(target.tags())))
    until(deeds, "quarantine", "q1", "barred")
    page = deeds.done("describe", "quarantine", "q1")
    assert "it phones home" in page
    assert "latest,v1,v2" in page
    assert "deedlog quarantine release q1" in deeds.refused("delete", "quarantine", "q1")
    good = artifact(target, layer(target, b"good"), tag="latest")
    deeds.done("quarantine", "release", "q1", "--reason", "it was mended")
    until(deeds, "quarantine", "q1", "released")
    assert sorted(target.tags()) == ["latest", "quarantined-latest", "v1", "v2"]
    assert target.resolve("latest").digest == good.digest
    assert deeds.phase("artifact", root.digest) == "present"
    deeds.done("delete", "quarantine", "q1")


def _events(deeds: Deeds, digest: str) -> list[str]:
    code, out, _ = deeds.program.run("history", "artifact", digest, "-o", "jsonl")
    return [json.loads(line)["type"].rpartition(".")[2] for line in out.splitlines()] if code == 0 else []


def test_a_registry_that_removes_no_tags_gets_a_placeholder(
    deeds: Deeds, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with docker_registry(tmp_path, htpasswd=False) as registry:
        target = connect(f"{registry.host}/app", RemoteOptions(plain_http=True))
        root = artifact(target, layer(target, b"bad"), tag="v1")
        where = ["--repository", f"{registry.host}/app"]
        deeds.done("quarantine", "add", root.digest, "--reason", "no", "--name", "q2", *where)
        until(deeds, "quarantine", "q2", "barred,failing")
        assert deeds.phase("quarantine", "q2") == "barred", deeds.done("describe", "quarantine", "q2")
        now = target.resolve("v1")
        assert parse_manifest(read_all(target, now), now.media_type).artifact_type == PLACEHOLDER_TYPE
        assert target.resolve("quarantined-v1").digest == root.digest
        assert run_artifact(["pull", "-o", str(tmp_path / "out"), f"{registry.host}/app:v1"]) == 1
        assert "is quarantined: no\nSee: deedlog describe quarantine q2" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
        deeds.done("quarantine", "release", "q2")
        until(deeds, "quarantine", "q2", "released")
        assert target.resolve("v1").digest == root.digest


PROMOTION = """
apiVersion: deedlog.dev/v1
kind: Promotion
metadata: {{name: app-to-prod}}
spec:
  source: {host}/stage/app:v1
  destination: {host}/prod/app:v1
  require: {{sbom: true, scanBelow: high}}
"""


def test_a_promotion_says_what_is_missing_and_copies_when_it_is_there(deeds: Deeds, here: Running) -> None:
    stage, prod = repository(here, "stage/app"), repository(here, "prod/app")
    root = artifact(stage, layer(stage, b"app"), tag="v1")
    sbom = artifact(stage, layer(stage, b"{}"), kind="application/spdx+json", subject=root)
    deeds.done("apply", "-f", "-", stdin=PROMOTION.format(host=here.host))
    until(deeds, "promotion", "app-to-prod", "refused,promoted,failing")
    page = deeds.done("describe", "promotion", "app-to-prod")
    assert deeds.phase("promotion", "app-to-prod") == "refused", page
    assert "no scan refers to it" in page
    assert "deedlog artifact attach --artifact-type application/sarif+json" in page
    assert "RequirementFound" in deeds.events("promotion", "app-to-prod")
    artifact(stage, layer(stage, b'{"runs": []}'), kind="application/sarif+json", subject=root)
    deeds.done("promotion", "run", "app-to-prod", "--wait")
    assert deeds.phase("promotion", "app-to-prod") == "promoted"
    assert prod.resolve("v1").digest == root.digest
    assert sbom.digest in [one.digest for one in prod.referrers(root)]
    assert deeds.events("promotion", "app-to-prod")[-1] == "ArtifactPromoted"
    assert deeds.events("artifact", f"{here.host}/prod/app:v1") == ["ArtifactCopied"]


RETENTION = """
apiVersion: deedlog.dev/v1
kind: Retention
metadata: {{name: nightlies}}
spec:
  repository: {host}/nightly/app
  newest: 1
  keep: ["release-*"]
"""


def test_a_retention_says_what_would_go_and_removes_it(deeds: Deeds, here: Running) -> None:
    target = repository(here, "nightly/app")
    made = {tag: artifact(target, layer(target, tag.encode()), tag=tag) for tag in ("n1", "n2", "n3", "release-1")}
    sbom = artifact(target, layer(target, b"sbom"), kind="application/spdx+json", subject=made["n1"])
    deeds.done("apply", "-f", "-", stdin=RETENTION.format(host=here.host))
    foretold = deeds.program.run("retention", "run", "nightlies", "--dry-run", "-o", "jsonl")
    would = {json.loads(line)["digest"] for line in foretold[1].splitlines()}
    assert len(list(target.tags())) == 4
    assert made["release-1"].digest not in would
    deeds.done("retention", "run", "nightlies", "--wait")
    assert deeds.phase("retention", "nightlies") == "done"
    left = {target.resolve(tag).digest for tag in target.tags()}
    assert {made["release-1"].digest} < left
    assert len(left) == 2
    assert not would & left
    assert target.exists(sbom) == (made["n1"].digest in left)
    kinds = deeds.events("retention", "nightlies")
    assert kinds.count("ArtifactRemoved") == len(would)
    gone = next(iter(would - {sbom.digest}))
    assert "ArtifactDeleted" in _events(deeds, gone)


MIRROR = """
apiVersion: deedlog.dev/v1
kind: Mirror
metadata: {name: m}
spec: {source: r.test/a, destination: r.test/b}
"""


def test_entities_are_shown_explained_and_compared(deeds: Deeds) -> None:
    foretold = deeds.done("apply", "-f", "-", "--dry-run", stdin=MIRROR.replace("/b}", "/b, every: 1h}"))
    assert "mirroring began" in foretold
    deeds.done("apply", "-f", "-", stdin=MIRROR)
    assert deeds.phase("mirror", "m") == "idle"
    for kind in ("artifact", "mirror", "retention", "promotion"):
        assert deeds.done("get", f"{kind}s", "-o", "wide").count("\n") >= 2
    assert "version" in deeds.done("diff", "promotion", "app-to-prod", "--at", "1")
    assert "effect check/1" in deeds.done("explain", "promotion/app-to-prod/1")
    assert "surveying" in deeds.done("get", "retention", "nightlies", "--at", "2")
    yaml = deeds.done("get", "promotion", "app-to-prod", "-o", "yaml")
    deeds.done("apply", "-f", "-", stdin=yaml)
