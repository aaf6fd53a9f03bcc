"""`kill -9` of the artifacts service in the middle of a run: it goes on where it was, and copies nothing twice."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from infra.config import Settings
from infra.oci.descriptors import EMPTY, Descriptor
from infra.oci.target import Target
from tests.artifacts import artifact, layer
from tests.integration.mirrors.conftest import ARTIFACTS, Deeds, repository, written
from tests.integration.worker.conftest import Service, running, wait_for
from tests.registries import Running

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

COUNT = 50
KILLS = 5
CONCURRENCY = 3
LAYER_BYTES = 256 << 10
MIRROR = """
apiVersion: deedlog.dev/v1
kind: Mirror
metadata: {{name: nightly}}
spec:
  source: {source}/app
  destination: {destination}/app
  tags: ["1.*"]
  bandwidth: 3Mi
  concurrency: {concurrency}
"""


def fill(target: Target) -> dict[str, tuple[Descriptor, ...]]:
    """Put artifacts with a bill of materials and a signature of that into a repository; return all by tag."""
    made = {}
    for number in range(COUNT):
        root = artifact(target, layer(target, os.urandom(LAYER_BYTES)), tag=f"1.{number}.0")
        sbom = artifact(target, layer(target, os.urandom(2000)), kind="application/spdx+json", subject=root)
        signature = artifact(target, layer(target, os.urandom(100)), kind="application/x-signature", subject=sbom)
        made[f"1.{number}.0"] = (root, sbom, signature)
    return made


def copied(deeds: Deeds) -> int:
    status: Any = deeds.entity("mirror", "nightly")["status"]
    return int(status["state"]["copied"])


class Killed:
    """A service that is killed and begins anew."""

    def __init__(self, stack: ExitStack, settings: Settings, folder: Path) -> None:
        self._stack, self._settings, self._folder = stack, settings, folder
        self.now = self._begin()

    def _begin(self) -> Service:
        return self._stack.enter_context(running(ARTIFACTS, self._settings, self._folder))

    def kill(self) -> None:
        self.now.process.kill()
        self.now.process.wait()
        self.now = self._begin()


def test_a_run_goes_on_where_it_was_and_nothing_is_copied_twice(
    deciding: Settings, here: Running, there: Running, tmp_path: Path
) -> None:
    deeds, made = Deeds(deciding), fill(repository(here, "app"))
    with ExitStack() as stack:
        service = Killed(stack, deciding, tmp_path)
        deeds.done(
            "apply", "-f", "-", stdin=MIRROR.format(source=here.host, destination=there.host, concurrency=CONCURRENCY)
        )
        deeds.done("mirror", "sync", "nightly")
        for kill in range(KILLS):
            least = (kill + 1) * 6
            wait_for(lambda least=least: copied(deeds) >= least, lambda: service.now.log.read_text()[-3000:])  # type: ignore[misc]
            assert deeds.phase("mirror", "nightly") == "copying"
            service.kill()
        deeds.done("wait", "mirror/nightly", "--for=synced,failing", "--timeout=120s")
    assert deeds.phase("mirror", "nightly") == "synced"
    target = repository(there, "app")
    for tag, (root, sbom, signature) in made.items():
        assert target.resolve(tag).digest == root.digest
        assert [one.digest for one in target.referrers(root)] == [sbom.digest]
        assert [one.digest for one in target.referrers(sbom)] == [signature.digest]
    counts = written(there, "app")
    # Two bytes that all artifacts share, which several that begin at once write.
    assert counts.pop(EMPTY.digest) <= CONCURRENCY
    assert len(counts) >= COUNT * 6
    assert {digest: count for digest, count in counts.items() if count != 1} == {}
    kinds = deeds.events("mirror", "nightly")
    assert kinds.count("TagCopied") == COUNT
    assert kinds[-1] == "MirroringEnded"
    history = deeds.events("artifact", made["1.7.0"][0].digest)
    assert history == ["ArtifactCopied"]
    assert deeds.events("artifact", f"{there.host}/app:1.7.0") == history
