import os
import pty
import signal
import subprocess
import sys
import time
import uuid

import msgspec
import pytest

from producers import Publisher
from schemas.topics import ALERTS
from schemas.types.alerts import Alert
from tests.integration.cli.conftest import PROJECT, Program

pytestmark = pytest.mark.kafka
NOW = time.time_ns()
MINUTE = 60 * 10**9


def put(deedlog: Program, rule: str, *ages_and_priorities: tuple[int, str]) -> list[Alert]:
    """Publish alerts of so many minutes ago."""
    alerts = [
        Alert(
            id=f"{uuid.uuid4()}/{rule}",
            time=NOW - minutes * MINUTE,
            rule=rule,
            priority=priority,
            output=f"{rule} {minutes}",
            source="syscall",
            node="n1",
            container_name="web",
        )
        for minutes, priority in ages_and_priorities
    ]
    with Publisher(deedlog.settings.kafka, deedlog.settings.registry, source="/test") as publisher:
        for alert in alerts:
            publisher.publish(ALERTS, alert, key=rule, id=alert.id, time_ns=alert.time)
    return alerts


def test_alerts_of_some_time_come_oldest_first_as_the_topic_has_them(deedlog: Program) -> None:
    rule = f"rule-{uuid.uuid4()}"
    older, newer = put(deedlog, rule, (50, "error"), (40, "debug"))
    found = deedlog.lines("alerts", "--since", "1h", "--rule", rule, "-o", "json")
    assert [msgspec.convert(each, Alert) for each in found] == [older, newer]
    assert deedlog.lines("alerts", "--since", "45m", "--rule", rule, "-o", "jsonl") == found[1:]
    assert deedlog.lines("alerts", "--since", "1h", "--until", "45m", "--rule", rule, "-o", "json") == found[:1]


def test_a_priority_means_at_least(deedlog: Program) -> None:
    rule = f"rule-{uuid.uuid4()}"
    put(deedlog, rule, (9, "debug"), (8, "notice"), (7, "warning"), (6, "emergency"))
    found = deedlog.lines("alerts", "--since", "10m", "--rule", rule, "--priority", "warning", "-o", "json")
    assert [alert["priority"] for alert in found] == ["warning", "emergency"]


def test_the_last_so_many(deedlog: Program) -> None:
    rule = f"rule-{uuid.uuid4()}"
    put(deedlog, rule, *((minutes, "error") for minutes in range(9, 0, -1)))
    for more in ((), ("--since", "1h"), ("--rule", rule)):
        found = deedlog.lines("alerts", "-n", "2", *more, "-o", "json")
        assert [alert["output"] for alert in found] == [f"{rule} 2", f"{rule} 1"]
    assert deedlog.lines("alerts", "-n", "0", "-o", "json") == []


def test_alerts_that_repeat_are_shown_once(deedlog: Program) -> None:
    rule = f"rule-{uuid.uuid4()}"
    [alert] = put(deedlog, rule, (5, "error"))
    with Publisher(deedlog.settings.kafka, deedlog.settings.registry, source="/test") as publisher:
        publisher.publish(ALERTS, alert, key=rule, id=alert.id, time_ns=alert.time)
    assert len(deedlog.lines("alerts", "--rule", rule, "-o", "json")) == 1


def test_a_table_and_yaml_are_for_people(deedlog: Program) -> None:
    rule = f"rule-{uuid.uuid4()}"
    put(deedlog, rule, (5, "error"))
    _, table, _ = deedlog.run("alerts", "--rule", rule)
    head, line = table.splitlines()
    assert head.split() == ["TIME", "PRIORITY", "RULE", "WHERE", "OUTPUT"]
    assert line.split()[2:] == ["error", rule, "web", rule, "5"]
    assert "\x1b" not in table
    _, wide, _ = deedlog.run("alerts", "--rule", rule, "-o", "wide")
    assert "NODE" in wide
    _, text, _ = deedlog.run("alerts", "--rule", rule, "-o", "yaml")
    assert text.startswith("---\nid:")


def test_a_terminal_has_colours_unless_told_otherwise(deedlog: Program) -> None:
    rule = f"rule-{uuid.uuid4()}"
    put(deedlog, rule, (5, "error"))
    shown = {}
    for no_colour in ("", "1"):
        environment = deedlog.environment | {"NO_COLOR": no_colour, "TERM": "xterm"}
        terminal, end = pty.openpty()
        command = [sys.executable, "-m", "infra.cli.main", "alerts", "--rule", rule]
        with subprocess.Popen(command, env=environment, cwd=PROJECT, stdout=end) as process:
            os.close(end)
            shown[no_colour] = all_of(terminal)
            assert process.wait(10) == 0
    assert b"\x1b[31merror\x1b[0m" in shown[""]
    assert b"\x1b" not in shown["1"]


def all_of(terminal: int) -> bytes:
    text = b""
    while True:
        try:
            text += os.read(terminal, 4096)
        except OSError:  # Linux's way of saying that nobody has the other end any more
            os.close(terminal)
            return text


def test_nothing_found_is_no_error_but_a_hint(deedlog: Program) -> None:
    code, out, err = deedlog.run("alerts", "--rule", "none such", "--since", "10m")
    assert (code, out) == (0, "")
    assert err.startswith("No alerts since 10m")


def test_following_shows_what_is_new_within_a_moment_and_ends_with_ctrl_c(deedlog: Program) -> None:
    rule = f"rule-{uuid.uuid4()}"
    put(deedlog, rule, (5, "error"))
    with deedlog.start("alerts", "--follow", "--rule", rule, "-o", "json") as follower:
        assert follower.stdout
        time.sleep(2)
        [new] = put(deedlog, rule, (0, "error"))
        began = time.monotonic()
        assert msgspec.json.decode(follower.stdout.readline())["id"] == new.id
        assert time.monotonic() - began < 2
        follower.send_signal(signal.SIGINT)
        assert follower.wait(10) == 130
        assert follower.stdout.read() == ""


def test_following_may_begin_in_the_past(deedlog: Program) -> None:
    rule = f"rule-{uuid.uuid4()}"
    [old] = put(deedlog, rule, (5, "error"))
    with deedlog.start("alerts", "--follow", "--since", "10m", "--rule", rule, "-o", "json") as follower:
        assert follower.stdout
        assert msgspec.json.decode(follower.stdout.readline())["id"] == old.id
        follower.terminate()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "--since yesterday is no time"),
        (["--since", "1h", "--until", "2h"], "--since 1h is not before --until 2h"),
        (["--follow", "--until", "1h"], "--follow and --until do not go together"),
        (["--follow", "-n", "3"], "--follow and -n do not go together"),
        (["-n", "-3"], "-n -3 is no number"),
        (["--priority", "urgent"], "urgent"),
        (["-o", "xml"], "xml"),
    ],
)
def test_bad_usage_exits_2(deedlog: Program, arguments: list[str], said: str) -> None:
    code, out, err = deedlog.run("alerts", *arguments)
    assert (code, out) == (2, "")
    assert said in err
