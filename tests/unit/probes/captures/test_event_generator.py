"""A recorded run of event-generator gives Falco's alerts; each difference is shown to come from what is different.

Falco 0.44.1 gave these on replay of the same file, with the same rules. Four things differ, and no more:

* Falco tells the first rule that matches an event, deedlog all of them.
* Falco takes the cgroup of that machine, 32 hexadecimal digits, for a container; deedlog does not, for it is none.
* To Falco an execve that fails is an `execve` too; to deedlog it is no start of a program.
* Falco, knowing no mounts of that container, takes every one for sensitive; deedlog takes none for it.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from probes.captures.following import Follower
from probes.captures.processes import Processes, number
from probes.captures.reading import Capture
from probes.processes import Image
from schemas.types.syscalls import Container, SyscallBatch
from streams.detection.judge import Judge
from streams.detection.loading import load_rules
from streams.detection.rules import RuleSet

DATA = Path(__file__).parents[5] / "shared/data"
NAMES = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")
MACHINE = re.compile(rb"(^|/)[0-9a-f]{32}(/|$)")
NOWHERE = 0xFFFFFFFF

CAPABLE, SENSITIVE = "Launch Excessively Capable Container", "Launch Sensitive Mount Container"
DROPPED = "Drop and execute new binary in container"
IN_CONTAINERS = {CAPABLE: 12, SENSITIVE: 9, DROPPED: 3}
ELSEWHERE = {
    "Read sensitive file untrusted": 2,
    "Clear Log Activities": 1,
    "Create Hardlink Over Sensitive Files": 1,
    "Create Symlink Over Sensitive Files": 1,
    "Directory traversal monitored file read": 1,
    "Execution from /dev/shm": 1,
    "Fileless execution via memfd_create": 1,
    "Find AWS Credentials": 1,
    "PTRACE anti-debug attempt": 1,
    "PTRACE attached to process": 1,
    "Read sensitive file trusted after startup": 1,
    "Remove Bulk Data from Disk": 1,
    "Run shell untrusted": 1,
    "Search Private Keys or Passwords": 1,
}
ON_HOSTS_ALONE = {"User mgmt binaries": 1, "System user interactive": 1, "Non sudo setuid": 1}
"""What Falco misses since it takes the host for a container whose users it does not know."""
SECOND = {"Read sensitive file untrusted": 2, "Web Server Spawned Shell": 1}
"""What matches events of which Falco told another rule."""


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules([DATA / "falco-rules" / name for name in NAMES], builtin=False)


@pytest.fixture(scope="module")
def batches() -> list[SyscallBatch]:
    with (DATA / "captures/event-generator.scap").open("rb") as file:
        return list(Capture(file, session="event-generator").batches())


def told(rules: RuleSet, batches: Iterable[SyscallBatch], *, first: bool) -> Counter[str]:
    """Count the alerts of rules, all of them or the first of each event."""
    judge, seen, found = Judge(rules), set[str](), Counter[str]()
    for batch in batches:
        for alert in judge.judge(batch):
            if not first or alert.events[0] not in seen:
                found[alert.rule] += 1
            seen.add(alert.events[0])
    return found


def as_falco_sees_it(batch: SyscallBatch) -> SyscallBatch:
    """Return the batch with that machine as a container of which nothing is known, its users' names neither."""
    inside = np.array(
        [MACHINE.search(batch.strings[c]) is not None for c in np.frombuffer(batch.process_cgroup, "<u4")]
    )
    users = np.where(inside, 0, np.frombuffer(batch.process_user, "<u4")).astype("<u4")
    places = np.where(inside, 0, NOWHERE).astype("<u4")
    return msgspec.structs.replace(
        batch,
        process_user=users.tobytes(),
        process_container=places.tobytes(),
        containers=(Container(id="f" * 64, runtime="unknown"),),
    )


def test_falcos_alerts_are_among_ours_and_the_others_are_explained(rules: RuleSet, batches: list[SyscallBatch]) -> None:
    assert told(rules, batches, first=False) == Counter(ELSEWHERE) + Counter(ON_HOSTS_ALONE) + Counter(SECOND)


def test_of_the_first_rule_of_each_event_there_are_as_many(rules: RuleSet, batches: list[SyscallBatch]) -> None:
    first = told(rules, batches, first=True)
    assert first == Counter(ELSEWHERE) + Counter({"System user interactive": 1, "Non sudo setuid": 1})


def test_with_that_machine_as_a_container_all_but_failed_starts_are_told_alike(
    rules: RuleSet, batches: list[SyscallBatch]
) -> None:
    first = told(rules, map(as_falco_sees_it, batches), first=True)
    capable = first.pop(CAPABLE)
    assert first == Counter(ELSEWHERE) + Counter({DROPPED: 3})
    # what Falco tells of starts that failed is told from the file itself: see the other test
    assert capable == IN_CONTAINERS[CAPABLE] - 10


class Watching(Follower):
    """Follows a capture as ever, and counts the starts that failed, by what was known of who tried."""

    def __init__(self, processes: Processes) -> None:
        super().__init__(processes)
        self.failed: Counter[tuple[int, bool]] = Counter()

    def _execs(self, row: int, image: Image) -> Image | None:
        who = self._processes.of(self._threads[row])
        if number(self._columns.values[row], "result", 0) < 0:
            self.failed[who.vpid, who.cap_permitted != 0] += 1
        return super()._execs(row, image)


def test_what_falco_tells_beyond_are_starts_that_failed() -> None:
    with (DATA / "captures/event-generator.scap").open("rb") as file:
        capture = Capture(file, session="event-generator")
        capture._follower = watching = Watching(capture._processes)
        assert all(batch.count for batch in capture.batches())
    # by the first process of a pid namespace: with its capabilities known, which are all, or not known yet
    assert watching.failed[1, True] == 10
    assert watching.failed[1, False] == IN_CONTAINERS[SENSITIVE]
    assert capture.others["execve that failed"] == watching.failed.total()
