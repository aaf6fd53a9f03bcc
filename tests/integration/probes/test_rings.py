"""What becomes of events when their reader is slow, or dies."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from probes import records
from probes.kernel import RECORDS
from probes.loader import detach, pinned_session
from schemas.call_filter import EVERYTHING
from tests.batches import events_of
from tests.integration.probes.conftest import WANTED, Watch

pytestmark = pytest.mark.probe


def open_many(times: int) -> None:
    """Open one file by many names: calls that are the same would be counted."""
    for number in range(times):
        os.close(os.open(f"/etc/{'/' * (number % 100)}{'./' * (number // 100)}hostname", os.O_RDONLY))


def test_what_was_made_is_what_was_read_and_what_was_dropped(folder: Path) -> None:
    watch = Watch(folder, ring_mib=1)
    child = os.fork()
    if not child:
        open_many(6_000)
        os._exit(0)
    os.waitpid(child, 0)
    read = [e for e in events_of(watch.batch()) if e.process.pid == child and e.path.endswith(b"hostname")]
    dropped = watch.kernel.dropped()
    assert dropped > 1_000
    # what others opened while the ring was full is counted as dropped too, never as read
    told = sum(e.count for e in read)
    assert told <= 6_000 <= told + dropped
    assert watch.batch().dropped >= dropped


def test_order_and_ids_are_of_the_events_themselves(watch: Watch) -> None:
    open_many(3_000)
    first = watch.kernel.read(1 << 16)
    watch.kernel.rewind(first)
    batch = [
        watch.batcher.batch(r, boot_offset_ns=0, dropped=0, ignored=0) for r in (first, watch.kernel.read(1 << 16))
    ]
    one, two = ([e.id for e in events_of(b) if e.process.pid == os.getpid()] for b in batch)
    assert len(one) >= 3_000
    assert len(set(one)) == len(one)
    assert two[: len(one)] == one


READER = """
import sys, time
from pathlib import Path
from tests.integration.probes.conftest import Watch
from tests.batches import events_of
watch = Watch(Path(sys.argv[1]), 4)
print("attached", watch.kernel.resumed, flush=True)
while True:
    time.sleep(0.01)
    for e in events_of(watch.batcher.batch(watch.kernel.read(9999), boot_offset_ns=0, dropped=0, ignored=0)):
        if e.path == b"/etc/hostname":
            print(e.id, flush=True)
"""


@contextmanager
def reader(folder: Path) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    command = [sys.executable, "-c", READER, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert process.stdout
    with process, process.stdout as lines:
        yield process, lines
        process.kill()


def test_a_reader_that_is_killed_loses_nothing_and_ids_stay(folder: Path) -> None:
    with reader(folder) as (first, lines):
        assert lines.readline() == "attached False\n"
        Path("/etc/hostname").read_bytes()
        told = lines.readline()
        first.send_signal(signal.SIGKILL)
        first.wait()
    Path("/etc/hostname").read_bytes()  # nobody reads now
    with reader(folder) as (_, lines):
        assert lines.readline() == "attached True\n"
        again, missed = lines.readline(), lines.readline()
    assert again == told
    assert re.fullmatch(r"[0-9a-f]{8}:[0-9a-f]+\n", missed)
    assert missed != told


def test_nothing_is_left_when_detached(folder: Path) -> None:
    Watch(folder)
    assert pinned_session(folder)
    assert os.path.ismount(folder)
    detach(folder)
    assert not pinned_session(folder)
    assert not folder.exists()
    detach(folder)  # and again, in peace


def test_other_ring_sizes_begin_another_session(folder: Path) -> None:
    first = Watch(folder, ring_mib=1).kernel.session
    second = Watch(folder, ring_mib=2).kernel
    assert not second.resumed
    assert second.session.id != first.id


def test_the_records_are_laid_out_as_the_c_compiler_lays_them_out(folder: Path) -> None:
    from bcc import BPF

    from probes.headers import write_headers

    write_headers(folder)
    os.environ["BCC_KERNEL_SOURCE"] = str(folder)
    c = (Path(records.__file__).parent / "bpf/records.h").read_text()

    arrays = "".join(f"BPF_ARRAY(a_{name}, struct {name}, 1);\n" for name in RECORDS)
    program = BPF(text=f"#include <linux/sched.h>\n{c}\n{arrays}".encode())
    for name, dtype in RECORDS.items():
        leaf = program[f"a_{name}".encode()].Leaf
        assert ctypes.sizeof(leaf) == dtype.itemsize, name
        for field in dtype.names or ():
            assert getattr(leaf, field).offset == dtype.fields[field][1], (name, field)
    header = program[b"a_small"].Leaf.h
    assert header.size == records.HEADER.itemsize


def test_attaching_again_is_quick(folder: Path) -> None:
    Watch(folder)
    began = time.monotonic()
    Watch(folder)
    assert time.monotonic() - began < 2


def test_only_wanted_calls_are_seen(watch: Watch, tmp_path: Path) -> None:
    watch.kernel.want({"mkdir": EVERYTHING})
    watch.batch()
    try:
        (tmp_path / "before").mkdir()
        (tmp_path / "before").touch()
        (tmp_path / "after").mkdir()
        events = watch.events(lambda e: e.path.startswith(os.fsencode(tmp_path) + b"/"), count=2)
        assert [(e.type, Path(os.fsdecode(e.path)).name) for e in events] == [("mkdir", "before"), ("mkdir", "after")]
    finally:
        watch.kernel.want(WANTED)


def test_a_process_that_ended_while_nobody_read_is_still_known(folder: Path) -> None:
    first = Watch(folder)
    with subprocess.Popen(
        ["sh", "-c", "echo ready; read go; : < /etc/hostname"], stdin=-1, stdout=-1, text=True
    ) as shell:
        assert shell.stdin
        assert shell.stdout
        shell.stdout.readline()
        reading = first.kernel.read(1 << 16)
        first.batcher.batch(reading, boot_offset_ns=0, dropped=0, ignored=0)
        first.kernel.commit_events(reading.cursors)  # as an agent does at once, and with execs only later
        del reading
        first.kernel.close()
        shell.communicate("go\n")
    second = Watch(folder)
    assert second.kernel.resumed
    (event,) = second.events(lambda e: e.path == b"/etc/hostname" and e.process.pid == shell.pid)
    second.kernel.close()
    assert event.process.known
    assert event.process.args.startswith(b"sh\0-c\0echo ready")


def test_a_program_in_memory_is_told_as_such(watch: Watch) -> None:
    fd = os.memfd_create("program")
    os.write(fd, Path("/bin/true").read_bytes())
    subprocess.run([f"/proc/self/fd/{fd}", "marker"], pass_fds=[fd], check=True)
    os.close(fd)
    (event,) = watch.events(lambda e: e.type == "execve" and b"\0marker\0" in e.process.args)
    assert event.process.exepath == b"/memfd:program"


def test_a_ring_that_is_read_round_and_round_gives_every_record_once(folder: Path) -> None:
    watch = Watch(folder, ring_mib=1)
    watch.batch()
    found: list[str] = []
    for begin in range(0, 12_000, 1_500):  # 1 MiB holds about 4,000
        for number in range(begin, begin + 1_500):
            with pytest.raises(FileNotFoundError):
                os.open(f"/nowhere/{number}", os.O_RDONLY)
        while watch.kernel._rings[0].waiting() > 20:
            events = events_of(watch.batch(limit=700))
            found += [e.path.decode() for e in events if e.path.startswith(b"/nowhere/")]
    found += [e.path.decode() for e in events_of(watch.batch()) if e.path.startswith(b"/nowhere/")]
    assert watch.kernel.dropped() == 0
    assert found == [f"/nowhere/{number}" for number in range(12_000)]
