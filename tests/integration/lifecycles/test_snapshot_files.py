"""Snapshots of the service: used by who looks, verified, left aside when they are damaged."""

from pathlib import Path

import pytest

from infra.config import Settings
from producers.publisher import Publisher
from tests.integration.cli.conftest import Program
from tests.integration.lifecycles.conftest import MODULE, node_events, report, running, service_settings
from tests.integration.worker.conftest import wait_for

pytestmark = pytest.mark.kafka


def test_a_snapshot_says_what_its_events_say_until_it_is_damaged(registered: Settings, tmp_path: Path) -> None:
    settings = service_settings(registered, tmp_path / "home")
    deedlog = Program(settings)
    with Publisher(settings.kafka, settings.registry, source="/test") as publisher:
        for number in range(20):
            report(publisher, f"snap-{number}")
    with running(MODULE, settings, tmp_path) as service:
        wait_for(lambda: len(node_events(settings)) >= 20, lambda: "not decided")
        assert service.end()[0] == 0
    files = sorted((settings.home / "lifecycles").glob("node-*.snapshot"))
    assert len(files) > 1
    found = deedlog.lines("snapshots", "verify", "-o", "json")
    assert sum(one["entities"] for one in found) == 20
    assert not any(one["different"] for one in found)
    nodes = deedlog.run("get", "nodes", "-o", "json")

    whole = files[0].read_bytes()
    files[0].write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert deedlog.run("get", "nodes", "-o", "json")[:2] == nodes[:2]
    code, out, _ = deedlog.run("snapshots", "verify")
    assert code == 0
    assert "no snapshot that can be used" in out

    with running(MODULE, settings, tmp_path) as service:
        told = service.until(lambda told: "20 nodes" in told.get("STATUS", ""))
        assert told["READY"] == "1"
        assert "is left aside: it is damaged" in service.log.read_text()
