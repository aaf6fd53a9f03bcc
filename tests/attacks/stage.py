"""Where the steps are done: real processes and containers, seen by real probes, judged by Falco's own rules."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from schemas.types.alerts import Alert
from schemas.types.syscalls import SyscallBatch
from streams.detection.judge import Judge
from streams.detection.rules import RuleSet
from tests.attacks import programs
from tests.attacks.steps import Step
from tests.integration.probes.conftest import Watch
from tests.podman import LIMITS, podman

NONE = 0xFFFFFFFF
SECONDS = 30


class Stage:
    """Does steps one after another and tells which rules fired about each, whatever else the machine does."""

    def __init__(self, watch: Watch, rules: RuleSet, folder: Path, image: str) -> None:
        self.watch = watch
        self.judge = Judge(rules)
        self.folder = folder
        self.image = image
        self.containers: list[str] = []

    def end(self) -> None:
        """Remove the containers: not earlier, or one could be gone before its name is read."""
        podman("rm", "-f", "-i", "-t", "0", *self.containers)

    def played(self, step: Step) -> Counter[str]:
        """Do a step, which the probes must see, and return the rules that fired, with how often."""
        self.watch.batch()
        batches: list[SyscallBatch] = []
        own = self._contained(step, batches) if step.where == "container" else self._on_host(step, batches)
        batches += self._batches_until_now()
        assert any(tells_of(batch, own) for batch in batches), f"{step.name} was not seen"
        found: Counter[str] = Counter()
        for batch in batches:
            for alert in self.judge.judge(batch):
                if own == alert.container_name or own in root_pids(batch, alert):
                    found[alert.rule] += alert.count
        return found

    def _on_host(self, step: Step, batches: list[SyscallBatch]) -> int:
        tmp = self.folder / uuid.uuid4().hex[:8]
        tmp.mkdir()
        tmp.chmod(0o777)
        programs.make(self.folder / "bin", step.programs)
        command = [part.format(bin=self.folder / "bin", tmp=tmp) for part in step.command]
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(tmp)}
        environment |= dict(variable.split("=", 1) for variable in (programs.PYTHON_HOME, *step.environment))
        return self._run(command, environment, tmp, step, batches)

    def _contained(self, step: Step, batches: list[SyscallBatch]) -> str:
        name = f"deedlog-{uuid.uuid4().hex[:8]}"
        variables = [f"--env={variable}" for variable in step.environment]
        terminal = ["-it"] if step.terminal else []
        command = ["podman", "--runtime", "runc", "run", *LIMITS, "--name", name, *terminal, *variables]
        whole = [*command, *step.options, self.image, *step.command]
        self.containers.append(name)
        self._run(whole, dict(os.environ), self.folder, step, batches)
        return name

    def _run(
        self, command: list[str], environment: dict[str, str], folder: Path, step: Step, batches: list[SyscallBatch]
    ) -> int:
        """Run a command to its end, whatever comes of it, reading what is seen meanwhile; return its process id."""
        master, slave = pty.openpty() if step.terminal else (-1, subprocess.DEVNULL)
        who = {"user": step.user, "group": step.user, "extra_groups": []} if step.user else {}
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
        start = partial(fcntl.ioctl, slave, termios.TIOCSCTTY, 0) if step.terminal else None
        until = time.monotonic() + SECONDS
        with subprocess.Popen(
            command, env=environment, cwd=folder, start_new_session=True, preexec_fn=start, **who, **streams
        ) as process:
            while process.poll() is None:
                assert time.monotonic() < until, f"{step.name} takes more than {SECONDS} s"
                if step.terminal and select.select([master], [], [], 0)[0]:
                    os.read(master, 4096)
                batches.append(self.watch.batch())
                time.sleep(0.02)
        for fd in (master, slave) if step.terminal else ():
            os.close(fd)
        return process.pid

    def _batches_until_now(self) -> Iterator[SyscallBatch]:
        marker = uuid.uuid4().hex.encode()
        subprocess.run(["/bin/true", marker], check=True, timeout=SECONDS)
        while True:
            batch = self.watch.batch()
            yield batch
            if any(marker in text for text in batch.strings):
                return


def tells_of(batch: SyscallBatch, own: int | str) -> bool:
    """Return whether a batch tells of a process, by its id, or of a container, by its name."""
    if isinstance(own, str):
        return own in [container.name for container in batch.containers]
    return own in np.frombuffer(batch.process_pid, "<u4")


def root_pids(batch: SyscallBatch, alert: Alert) -> frozenset[int]:
    """Return the process id of an alert's event and of its ancestors."""
    number = np.uint64(int(alert.events[0].rpartition(":")[2], 16))
    [event] = np.flatnonzero(np.frombuffer(batch.event_number, "<u8") == number)
    pids = np.frombuffer(batch.process_pid, "<u4")
    parents = np.frombuffer(batch.process_parent, "<u4")
    row = int(np.frombuffer(batch.event_process, "<u4")[event])
    found = []
    while row != NONE:
        found.append(int(pids[row]))
        row = int(parents[row])
    return frozenset(found)
