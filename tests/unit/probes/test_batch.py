"""Batches of records that no kernel made: every value a record can hold must come back out of the columns."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from probes import events, records
from probes.batch import CREAT_FLAGS, Batcher
from probes.containers import Runtimes
from probes.kernel import RECORDS, Reading
from probes.processes import PAST_IMAGES, ProcessTable
from probes.ring import Chunk
from probes.users import Users
from tests.batches import events_of

CALLS = sorted(set(events.NAMES) - {events.CLONE, events.EXECVE, events.PROCEXIT} - events.CHDIR)
path_bytes = st.binary(min_size=1, max_size=40).filter(lambda b: b"\0" not in b)
call = st.fixed_dictionaries(
    {
        "time": st.integers(0, 2**40),
        "pid": st.integers(1, 5),
        "tid": st.integers(1, 2**31),
        "exec": st.integers(0, 3),
        "uid": st.sampled_from([0, 1000, 2**32 - 2]),
        "type": st.sampled_from(CALLS),
        "result": st.integers(-(2**63), 2**63 - 1),
        "flags": st.integers(0, 2**64 - 1),
        "fd": st.integers(-1, 2**31 - 1),
        "mode": st.integers(0, 2**32 - 1),
        "path": path_bytes,
    }
)


def chunk(dtype: np.dtype[np.void], rows: list[dict[str, object]], position: int) -> Chunk:
    found = np.zeros(len(rows), dtype=dtype)
    for row, values in enumerate(rows):
        values = dict(values)
        path = values.pop("path")
        assert isinstance(path, bytes)
        found[row]["path"] = path.ljust(dtype["path"].itemsize, b"\0")
        for name, value in values.items():
            found["h"][name][row] = value
        found["h"]["path_len"][row] = len(path)
        found["h"]["comm"][row] = b"name"
    return Chunk(found, np.arange(len(rows), dtype=np.uint64) * np.uint64(64) + np.uint64(position))


def batcher() -> Batcher:
    nowhere = Path("/nonexistent")
    return Batcher("node", "session", ProcessTable(Runtimes(nowhere), Users(nowhere)))


@settings(max_examples=60)
@given(st.lists(call, max_size=20), st.lists(call, max_size=8), st.lists(call, max_size=3))
def test_whatever_was_recorded_is_in_the_batch(small: list, medium: list, large: list) -> None:
    chunks = {name: Chunk(np.zeros(0, dtype), np.zeros(0, np.uint64)) for name, dtype in RECORDS.items()}
    chunks |= {
        "small": chunk(records.SMALL, small, 0),
        "medium": chunk(records.MEDIUM, medium, 64),
        "large": chunk(records.LARGE, large, 128),
    }
    reading = Reading(chunks, (), ())
    batch = batcher().batch(reading, boot_offset_ns=5, dropped=1, ignored=2)

    rows = small + medium + large
    order = sorted(range(len(rows)), key=lambda row: rows[row]["time"])
    found = list(events_of(batch))
    assert len(found) == len(rows) == batch.count
    assert len({event.id for event in found}) == len(found)
    for event, row in zip(found, [rows[index] for index in order], strict=True):
        assert event.time == row["time"] + 5
        assert event.type == events.NAMES[row["type"]]
        assert (event.thread, event.result, event.fd) == (row["tid"], row["result"], row["fd"])
        flags = CREAT_FLAGS if row["type"] == events.CREAT else row["flags"]
        assert (event.flags, event.path) == (flags, row["path"])
        mode, target = (0, row["mode"]) if row["type"] in events.TARGETS else (row["mode"], 0)
        assert (event.mode, event.target) == (mode, target)
        assert (event.process.pid, event.process.uid) == (row["pid"], row["uid"])
        assert event.process.name == b"name"
        assert not event.process.known


def header(**values: object) -> np.void:
    found = np.zeros(1, dtype=records.HEADER)
    for name, value in values.items():
        found[name] = value
    return found[0]


def fork(parent: int, child: int) -> np.void:
    return header(type=events.CLONE, pid=parent, result=child, extra=child * 10**9, start=parent * 10**9)


def test_a_flood_of_processes_is_forgotten_again() -> None:
    table = ProcessTable(Runtimes(Path("/nonexistent")), Users(Path("/nonexistent")))
    for child in range(1, PAST_IMAGES + 500):
        table.fork(fork(0, child))
        table.exit(child, child * 10**9)
    assert len(table) == 0
    assert len(table._past) == PAST_IMAGES


def test_a_pid_that_is_used_again_is_another_process() -> None:
    table = ProcessTable(Runtimes(Path("/nonexistent")), Users(Path("/nonexistent")))
    table.fork(fork(1, 7))
    assert table.find(header(pid=7, start=7 * 10**9)).ppid == 1
    other = table.find(header(pid=7, start=9 * 10**9, comm=b"other"))
    assert (other.ppid, other.known, other.name) == (0, False, b"other")
