import msgspec
import pytest

from streams.detection.columns import InvalidBatchError
from streams.rows import rows
from tests.example_batch import FIRST_TIME, WEB, batch


def test_each_event_is_a_row_with_its_process_and_container() -> None:
    first, second, third = rows(batch("n1"))
    assert first | {"process": None} == {
        "id": "5e55:f",
        "time": FIRST_TIME,
        "type": "openat",
        "count": 1,
        "node": "n1",
        "thread": 100,
        "result": 3,
        "fd": 3,
        "flags": 0o2000000,
        "mode": None,
        "path": "/etc/shadow",
        "directory": None,
        "process": None,
        "container": None,
    }
    known = {"pid": 100, "ppid": 1, "uid": 0, "name": "cat", "exepath": "/usr/bin/cat", "cwd": "/root", "user": "root"}
    assert first["process"].items() >= (known | {"known": True}).items()
    assert first["process"]["args"] == ["cat", "/etc/shadow"]
    assert (second["type"], second["fd"], second["path"]) == ("execve", None, None)
    assert second["container"] == msgspec.to_builtins(WEB)
    assert second["process"].items() >= {"ppid": None, "uid": None, "args": None, "known": False}.items()
    assert (third["path"], third["directory"], third["result"]) == (r"/tmp/\xff\xfe", "/root", -13)
    assert msgspec.json.encode(third)


def test_a_batch_that_is_not_as_its_schema_says_is_refused() -> None:
    with pytest.raises(InvalidBatchError):
        list(rows(msgspec.structs.replace(batch("n1"), event_time=b"\0" * 7)))
