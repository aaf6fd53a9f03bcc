"""A rule that asks what a program receives, which Falco's files leave disabled, is enabled and judged for real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.events import CALLS, NAMES
from schemas.call_filter import EVERYTHING
from streams.detection.filtering import call_filters
from streams.detection.loading import load_rules
from tests.attacks.stage import Stage
from tests.attacks.steps import host
from tests.integration.probes.conftest import Watch, attached  # noqa: F401

pytestmark = pytest.mark.probe

RULES = Path(__file__).parents[3] / "shared/data/falco-rules/falco-sandbox_rules.yaml"
RULE = "Java Process Class File Download"
ENABLED = f"- rule: {RULE}\n  enabled: true\n  override:\n    enabled: replace\n"
FETCH = """
import socket
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
server.accept()[0].sendall({data!r})
client.recv(4096)
"""
CLASS = b"\xca\xfe\xba\xbe\0\0\0\x34"


@pytest.fixture
def stage(attached: Watch, tmp_path: Path) -> Iterator[Stage]:  # noqa: F811
    own = tmp_path / "own.yaml"
    own.write_text(ENABLED)
    rules = load_rules([RULES, own], builtin=False)
    assert not rules.errors
    attached.kernel.want(call_filters(rules.rules, NAMES.values()))
    yield Stage(attached, rules, tmp_path, "")
    attached.kernel.want({call.name: EVERYTHING for call in CALLS})


@pytest.mark.parametrize(
    ("program", "data", "times"),
    [
        ("java", CLASS, 1),
        ("java", b"HTTP/1.1 200 OK\r\n\r\n" + CLASS, 1),
        ("java", b"HTTP/1.1 200 OK\r\n\r\n", 0),
        ("java", b"x" * 80 + CLASS, 0),
        ("ruby", CLASS, 0),
    ],
)
def test_a_class_file_that_java_receives(stage: Stage, program: str, data: bytes, times: int) -> None:
    step = host("fetch", f"{{bin}}/{program}", "-c", FETCH.format(data=data), programs=(program,))
    assert stage.played(step)[RULE] == times
