"""Reads a recorded capture as the batches that a node agent would have made."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from probes.captures import layout, lists
from probes.captures.assembling import CALLS, Source, assemble
from probes.captures.beginnings import Beginnings
from probes.captures.blocks import Block, Run, blocks
from probes.captures.calls import Step
from probes.captures.columns import Columns
from probes.captures.damage import BrokenError, Damage
from probes.captures.following import Follower
from probes.captures.processes import Processes
from schemas.types.syscalls import SyscallBatch

SESSION_DIGITS: Final = 16
LEFT_OUT: Final = {
    Step.FORKS: "clone of a thread, or as the child tells it",
    Step.EXECS: "execve that failed",
    Step.EXITS: "procexit of a thread",
}
"""Events that are followed and are not what batches mean by these names."""
FIRST_EVENT: Final = 1
"""Events are numbered as Falco does (evt.num)."""


class Capture:
    """A capture, read once from its beginning to its end.

    While it is read: `events` counts those read, `decoded` those in batches, `others` the rest by name; `damage` says
    where it ends too early. `node` is the name in the batches, by default the machine that it was recorded on.
    """

    def __init__(self, file: BinaryIO, *, session: str, node: str = "", fallback: str = "capture") -> None:
        self.events = 0
        self.decoded = 0
        self.others: Counter[str] = Counter()
        self.damage: Damage | None = None
        self.node = node
        self._file = file
        self._fallback = fallback
        self.session = session
        self._processes = Processes()
        self._follower = Follower(self._processes)
        self._beginnings = Beginnings()

    def batches(self) -> Iterator[SyscallBatch]:
        """Yield the batches, in the order of the file; whatever the bytes are, the end is told by `damage` alone."""
        source: Source | None = None
        for part in blocks(self._file):
            match part:
                case Block():
                    self._take(part)
                case Damage():
                    self.damage = part
                case Run():
                    source = source or Source(self._named(), self.session)
                    yield from self._decode(part, source)
            if self.damage:
                return

    def _named(self) -> str:
        self.node = self.node or self._fallback
        return self.node

    def _take(self, block: Block) -> None:
        """Take in a list. A damaged one ends the capture: what follows would be told of the wrong processes."""
        try:
            if block.type in layout.MACHINE:
                self.node = self.node or lists.machine(block.body).host
            elif block.type in layout.PROCESSES:
                self._processes.load(list(lists.processes(block.type, block.body)))
            elif block.type in layout.DESCRIPTORS:
                self._processes.open_files(*lists.descriptors(block.type, block.body))
            elif block.type in layout.USERS:
                self._processes.add_users(lists.users(block.type, block.body))
        except BrokenError as error:
            self.damage = Damage(block.byte, str(error))

    def _decode(self, run: Run, source: Source) -> Iterator[SyscallBatch]:
        columns = Columns(run)
        self._beginnings.join(columns)
        seen = self._follower.follow(columns)
        self.others += columns.others
        self.others += Counter(LEFT_OUT[CALLS[code].step] for code in columns.codes[seen.left_out].tolist())
        self.damage = columns.damage
        first, self.events = self.events + FIRST_EVENT, self.events + columns.events
        self.decoded += len(seen.rows)
        if seen.rows:
            yield from assemble(source, columns, seen, self._processes, first)


def session_of(path: Path) -> str:
    """Return the session of a capture's batches: by its content, so that its events keep their ids."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:SESSION_DIGITS]
