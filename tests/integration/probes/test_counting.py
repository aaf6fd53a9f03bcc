"""Identical calls are counted: nothing is told twice, and nothing is not told."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.batches import Event, events_of
from tests.integration.probes.conftest import Watch

pytestmark = pytest.mark.probe


def open_often(times: int, *paths: str) -> None:
    for number in range(times):
        os.close(os.open(paths[number % len(paths)], os.O_RDONLY))


def in_child(work: Callable[[], None]) -> int:
    """Start a process that works; return its id."""
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    return child


def read_until_exit(watch: Watch, child: int) -> list[Event]:
    """Return the opens of a child while it runs, read again and again."""
    found: list[Event] = []
    while not os.waitpid(child, os.WNOHANG)[0]:
        found += of(watch, child)
        time.sleep(0.002)
    return found + of(watch, child)


def of(watch: Watch, child: int) -> list[Event]:
    """Return the opens of a child that wait."""
    return [e for e in events_of(watch.batch()) if e.process.pid == child and e.type == "openat"]


def events_until_settled(watch: Watch) -> list[Event]:
    """Return what waits, and what was counted but had no place in a full ring until it was read."""
    found = list(events_of(watch.batch()))
    for _ in range(50):
        if not watch.kernel.unsettled():
            break
        found += events_of(watch.batch())
    return found


def files(folder: Path, count: int) -> list[str]:
    paths = [folder / f"file-{number:03}" for number in range(count)]
    for path in paths:
        path.touch()
    return [*map(str, paths)]


def test_what_was_made_is_what_was_told(watch: Watch, tmp_path: Path) -> None:
    paths = files(tmp_path, 256)
    child = in_child(lambda: open_often(256 * 400, *paths))
    found = [e for e in read_until_exit(watch, child) if os.fsdecode(e.path) in paths]
    assert sum(e.count for e in found) == 256 * 400
    for path in paths:
        assert sum(e.count for e in found if e.path == os.fsencode(path)) == 400
    assert len(found) < 256 * 400 / 4


def test_the_first_is_told_at_once_and_the_last_has_its_time(watch: Watch) -> None:
    before = time.time_ns()
    open_often(1_000, "/etc/hostname")
    after = time.time_ns()
    reading = watch.kernel._rings[0].waiting()
    found = watch.events(lambda e: e.path == b"/etc/hostname" and e.process.pid == os.getpid(), count=1)
    assert reading < 900
    assert sum(e.count for e in found) == 1_000
    assert all(before - 50_000_000 < e.time < after + 50_000_000 for e in found)
    assert max(found, key=lambda e: e.time).count > 1


def test_what_differs_in_anything_is_another_call(watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    kept = [os.open(path, os.O_RDONLY) for _ in range(20)]  # each has another descriptor
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        for _ in range(5):
            os.close(os.open(path, flags))
    os.close(os.open(f"{path}", os.O_RDONLY | os.O_CLOEXEC))
    found = watch.events(lambda e: e.path == os.fsencode(path) and e.process.pid == os.getpid(), count=30, seconds=1)
    assert {e.fd for e in found} >= {*kept}
    assert {e.flags & 3: sum(f.count for f in found if f.flags & 3 == e.flags & 3) for e in found} == {
        0: 1 + 20 + 5 + 1 - 1,
        1: 5 + 1,
        2: 5,
    }
    for fd in kept:
        os.close(fd)


def test_threads_are_told_apart_and_all_is_counted(watch: Watch) -> None:
    ids: list[int] = []

    def work() -> None:
        ids.append(threading.get_native_id())
        open_often(5_000, "/etc/hostname", "/etc/passwd")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    found: list[Event] = []
    wanted = lambda e: e.process.pid == os.getpid() and e.path in (b"/etc/hostname", b"/etc/passwd")  # noqa: E731
    while any(thread.is_alive() for thread in threads):
        found += [e for e in events_of(watch.batch()) if wanted(e)]
    found += [e for e in events_of(watch.batch()) if wanted(e)]
    assert {i: sum(e.count for e in found if e.thread == i) for i in ids} == dict.fromkeys(ids, 5_000)


def test_datagrams_to_one_place_are_counted(watch: Watch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.bind(("127.0.0.1", 0))
        for port in (9, 10):
            for _ in range(500):
                sending.sendto(b"x", ("127.0.0.1", port))
        found = watch.events(lambda e: e.type == "sendto" and e.process.pid == os.getpid(), count=4, seconds=1)
    assert {p: sum(e.count for e in found if e.remote[1] == p and e.result >= 0) for p in (9, 10)} != {9: 0, 10: 0}
    assert sum(e.count for e in found) == 1_000


def test_a_full_ring_loses_nothing_that_can_be_counted(folder: Path) -> None:
    watch = Watch(folder, ring_mib=1)
    for number in range(6_000):  # each path is another: more than the ring holds
        with pytest.raises(FileNotFoundError):
            os.open(f"/nowhere/{number}", os.O_RDONLY)
    dropped = watch.kernel.dropped()
    assert dropped > 0
    child = in_child(lambda: open_often(3_000, "/etc/hostname"))
    os.waitpid(child, 0)
    mine = sum(e.count for e in events_until_settled(watch) if e.process.pid == child and e.path == b"/etc/hostname")
    assert mine <= 3_000 <= mine + watch.kernel.dropped() - dropped


READER = """
import sys, time
from pathlib import Path
from tests.integration.probes.conftest import Watch
from tests.batches import events_of
watch, pid = Watch(Path(sys.argv[1]), 4), int(sys.argv[2])
print("attached", flush=True)
while True:
    time.sleep(0.01)
    reading = watch.kernel.read(9999)
    batch = watch.batcher.batch(reading, boot_offset_ns=0, dropped=0, ignored=0)
    told = [(e.id, e.count) for e in events_of(batch) if e.path == b"/etc/hostname" and e.process.pid == pid]
    for event in told:
        print(*event, flush=True)
    watch.kernel.commit_events(reading.cursors)
"""


def test_readers_that_are_killed_lose_no_count(folder: Path) -> None:
    watch = Watch(folder)
    watch.batch()
    code = "import os\nfor _ in range(400_000): os.close(os.open('/etc/hostname', os.O_RDONLY))"
    told: dict[str, int] = {}
    with subprocess.Popen([sys.executable, "-S", "-c", code]) as storm:
        while storm.poll() is None:
            with subprocess.Popen(
                [sys.executable, "-c", READER, str(folder), str(storm.pid)],
                stdout=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[3],
            ) as reader:
                assert reader.stdout
                assert reader.stdout.readline() == "attached\n"
                time.sleep(0.15)
                reader.send_signal(signal.SIGKILL)
                told |= {i: int(n) for i, n in (line.split() for line in reader.stdout if line.endswith("\n"))}
    rest = Watch(folder)
    last = events_until_settled(rest)
    told |= {e.id: e.count for e in last if e.process.pid == storm.pid and e.path == b"/etc/hostname"}
    missing = 400_000 - sum(told.values())
    # what others do meanwhile may fill the ring: then it is counted as dropped, and else none is
    assert 0 <= missing <= rest.kernel.dropped()


def test_a_call_that_is_the_same_elsewhere_is_another(watch: Watch, tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("one", "two", "three")]
    for place in places:
        place.mkdir()

    def work() -> None:
        for place in places:
            os.chdir(place)
            open_often(100, "/etc/hostname")

    child = in_child(work)
    found = [e for e in read_until_exit(watch, child) if e.path == b"/etc/hostname"]
    counts = {place: sum(e.count for e in found if e.process.cwd == os.fsencode(place)) for place in places}
    assert counts == dict.fromkeys(places, 100)


def counted(found: list[Event], **wanted: object) -> int:
    return sum(e.count for e in found if all(getattr(e, name) == value for name, value in wanted.items()))


def test_relative_paths_renames_and_calls_on_files_are_counted(watch: Watch, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()

    def work() -> None:
        for name in ("one", "two"):
            os.chdir(tmp_path / name)
            open_often(500, "file")
        folder = os.open(tmp_path / "one", os.O_RDONLY)
        for _ in range(500):
            os.close(os.open("file", os.O_RDONLY, dir_fd=folder))
        file = os.open("file", os.O_RDWR)
        for number in range(500):
            os.fchmod(file, 0o600)
            names = ("file", str(tmp_path / "two/other"))
            Path(names[number % 2]).rename(names[1 - number % 2])

    child = in_child(work)
    found: list[Event] = []
    while not os.waitpid(child, os.WNOHANG)[0]:
        found += [e for e in events_of(watch.batch()) if e.process.pid == child]
        time.sleep(0.01)
    found += [e for e in events_of(watch.batch()) if e.process.pid == child]
    one, two = (os.fsencode(tmp_path / name) for name in ("one", "two"))
    opens = [e for e in found if e.type == "openat" and e.path == b"file" and e.flags & 3 == 0]
    assert counted(opens, directory=one) == 1_000
    assert counted(opens, directory=two) == 500
    assert {e.process.cwd for e in opens if e.directory == one} == {one, two}
    assert counted(found, type="fchmod") == 500
    renames = [e for e in found if e.type == "rename"]
    assert counted(renames, path=b"file", directory=two, path2=two + b"/other") == 250
    assert counted(renames, path=two + b"/other", path2=b"file", directory2=two) == 250
    assert len(opens) + len(renames) < 400


def test_a_directory_that_is_renamed_is_told_by_its_new_name(watch: Watch, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    (before / "file").touch()

    def work() -> None:
        os.chdir(before)
        open_often(100, "file")
        before.rename(after)
        open_often(100, "file")

    child = in_child(work)
    found = [e for e in read_until_exit(watch, child) if e.path == b"file"]
    assert counted(found, directory=os.fsencode(before)) == counted(found, directory=os.fsencode(after)) == 100


def test_while_nobody_reads_what_was_made_once_makes_place(folder: Path) -> None:
    watch = Watch(folder, ring_mib=1)
    watch.batch()
    os.sched_setaffinity(0, {0})
    try:
        for number in range(3_000):  # fills all places of this processor
            with suppress(FileNotFoundError):
                os.open(f"/nowhere/{number}", os.O_RDONLY)
        time.sleep(0.2)
        open_often(20_000, "/etc/hostname", "/etc/passwd")
    finally:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    found = [e for e in events_until_settled(watch) if e.process.pid == os.getpid()]
    missing = [10_000 - counted(found, path=path) for path in (b"/etc/hostname", b"/etc/passwd")]
    # what others do meanwhile may fill the ring: then it is counted as dropped, and else none is
    assert min(missing) >= 0
    assert sum(missing) <= watch.kernel.dropped()
