import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.outputs.file import JsonLines
from schemas.types.alerts import Alert

PROJECT = Path(__file__).parents[4]


def alert(id: str, output: str = "o") -> Alert:
    return Alert(id=id, time=1, rule="r", priority="error", output=output, source="syscall", node="n")


def ids(path: Path) -> list[str]:
    text = path.read_bytes()
    assert text == b"" or text.endswith(b"\n")
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_an_alert_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/alerts.jsonl"
    JsonLines(path).write([alert("a"), alert("b", "two\nlines")])
    JsonLines(path).write([alert("c")])
    assert ids(path) == ["a", "b", "c"]
    first = json.loads(path.read_text().splitlines()[0])
    assert first == {
        **{"id": "a", "time": 1, "rule": "r", "priority": "error", "output": "o", "source": "syscall", "tags": []},
        **{"fields": {}, "events": [], "node": "n"},
        **{"container_id": None, "container_name": None, "container_image": None, "count": 1},
    }
    assert path.stat().st_mode & 0o777 == 0o640


LINE = b'{"id":"torn","output":"' + b"x" * 100 + b'"}'


@settings(max_examples=60)
@given(st.integers(0, len(LINE)), st.integers(0, 3), st.sampled_from([1, 70_000]))
def test_a_torn_last_line_is_taken_away(
    tmp_path_factory: pytest.TempPathFactory, cut: int, whole: int, big: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "alerts.jsonl"
    before = b"".join(b'{"id":"%d","output":"%s"}\n' % (n, b"y" * big) for n in range(whole))
    path.write_bytes(before + LINE[:cut])
    JsonLines(path).write([alert("next")])
    torn = ["torn"] if cut == len(LINE) else []
    assert ids(path) == [str(n) for n in range(whole)] + torn + ["next"]


def test_what_was_in_the_file_before_us_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("written by hand")
    JsonLines(path).write([alert("a")])
    assert path.read_text().startswith("written by hand\n{")


@pytest.mark.parametrize("change", ["move", "remove", "truncate"])
def test_the_file_may_be_rotated(tmp_path: Path, change: str) -> None:
    path, moved = tmp_path / "alerts.jsonl", tmp_path / "alerts.jsonl.1"
    lines = JsonLines(path)
    lines.write([alert("a")])
    match change:
        case "move":
            path.rename(moved)
        case "remove":
            path.unlink()
        case _:
            os.truncate(path, 0)
    lines.write([alert("b")])
    lines.write([alert("c")])
    assert ids(path) == ["b", "c"]
    assert not moved.exists() or ids(moved) == ["a"]


def test_several_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"

    def work(number: int) -> None:
        lines = JsonLines(path)
        for n in range(100):
            lines.write([alert(f"{number}-{n}", "x" * 5000)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids(path)) == sorted(f"{number}-{n}" for number in range(4) for n in range(100))


def test_when_the_disk_is_full_no_half_line_is_left(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    lines = JsonLines(path)
    lines.write([alert("a")])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 1000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            lines.write([alert("b", "x" * 5000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    lines.write([alert("c")])
    assert ids(path) == ["a", "c"]


WRITER = """
import sys
from infra.outputs.file import JsonLines
from schemas.types.alerts import Alert
lines = JsonLines(sys.argv[1])
for n in range(10**9):
    id = f"{sys.argv[2]}-{n}"
    lines.write([Alert(id=id, time=1, rule="r", priority="p", output="x" * 300_000, source="s", node="n")])
    print(id, flush=True)
"""


def test_kill_9_loses_nothing_that_was_written_and_leaves_whole_lines(tmp_path: Path) -> None:
    path, told = tmp_path / "alerts.jsonl", []
    for number in range(4):
        command = [sys.executable, "-c", WRITER, str(path), str(number)]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            told += [writer.stdout.readline().strip() for _ in range(20 + number)]
            writer.kill()
            told += writer.stdout.read().split()
    JsonLines(path)
    found = ids(path)
    assert len(found) == len(set(found))
    assert set(told) <= set(found)
