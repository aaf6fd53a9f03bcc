from pathlib import Path

import pytest

from infra.oci.layout import Layout
from infra.oci.memory import Memory
from infra.oci.target import Target
from tests.contracts.targets import TargetContract


class TestMemory(TargetContract):
    @pytest.fixture
    def target(self) -> Target:
        return Memory()


class TestLayout(TargetContract):
    no_tags = ("a//b", "a/", "+")

    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Layout(tmp_path)
