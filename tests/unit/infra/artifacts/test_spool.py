"""The spool: whatever is killed in the middle of it, records are read once, whole and in order."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.artifacts import spool as module
from infra.artifacts.spool import Record, Spool, line_of, parse_line

DIGEST = f"sha256:{'a' * 64}"

records = st.builds(
    Record,
    half=st.sampled_from(["began", "ended", "failed"]),
    digest=st.just(DIGEST),
    verb=st.sampled_from(["push", "pull"]),
    fields=st.dictionaries(st.text(), st.text() | st.integers(0, 1 << 40), max_size=4),
)


def record(number: int) -> Record:
    return Record("began", DIGEST, "push", {"act": f"a{number}"})


def acts(spool: Spool) -> list[str]:
    return [line.record.fields["act"] for line in spool.read()[0]]


@given(records)
def test_a_line_says_what_was_written(one: Record) -> None:
    line = line_of(one)
    assert line.count(b"\n") == 1
    assert parse_line(line[:-1]) == one


@given(records, st.integers(0, 400), st.integers(1, 255))
def test_a_damaged_line_is_none(one: Record, at: int, flip: int) -> None:
    line = bytearray(line_of(one)[:-1])
    line[at % len(line)] ^= flip
    found = parse_line(bytes(line))
    assert found is None or found == one


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_none(data: bytes) -> None:
    parse_line(data)


def test_records_come_in_order_and_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append(record(1), record(2))
    lines, end = spool.read()
    assert acts(spool) == ["a1", "a2"]
    assert [line.number for line in lines] == sorted({line.number for line in lines})
    assert lines[0].number > 0
    spool.mark(end)
    assert not spool.waits()
    spool.append(record(3))
    (third,), _ = spool.read()
    assert third.number > lines[-1].number
    assert spool.id == Spool(tmp_path / "spool").id != ""


def test_what_a_killed_client_left_is_passed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(record(1))
    piece = next(tmp_path.glob("*.acts"))
    with piece.open("ab") as file:
        file.write(line_of(record(2))[:-9])
    assert acts(spool) == ["a1"]
    assert spool.waiting() == 1
    spool.append(record(3))
    assert acts(spool) == ["a1", "a3"]


def test_a_torn_line_alone_is_nothing_to_send(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(record(1))
    with next(tmp_path.glob("*.acts")).open("ab") as file:
        file.write(b"0123")
    spool.mark(spool.read()[1])
    assert not spool.waits()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["append", "torn", "send", "big"]), max_size=30), st.integers(1, 3))
def test_any_life_of_a_spool_keeps_all_that_was_appended(lives: list[str], batch: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE_BYTES", 300)
        spool, wanted, got, numbers = Spool(Path(folder)), [], [], []
        for number, what in enumerate(lives):
            if what == "append":
                spool.append(record(number))
                wanted.append(f"a{number}")
            elif what == "big":
                spool.append(*[record(number)] * 4)
                wanted += [f"a{number}"] * 4
            elif what == "torn" and (pieces := sorted(Path(folder).glob("*.acts"))):
                with pieces[-1].open("ab") as file:
                    file.write(line_of(record(0))[:20])
            elif what == "send":
                lines, end = spool.read(batch)
                got += [line.record.fields["act"] for line in lines]
                numbers += [line.number for line in lines]
                spool.mark(end) if lines or spool.waits() else None
        got += acts(spool)
        assert got == wanted
        assert numbers == sorted(set(numbers))


def test_it_is_bounded_and_says_what_it_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 500)
    spool = Spool(tmp_path)
    for number in range(20):
        spool.append(record(number))
    assert 0 < spool.waiting() < 20
    assert spool.dropped() == 20 - spool.waiting()
    spool.mark(spool.read()[1])
    spool.append(record(20))
    assert acts(spool) == ["a20"]


def test_only_one_sends(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with spool.sender() as first, spool.sender() as second:
        assert (first, second) == (True, False)
    with spool.sender() as third:
        assert third


WRITER = """
import sys
from pathlib import Path
from infra.artifacts.spool import Record, Spool
spool, name = Spool(Path(sys.argv[1])), sys.argv[2]
for number in range(100_000):
    spool.append(Record("began", "sha256:" + "a" * 64, "push", {"act": f"{name}/{number}"}))
    print(number, flush=True)
"""


def test_writers_that_are_killed_lose_nothing_that_was_written(tmp_path: Path) -> None:
    spool, said = Spool(tmp_path), {}
    for round in range(4):
        processes = {
            f"w{round}-{number}": subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path), f"w{round}-{number}"], stdout=subprocess.PIPE
            )
            for number in range(2)
        }
        time.sleep(0.6)
        for name, process in processes.items():
            process.send_signal(signal.SIGKILL)
            out = process.communicate()[0]
            said[name] = len([line for line in out.split(b"\n")[:-1] if line])
    found = [line.record.fields["act"] for line in spool.read(10_000_000)[0]]
    assert len(found) == len(set(found))
    for name, count in said.items():
        own = [act for act in found if act.startswith(f"{name}/")]
        assert own == [f"{name}/{number}" for number in range(len(own))]
        assert count <= len(own) <= count + 1, (name, count, len(own))
    assert sum(said.values()) > 10
    assert os.listdir(tmp_path)  # noqa: PTH208


def test_records_never_belong_to_no_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_write_all", full)
        with pytest.raises(OSError, match="No space"):
            spool.append(record(1))
    (tmp_path / f"{0:020}.acts").touch()
    spool.append(record(2))
    assert acts(spool) == ["a2"]
    assert spool.id
