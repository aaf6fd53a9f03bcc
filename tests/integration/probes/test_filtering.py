"""The kernel leaves out what a filter says, no more and no less, and counts it."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from probes.filtering import CallTables
from schemas.call_filter import EVERYTHING, CallFilter, cell_of
from tests.batches import Event
from tests.call_filters import is_recorded
from tests.integration.probes.conftest import Watch

pytestmark = pytest.mark.probe

FAILED, OTHERS = (0b1111 << 4 * place for place in (0, 4))
READING = sum(1 << cell_of(result, os.O_RDONLY) for result in (-1, 0, 1, 2, 3))
WRITING = sum(1 << cell_of(result, os.O_WRONLY) for result in (-1, 0, 1, 2, 3))
FILTERS = (
    CallFilter(),
    CallFilter(FAILED),
    CallFilter(OTHERS & READING),
    CallFilter(WRITING, ((b"/etc/host", READING),)),
    CallFilter(0, ((b"/", FAILED), (b"/etc", FAILED | OTHERS), (b"/etc/passwd", WRITING))),
    CallFilter(0, ((b"/etc/hostname", OTHERS), (b"/nowhere/" + b"x" * 150, FAILED), (b"/etc/hostname/", WRITING))),
)
PATHS = (
    *("/etc/hostname", "/etc/hosts", "/etc/passwd", "/nowhere/a", "/etc/hostname/", "/nowhere/.a"),
    *("//etc/passwd", "/etc/../etc/passwd", "/etc/./hostname", "/nowhere/a//b", "/.hidden", "/", "/etc/.", "/a.b/c."),
    *("/nowhere/" + "x" * count for count in (143, 149, 150, 151, 155, 200)),
    *("/" + "a" * count + tail for count in (6, 7, 14, 15) for tail in ("/", "/.", "//", "/b", ".")),
    *("etc/passwd", "nowhere"),
)


def attempt(path: str, flags: int) -> None:
    with suppress(OSError):
        os.close(os.open(path, flags))


def opens(watch: Watch) -> list[Event]:
    """Return the opens of this process up to the making of a directory that is not there."""
    with pytest.raises(FileNotFoundError):
        Path("/nowhere/end").mkdir()
    found: list[Event] = []
    while not any(e.type == "mkdir" for e in found):
        found += watch.events(lambda e: e.process.pid == os.getpid() and e.type in ("openat", "mkdir"))
    return [e for e in found if e.type == "openat"]


@pytest.mark.parametrize("found", FILTERS)
def test_what_is_recorded_is_what_the_filter_says(watch: Watch, found: CallFilter) -> None:
    calls = [(path, flags) for path in PATHS for flags in (os.O_RDONLY, os.O_WRONLY)]
    for path, flags in calls:
        attempt(path, flags)
    everything = {(e.path, e.flags): e.result for e in opens(watch)}
    before = watch.kernel.filtered()
    watch.kernel.want({"openat": found, "mkdir": EVERYTHING})
    try:
        for path, flags in calls:
            attempt(path, flags)
        seen = {(e.path, e.flags) for e in opens(watch)}
    finally:
        watch.kernel.want(dict.fromkeys(("openat", "mkdir"), EVERYTHING))
    expected = {call for call, result in everything.items() if is_recorded(found, result, call[1], call[0])}
    assert seen & {*everything} == expected
    left_out = len(everything) - len(expected)
    assert watch.kernel.filtered() - before >= left_out
    assert bool(left_out) is (found != EVERYTHING)


def test_filters_that_change_leave_nothing_of_the_old(watch: Watch) -> None:
    watch.kernel.want({"openat": FILTERS[3], "mkdir": EVERYTHING})
    watch.kernel.want({"openat": CallFilter(0, ((b"/etc/passwd", READING),)), "mkdir": EVERYTHING})
    watch.batch()
    try:
        for path in ("/etc/hostname", "/etc/passwd"):
            attempt(path, os.O_RDONLY)
            attempt(path, os.O_WRONLY)
        assert [(e.path, e.flags & 3) for e in opens(watch)] == [(b"/etc/passwd", os.O_RDONLY)]
    finally:
        watch.kernel.want(dict.fromkeys(("openat", "mkdir"), EVERYTHING))


def test_what_keeps_the_table_of_processes_is_never_left_out(watch: Watch, tmp_path: Path) -> None:
    watch.kernel.want({"chdir": CallFilter(0)})
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        found = watch.events(lambda e: e.type == "chdir" and e.process.pid == os.getpid())
        assert found
    finally:
        os.chdir(before)
        watch.kernel.want(dict.fromkeys(("openat", "mkdir"), EVERYTHING))


def test_the_tables_tell_which_calls_are_attached(folder: Path) -> None:
    watch = Watch(folder)
    watch.kernel.want({"openat": FILTERS[1], "mkdir": EVERYTHING})
    tables = CallTables(folder)
    assert tables.attached() == {"openat", "mkdir", "chdir", "fchdir"}
    tables.close()
    watch.kernel.close()
