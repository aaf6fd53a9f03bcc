"""The node agent: loads the probes and publishes what the kernel sees. `--cleanup` takes the probes away.

SIGTERM ends it, SIGHUP makes it load the rules again, whose calls it records.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator

from infra.config import Settings, load_settings
from infra.notify import notify
from infra.recording import recorded_calls
from infra.rules.configured import configured_rules
from infra.services.dependencies import wait_for_log
from infra.supervisor.state import holder
from probes.batch import Batcher
from probes.btf import BtfError
from probes.containers import Runtimes
from probes.kernel import Kernel
from probes.loader import ProbeError, detach
from probes.maps import BpfError
from probes.processes import ProcessTable
from probes.procfs import processes
from probes.users import Users
from producers.publisher import Publisher, PublishError
from producers.syscalls import Progress, SyscallProducer

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM; return 1 if the probes cannot be loaded."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    settings = load_settings()
    folder = settings.run / "bpf"
    if "--cleanup" in sys.argv[1:]:
        detach(folder)
        return 0
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    own = [] if settings.include_own else list(descendants(holder(settings) or os.getpid()))
    try:
        kernel = Kernel(folder, settings.ring_mib, own)
    except (ProbeError, BtfError, BpfError) as error:
        log.error("%s", error)
        notify(status=str(error))
        return 1
    want(kernel, settings)
    signal.signal(signal.SIGHUP, lambda *_: want(kernel, settings))
    try:
        observe(settings, kernel, len(own), stop)
    except PublishError as error:
        log.warning("%s; they stay in the rings for the next agent", error)
    return 0


def observe(settings: Settings, kernel: Kernel, own: int, stop: threading.Event) -> None:
    """Publish what the kernel sees until `stop` is set; the rings hold it while the log is waited for."""
    log.info("probes %s, session %s", "found attached" if kernel.resumed else "attached", kernel.session.id)
    table = ProcessTable(Runtimes(), Users())
    table.load(processes())
    if not wait_for_log(settings, stop):
        return
    with Publisher(settings.kafka, settings.registry, source=f"/nodes/{settings.node}") as publisher:
        producer = SyscallProducer(
            kernel,
            Batcher(settings.node, kernel.session.id, table),
            publisher,
            node=settings.node,
            batch_age=settings.batch_age_ms / 1000,
            batch_bytes=settings.batch_bytes,
            report=lambda progress: notify(status=status(progress, own)),
        )
        notify(ready=1)
        producer.run(stop.is_set)
        notify(stopping=1)


def want(kernel: Kernel, settings: Settings) -> None:
    """Let the kernel record what the rules, as they are now, can match."""
    kernel.want(recorded_calls(settings, configured_rules(settings)))


def status(progress: Progress, own: int) -> str:
    """Return the line that `deedlog status` shows: what is dropped or left out is always in it."""
    same = progress.events - progress.rows
    return ", ".join(
        (
            f"{progress.events:,} events" + (f" ({same:,} counted as the same as another)" if same else ""),
            f"{progress.batches:,} batches",
            f"{progress.dropped:,} dropped",
            f"{progress.filtered:,} filtered",
            f"{progress.ignored:,} left out of {own} own processes" if own else "own processes included",
        )
    )


def descendants(root: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for process in processes():
        children.setdefault(process.ppid, []).append(process.pid)
    todo = [root]
    while todo:
        pid = todo.pop()
        yield pid
        todo += children.get(pid, [])


if __name__ == "__main__":
    sys.exit(main())
