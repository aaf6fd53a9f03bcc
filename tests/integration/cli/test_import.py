"""Recorded captures are put on record, and may be so more than once."""

import gzip
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Program
from tests.scap_writer import execve, machine, openat, process, processes, section

pytestmark = pytest.mark.kafka

EVENTS = [openat(5, 3, b"/etc/shadow"), execve(5, b"cat"), openat(5, 4, b"/etc/passwd")]
CAPTURE = section() + machine(b"box") + processes(process(1, 1, 0, b"init"), process(5, 5, 1)) + b"".join(EVENTS)


def ids(deedlog: Program, node: str) -> list[str]:
    rows = deedlog.lines("events", "export", "syscalls", "--rows")
    return [row["id"] for row in rows if row["node"] == node]


def test_a_capture_imported_twice_has_the_same_ids(deedlog: Program, tmp_path: Path) -> None:
    path = tmp_path / "c.scap"
    path.write_bytes(gzip.compress(CAPTURE))
    code, out, err = deedlog.run("events", "import", str(path))
    assert code == 0, err
    assert "3 of 3 events of c.scap are on record as of box" in err
    once = ids(deedlog, "box")
    assert once == [f"{out.strip()}:{number}" for number in (1, 2, 3)]
    assert deedlog.run("events", "import", str(path))[0] == 0
    assert ids(deedlog, "box") == once * 2


def test_a_capture_that_is_cut_off_is_told_of_and_imported(deedlog: Program, tmp_path: Path) -> None:
    path = tmp_path / "cut.scap"
    path.write_bytes(CAPTURE[:-5])
    code, _, err = deedlog.run("events", "import", str(path), "--node", "elsewhere")
    assert code == 1
    assert f"is damaged: it ends at byte {len(CAPTURE) - len(EVENTS[-1]):,}: it is cut off" in err
    assert len(ids(deedlog, "elsewhere")) == 2


def test_what_is_no_capture(deedlog: Program, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("not a capture, but long enough to be one")
    code, _, err = deedlog.run("events", "import", str(tmp_path / "x"))
    assert code == 1
    assert "this is no capture" in err
    assert deedlog.run("events", "import", str(tmp_path / "none.scap"))[0] == 3
    assert deedlog.run("events", "import", str(tmp_path))[0] == 1
