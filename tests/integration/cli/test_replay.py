import time
import uuid
from pathlib import Path

import msgspec
import pytest

from producers import Publisher
from schemas.topics import SYSCALLS
from tests.example_batch import FIRST_TIME, batch, pack
from tests.integration.cli.conftest import Program

pytestmark = pytest.mark.kafka

RULE = """
- rule: {name}
  desc: A rule of a test.
  condition: evt.type = openat and proc.name = cat and fd.name = /etc/shadow
  output: "%proc.name read %fd.name"
  priority: error
"""


def put(deedlog: Program, minutes: int, times: int = 1) -> str:
    """Publish the example batch as of so many minutes ago, and return its session."""
    node, begin = f"node-{uuid.uuid4()}", time.time_ns() - minutes * 60 * 10**9
    at = [begin + number for number in range(3)]
    changed = {"session": uuid.uuid4().hex, "first_time": at[0], "last_time": at[2], "event_time": pack("Q", *at)}
    with Publisher(deedlog.settings.kafka, deedlog.settings.registry, source="/test") as publisher:
        for _ in range(times):
            made = msgspec.structs.replace(batch(node), **changed)
            publisher.publish(SYSCALLS, made, key=node, subject=node, time_ns=at[2])
    return changed["session"]


def test_history_is_judged_by_the_rules_given(deedlog: Program, tmp_path: Path) -> None:
    inside, _ = put(deedlog, 10), put(deedlog, 30)
    (tmp_path / "rules.yaml").write_text(RULE.format(name="Shadow"))
    found = deedlog.lines("replay", "--from", "20m", "--to", "5m", "--rules", str(tmp_path), "-o", "json")
    assert [alert["id"] for alert in found if alert["id"].startswith(inside)] == [f"{inside}:f/Shadow"]
    assert all(alert["time"] > FIRST_TIME for alert in found)
    assert deedlog.lines("replay", "--from", "20m", "--to", "5m", "--rules", str(tmp_path), "-o", "json") == found


def test_a_batch_published_twice_is_judged_once(deedlog: Program, tmp_path: Path) -> None:
    session = put(deedlog, 40, times=2)
    (tmp_path / "rules.yaml").write_text(RULE.format(name="Shadow"))
    found = deedlog.lines("replay", "--from", "41m", "--to", "39m", "--rules", str(tmp_path), "-o", "json")
    assert [alert["id"] for alert in found] == [f"{session}:f/Shadow"]


def test_nothing_found_is_no_error_but_a_hint(deedlog: Program) -> None:
    code, out, err = deedlog.run("replay", "--from", "2026-01-01", "--to", "2026-01-02")
    assert (code, out) == (0, "")
    assert "rules found nothing between 2026-01-01 and 2026-01-02" in err


def test_rules_with_errors_are_shown_and_exit_1(deedlog: Program, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(RULE.format(name="Bad").replace("proc.name = cat", "proc.nmae = cat"))
    code, out, err = deedlog.run("replay", "--from", "1m", "--rules", str(tmp_path / "bad.yaml"))
    assert (code, out) == (1, "")
    assert "proc.nmae" in err
    assert "Error: The rules have errors" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "--from"),
        (["--from", "5m", "--to", "10m"], 2, "--from 5m is not before --to 10m"),
        (["--from", "5m", "--rules", "/no/such/folder"], 3, "There is no /no/such/folder"),
    ],
)
def test_bad_usage(deedlog: Program, arguments: list[str], code: int, said: str) -> None:
    result, out, err = deedlog.run("replay", *arguments)
    assert (result, out) == (code, "")
    assert said in err
