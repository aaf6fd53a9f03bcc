"""What `deedlog doctor --probes` says."""

from pathlib import Path

import msgspec

from infra.config import Settings
from infra.doctor.probes import probes, recorded
from schemas.call_filter import ACCESSES, CELLS, EVERYTHING, CallFilter
from tests.unit.infra.test_cli import deedlog

DONE = (1 << CELLS) - (1 << ACCESSES)
READING = sum(1 << cell for cell in range(0, CELLS, ACCESSES))
RULE = """
- rule: Mine
  desc: d
  condition: evt.type = creat and fd.name startswith /dev
  output: o
  priority: info
"""


def test_a_filter_is_told_in_words() -> None:
    assert recorded(None) == "nothing"
    assert recorded(EVERYTHING) == "all"
    assert recorded(CallFilter(DONE)) == "done"
    assert recorded(CallFilter(only_changes=True, with_data=True)).splitlines() == [
        "all",
        "of these, what changes the name of its socket",
        "with the first bytes that are sent or received",
    ]
    assert recorded(CallFilter(READING)) == "all for reading"
    assert recorded(CallFilter(DONE & READING, ((b"/a", READING), (b"/b", READING | DONE)))) == (
        "done for reading\n"
        "failed for reading, of paths that begin with /a\n"
        "failed for reading; done for writing, both, neither, of paths that begin with /b\n"
        "failed for reading; done for writing, both, neither, of paths that are relative, long or not normalised"
    )
    assert recorded(CallFilter(0b1111 << 4 | 0b1111)) == "failed and result 0"


def test_each_type_tells_who_asks_for_it(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULE)
    found = {probe.type: probe for probe in probes(msgspec.structs.replace(settings, rules=(str(file),)))}
    assert found["creat"].rules == ("Mine",)
    assert found["creat"].recorded == (
        "all, of paths that begin with /dev\nall, of paths that are relative, long or not normalised"
    )
    assert (found["mkdir"].wanted, found["mkdir"].rules, found["mkdir"].recorded) == (False, (), "nothing")
    assert (found["chdir"].wanted, found["chdir"].rules) == (True, ("the table of processes",))
    assert all(probe.attached is None for probe in found.values())


def test_with_everything_recorded_nothing_is_left_out(settings: Settings) -> None:
    found = probes(msgspec.structs.replace(settings, record="everything"))
    assert {(probe.wanted, probe.recorded) for probe in found} == {(True, "all")}


def test_the_program_shows_a_table_and_json(settings: Settings) -> None:
    text = deedlog("doctor", "--probes", settings=settings).stdout
    assert text.startswith("TYPE")
    assert "Asked for by no rule: creat," in text
    rows = msgspec.json.decode(deedlog("doctor", "--probes", "-o", "json", settings=settings).stdout)
    assert {"type": "setns", "attached": None}.items() <= next(r for r in rows if r["type"] == "setns").items()
