"""Several artifacts services on one Kafka: one acts, and another takes over when it is gone."""

from pathlib import Path

import msgspec
import pytest

from infra.config import Settings
from infra.services.artifacts import STANDBY
from tests.integration.mirrors.conftest import ARTIFACTS
from tests.integration.worker.conftest import running

pytestmark = [pytest.mark.kafka, pytest.mark.registry]


def test_one_acts_and_the_other_takes_over(deciding: Settings, tmp_path: Path) -> None:
    ours, other = (msgspec.structs.replace(deciding, home=tmp_path / name) for name in ("ours", "other"))
    with running(ARTIFACTS, ours, tmp_path) as first:
        first.until(lambda told: "under way" in told.get("STATUS", ""))
        with running(ARTIFACTS, other, tmp_path) as second:
            second.until(lambda told: told.get("STATUS") == STANDBY)
            assert second.told["READY"] == "1"
            first.process.kill()
            first.process.wait()
            second.until(lambda told: "under way" in told.get("STATUS", ""))
            with running(ARTIFACTS, ours, tmp_path) as third:  # who comes back takes nothing from who leads
                third.until(lambda told: told.get("STATUS") == STANDBY)
                assert second.end()[0] == 0
                third.until(lambda told: "under way" in told.get("STATUS", ""))
