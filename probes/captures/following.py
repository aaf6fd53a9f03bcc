"""Goes through a run's events in order: keeps processes and descriptors, and notes what they were at each event."""

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from probes.captures.calls import COLUMN_CALLS, ROW_CALLS, Step
from probes.captures.columns import AT_FDCWD, Columns
from probes.captures.descriptors import FIFO, FILE, SOCKET, Descriptor, joined, look
from probes.captures.event_types import PARAMETERS
from probes.captures.flags import clone_flags_of
from probes.captures.parameters import text_of
from probes.captures.processes import Processes, number
from probes.captures.sockets import ADDRESS_BYTES, UNIX, address, ends
from probes.processes import Image
from probes.users import UNKNOWN_ID

STEP_OF_CODE: Final = np.full(len(PARAMETERS), Step.BEGINS, dtype=np.int64)
for _code, _call in (COLUMN_CALLS | ROW_CALLS).items():
    STEP_OF_CODE[_code] = _call.step
BEGINS: Final = int(Step.BEGINS)
NAMED: Final = np.zeros(len(PARAMETERS), dtype=bool)
NAMED[[code for code, call in (COLUMN_CALLS | ROW_CALLS).items() if call.name]] = True

O_CLOEXEC: Final = 0o2000000
O_DIRECTORY: Final = 0o200000
IN_PROGRESS: Final = -115
DUPFD: Final = {1: False, 26: True}
"""Falco's numbers of the commands of fcntl that make descriptors, and if those close on exec."""
SETFD: Final = 3
RANGE_CLOEXEC: Final = 4
SOCKET_TYPE: Final = 0xF
PROTOCOL_OF_TYPE: Final = {1: 6, 2: 17}
"""What protocol 0 means for a stream and for datagrams."""


class Seen:
    """What was noted of a run's events, by row: `rows` are those that go into the batch, `images` whose they are."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.images: list[Image] = []
        self.files: dict[int, Descriptor] = {}
        self.directories: dict[int, bytes] = {}
        self.directories2: dict[int, bytes] = {}
        self.left_out: list[int] = []

    def halves(self) -> tuple["Seen", "Seen"]:
        """Return what was noted of the first and of the second half of the events."""
        first, second = Seen(), Seen()
        middle = len(self.rows) // 2
        border = self.rows[middle]
        first.rows, second.rows = self.rows[:middle], self.rows[middle:]
        first.images, second.images = self.images[:middle], self.images[middle:]
        for name in ("files", "directories", "directories2"):
            for row, noted in getattr(self, name).items():
                getattr(first if row < border else second, name)[row] = noted
        return first, second


class Follower:
    """Follows the events of a capture, run by run."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        handlers: dict[Step, Callable[[int, Image], Image | None]] = {
            Step.OPENS: self._opens,
            Step.CLOSES: self._closes,
            Step.CLOSES_RANGE: self._closes_range,
            Step.LOOKS: self._looks,
            Step.RELATIVE: self._relative,
            Step.DUPLICATES: self._duplicates,
            Step.FCNTL: self._controls,
            Step.MAKES: self._makes,
            Step.MAKES_PIPE: self._makes_pipe,
            Step.MAKES_PAIR: self._makes_pair,
            Step.MAKES_SOCKET: self._makes_socket,
            Step.CONNECTS: self._connects,
            Step.BINDS: self._binds,
            Step.ACCEPTS: self._accepts,
            Step.SENDS: self._sends,
            Step.CHANGES_DIRECTORY: self._changes_directory,
            Step.SETS_USER: self._sets_user,
            Step.SETS_GROUP: self._sets_group,
            Step.SETS_SESSION: self._sets_session,
            Step.FORKS: self._forks,
            Step.EXECS: self._execs,
            Step.EXITS: self._exits,
            Step.ADDS_USER: self._adds_user,
        }
        self._handlers = [handlers.get(step) for step in Step]

    def follow(self, columns: Columns) -> Seen:
        """Return what was noted of the events; processes and descriptors are then as after the last of them."""
        self._take(columns)
        seen = self._seen = Seen()
        steps, named = STEP_OF_CODE[columns.codes].tolist(), NAMED[columns.codes].tolist()
        of, handlers = self._processes.of, self._handlers
        for row, tid in enumerate(self._threads):
            step = steps[row]
            if step == BEGINS:
                continue
            image = of(tid)
            handler = handlers[step]
            owner = handler(row, image) if handler else image
            if owner is None:
                seen.left_out.append(row)
            elif named[row]:
                seen.rows.append(row)
                seen.images.append(owner)
        return seen

    def _take(self, columns: Columns) -> None:
        self._columns = columns
        self._strings = columns.dictionary.strings()
        self._threads: list[int] = columns.thread.tolist()
        self._result: list[int] = columns.column("result").tolist()
        self._fd: list[int] = columns.column("fd").tolist()
        self._dirfd: list[int] = columns.column("dirfd").tolist()
        self._flags: list[int] = columns.column("flags").tolist()
        self._argument: list[int] = columns.column("argument").tolist()
        self._path: list[int] = columns.column("path").tolist()
        self._tuple: list[int] = columns.column("tuple").tolist()
        self._address: list[int] = columns.column("address").tolist()

    def _put(self, image: Image, descriptor: int, found: Descriptor) -> None:
        self._processes.descriptors(image.pid)[descriptor] = found

    def _look(self, row: int, image: Image) -> Descriptor:
        return look(self._processes.descriptors(image.pid), self._fd[row])

    def _opens(self, row: int, image: Image) -> Image:
        path, base, flags, made = self._strings[self._path[row]], image.cwd, self._flags[row], self._result[row]
        if self._dirfd[row] != AT_FDCWD and not path.startswith(b"/"):
            base = self._seen.directories[row] = look(self._processes.descriptors(image.pid), self._dirfd[row]).path
        if made >= 0:
            opened = base, path, bool(flags & O_CLOEXEC), bool(flags & O_DIRECTORY)
            self._processes.descriptors(image.pid)[made] = opened
        return image

    def _closes(self, row: int, image: Image) -> Image:
        if self._result[row] == 0:
            self._processes.descriptors(image.pid).pop(self._fd[row], None)
        return image

    def _closes_range(self, row: int, image: Image) -> Image:
        table = self._processes.descriptors(image.pid)
        if self._result[row] == 0:
            for found in [found for found in table if self._fd[row] <= found <= self._argument[row]]:
                if self._flags[row] & RANGE_CLOEXEC:
                    table[found] = msgspec.structs.replace(look(table, found), closes_on_exec=True)
                else:
                    del table[found]
        return image

    def _looks(self, row: int, image: Image) -> Image:
        self._seen.files[row] = self._look(row, image)
        return image

    def _relative(self, row: int, image: Image) -> Image:
        columns, table = self._columns, self._processes.descriptors(image.pid)
        ways = (("dirfd", "path", self._seen.directories), ("dirfd2", "path2", self._seen.directories2))
        for at, path, directories in ways:
            base = int(columns.column(at)[row])
            if base != AT_FDCWD and not self._text(path, row).startswith(b"/"):
                directories[row] = look(table, base).path
        return image

    def _text(self, column: str, row: int) -> bytes:
        return self._strings[int(self._columns.column(column)[row])]

    def _duplicates(self, row: int, image: Image) -> Image:
        found, made = self._look(row, image), self._result[row]
        self._seen.files[row] = found
        if made >= 0:
            closes = bool(self._flags[row] & O_CLOEXEC)
            self._put(image, made, msgspec.structs.replace(found, closes_on_exec=closes))
        return image

    def _controls(self, row: int, image: Image) -> Image:
        command, made = self._argument[row], self._result[row]
        if command in DUPFD and made >= 0:
            changed = msgspec.structs.replace(self._look(row, image), closes_on_exec=DUPFD[command])
            self._put(image, made, changed)
        elif command == SETFD and made == 0:
            changed = msgspec.structs.replace(self._look(row, image), closes_on_exec=bool(self._flags[row] & 1))
            self._put(image, self._fd[row], changed)
        return image

    def _makes(self, row: int, image: Image) -> Image:
        if self._result[row] >= 0:
            path = b"/memfd:" + self._strings[self._path[row]] + b" (deleted)"
            self._put(image, self._result[row], Descriptor(FILE, path, closes_on_exec=bool(self._flags[row] & 1)))
        return image

    def _makes_pipe(self, row: int, image: Image) -> Image:
        return self._makes_two(row, image, Descriptor(FIFO, closes_on_exec=bool(self._flags[row] & O_CLOEXEC)))

    def _makes_pair(self, row: int, image: Image) -> Image:
        closes = bool(self._flags[row] & O_CLOEXEC)
        return self._makes_two(row, image, Descriptor(SOCKET, family=UNIX, closes_on_exec=closes))

    def _makes_two(self, row: int, image: Image, made: Descriptor) -> Image:
        if self._result[row] == 0:
            self._put(image, self._fd[row], made)
            self._put(image, self._argument[row], made)
        return image

    def _makes_socket(self, row: int, image: Image) -> Image:
        if self._result[row] >= 0:
            kind, family = self._flags[row], self._argument[row] & 0xFFFF
            protocol = int(self._columns.column("protocol")[row]) & 0xFFFF
            if family in ADDRESS_BYTES:
                protocol = protocol or PROTOCOL_OF_TYPE.get(kind & SOCKET_TYPE, 0)
            made = Descriptor(SOCKET, b"", family, protocol, closes_on_exec=bool(kind & O_CLOEXEC))
            self._put(image, self._result[row], made)
        return image

    def _connects(self, row: int, image: Image) -> Image:
        found = self._look(row, image).connected(address(self._strings[self._address[row]]))
        found = found.connected(ends(self._strings[self._tuple[row]]))
        self._seen.files[row] = found
        if self._result[row] in (0, IN_PROGRESS):
            self._put(image, self._fd[row], found)
        return image

    def _binds(self, row: int, image: Image) -> Image:
        told = address(self._strings[self._address[row]])
        found = self._look(row, image).connected(told, inbound=True)
        self._seen.files[row] = found
        if self._result[row] == 0:
            self._put(image, self._fd[row], found)
        return image

    def _accepts(self, row: int, image: Image) -> Image:
        if self._result[row] >= 0:
            closes = bool(self._flags[row] & O_CLOEXEC)
            told = ends(self._strings[self._tuple[row]])
            found = Descriptor(SOCKET, closes_on_exec=closes).connected(told, inbound=True)
            self._seen.files[row] = found
            self._put(image, self._result[row], found)
        return image

    def _sends(self, row: int, image: Image) -> Image:
        self._seen.files[row] = self._look(row, image).connected(ends(self._strings[self._tuple[row]]))
        return image

    def _changes_directory(self, row: int, image: Image) -> Image:
        if self._result[row] == 0:
            path = self._strings[self._path[row]] or self._look(row, image).path
            self._processes.change(image, cwd=joined(image.cwd, path))
        return image

    def _sets_user(self, row: int, image: Image) -> Image:
        return self._sets(row, image, "uid")

    def _sets_group(self, row: int, image: Image) -> Image:
        return self._sets(row, image, "gid")

    def _sets(self, row: int, image: Image, field: str) -> Image:
        value = self._argument[row] & UNKNOWN_ID
        if self._result[row] == 0 and value != UNKNOWN_ID:
            self._processes.change(image, **{field: value})
        return self._processes.of(self._threads[row])

    def _sets_session(self, row: int, image: Image) -> Image:
        if self._result[row] > 0 and image.vpid in (0, image.pid):
            self._processes.change(image, sid=image.pid)
        return image

    def _forks(self, row: int, image: Image) -> Image | None:
        told = self._columns.values[row]
        flags = clone_flags_of(number(told, "flags:clone", 0) & UNKNOWN_ID)
        self._columns.column("result")[row] = number(told, "result", 0)
        self._columns.column("flags")[row] = flags
        made = self._processes.fork(self._threads[row], int(self._columns.time[row]), told, flags)
        return image if made else None

    def _execs(self, row: int, _: Image) -> Image | None:
        told = self._columns.values[row]
        return self._processes.exec(self._threads[row], told) if number(told, "result", 0) == 0 else None

    def _exits(self, row: int, image: Image) -> Image | None:
        self._columns.column("result")[row] = number(self._columns.values[row], "result", 0)
        return image if self._processes.exit(self._threads[row]) else None

    def _adds_user(self, row: int, image: Image) -> Image:
        told = self._columns.values[row]
        container = text_of(told.get("container", b"")).decode("ascii", "replace")
        names = {number(told, "uid", UNKNOWN_ID): text_of(told.get("name", b""))}
        self._processes.add_users(names, container)
        return image
