import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from probes.batch import Batcher
from probes.containers import Runtimes
from probes.events import CALLS, RECEIVE, RECEIVE_MESSAGE
from probes.kernel import Kernel
from probes.loader import detach
from probes.processes import ProcessTable
from probes.procfs import boot_offset_ns, processes
from probes.users import Users
from schemas.call_filter import EVERYTHING
from schemas.types.syscalls import SyscallBatch
from tests.batches import Event, events_of
from tests.podman import build_image


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the probes of a test are pinned; they are gone when it ends."""
    if os.geteuid():
        pytest.skip("eBPF programs are loaded by root")
    yield tmp_path / "bpf"
    detach(tmp_path / "bpf")


WANTED = {call.name: EVERYTHING for call in CALLS if call.kind not in (RECEIVE, RECEIVE_MESSAGE)}
"""Everything but what is received: whatever else the machine does would fill the small rings of tests with it."""


class Watch:
    """Probes of a test's own, with all that it takes to read them."""

    def __init__(self, folder: Path, ring_mib: int = 4) -> None:
        self.kernel = Kernel(folder, ring_mib)
        self.kernel.want(WANTED)
        self.table = ProcessTable(Runtimes(), Users())
        self.table.load(processes())
        self.batcher = Batcher("node", self.kernel.session.id, self.table)

    def batch(self, limit: int = 1 << 16) -> SyscallBatch:
        """Return what the kernel has seen since the last batch."""
        reading = self.kernel.read(limit)
        batch = self.batcher.batch(
            reading,
            boot_offset_ns=boot_offset_ns(),
            dropped=self.kernel.dropped(),
            ignored=self.kernel.ignored(),
            filtered=self.kernel.filtered(),
        )
        self.kernel.commit_events(reading.cursors)
        self.kernel.commit_execs(reading.cursors)
        return batch

    def events(self, wanted: Callable[[Event], bool], *, count: int = 1, seconds: float = 10) -> list[Event]:
        """Return the events that are wanted, as soon as there are `count` of them or the time is over."""
        found: list[Event] = []
        until = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < until:
            if not self.kernel.waiting():
                time.sleep(0.005)
                continue
            found += [event for event in events_of(self.batch()) if wanted(event)]
        return found

    def until_exit(self, pid: int) -> list[Event]:
        """Return all events of a process up to its end."""
        found: list[Event] = []
        while not any(e.type == "procexit" for e in found):
            more = self.events(lambda e: e.process.pid == pid)
            assert more, "the end of the process was not told"
            found += more
        return found


@pytest.fixture(scope="module")
def attached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Probes attached to this machine for the tests of a module: attaching takes a second."""
    if os.geteuid():
        pytest.skip("eBPF programs are loaded by root")
    folder = tmp_path_factory.mktemp("probes") / "bpf"
    watch = Watch(folder)
    yield watch
    watch.kernel.close()
    detach(folder)


@pytest.fixture
def watch(attached: Watch) -> Watch:
    """Probes that have told all that was before the test."""
    attached.batch()
    return attached


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The image that containers of tests are made of."""
    build_image(tmp_path_factory.mktemp("image"))
