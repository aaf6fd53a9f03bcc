import time
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.outputs.terminal import alert_line, head, safe, where
from schemas.types.alerts import Alert
from streams.priorities import PRIORITIES


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    """A zone that is not UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CET-1")
        time.tzset()
        yield
    time.tzset()


def alert(**changes: object) -> Alert:
    given = {"id": "s:1/Shell", "time": 1_795_425_939_123_456_789, "rule": "Shell", "priority": "warning"}
    rest = {"output": "a shell ran", "source": "syscall", "node": "n1"}
    return Alert(**(given | rest | changes))  # type: ignore[arg-type]


def test_a_line_has_its_columns_below_the_head() -> None:
    line = alert_line(alert(container_name="web"))
    assert line == (
        "2026-11-23 10:25:39.123  warning        Shell                               web                   a shell ran"
    )
    assert [head().index(name) for name in ("PRIORITY", "RULE", "WHERE", "OUTPUT")] == [
        line.index(text) for text in ("warning", "Shell", "web", "a shell")
    ]


def test_an_alert_that_stands_for_many_events_says_so() -> None:
    assert alert_line(alert(output="read", count=12_345)).endswith("  read (12,345 times)")
    assert alert_line(alert(output="read")).endswith("  read")


def test_wide_has_node_image_and_id() -> None:
    line = alert_line(alert(container_image="debian:12"), wide=True)
    assert [head(wide=True).index(name) for name in ("NODE", "IMAGE", "ID")] == [
        line.index(text) for text in ("n1", "debian:12", "s:1/Shell")
    ]


def test_where_is_the_name_or_the_id_of_the_container_or_the_host() -> None:
    assert where(alert()) == "host"
    assert where(alert(container_id="0123456789abcdef")) == "0123456789ab"
    assert where(alert(container_id="0123456789abcdef", container_name="web")) == "web"


def test_an_alert_of_an_audit_log_is_where_the_log_is_of() -> None:
    assert where(alert(source="k8s_audit", node="prod")) == "prod"


@pytest.mark.parametrize("priority", PRIORITIES)
def test_colour_touches_nothing_but_the_priority(priority: str) -> None:
    plain, coloured = (alert_line(alert(priority=priority), colour=colour) for colour in (False, True))
    start, end = coloured.find("\x1b["), coloured.find("\x1b[0m")
    if start >= 0:
        assert coloured[start:end].partition("m")[2] == priority
        coloured = coloured[:start] + priority + coloured[end + 4 :]
    assert coloured == plain
    assert (start < 0) == (priority == "informational")


@given(st.text())
def test_no_text_of_a_stranger_can_move_the_cursor_or_turn_a_line(text: str) -> None:
    shown = alert_line(alert(output=text, rule=text, container_name=text))
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    assert not any(unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI") for c in shown)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"])))
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_escapes_can_be_read() -> None:
    assert safe("\x1b[31m\n\u202e\udcff") == r"\x1b[31m\x0a\u202e\udcff"


def test_a_time_out_of_range_is_shown_as_a_number() -> None:
    assert alert_line(alert(time=2**63 - 1)).startswith("2262-04-12")
    assert alert_line(alert(time=10**30)).startswith(str(10**30))
