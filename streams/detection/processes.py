"""A process of a batch, as fields look at it."""

from schemas.types.syscalls import Container
from streams.detection.columns import NONE, Columns
from streams.detection.lazily import lazy


class Process:
    """One row of a batch's process table; what is not known is None."""

    def __init__(self, columns: Columns, row: int) -> None:
        self.columns = columns
        self.row = row

    def number(self, name: str, absent: int | None = None) -> int | None:
        """Return the entry of a column, `pid` of `process_pid`; None where it is `absent`."""
        value = self.columns.number("process_" + name, self.row)
        return None if value == absent else value

    def string(self, name: str) -> str | None:
        """Return the string of a column of codes."""
        return self.columns.string("process_" + name, self.row)

    @lazy
    def name(self) -> str | None:
        """Return the kernel's name of the process."""
        return self.string("name")

    @lazy
    def argv(self) -> list[str] | None:
        """Return the arguments with argv[0]."""
        text = self.string("args")
        return None if text is None else text.removesuffix("\0").split("\0")

    @lazy
    def env(self) -> list[str] | None:
        """Return the variables of the environment, `NAME=value` each."""
        text = self.string("env")
        return None if text is None else text.removesuffix("\0").split("\0")

    @lazy
    def args(self) -> str | None:
        """Return the arguments without argv[0], parted by spaces."""
        return None if self.argv is None else " ".join(self.argv[1:])

    @lazy
    def cmdline(self) -> str | None:
        """Return the name and the arguments, as Falco makes a command line."""
        if self.name is None:
            return None
        return f"{self.name} {self.args}" if self.args else self.name

    @lazy
    def parent(self) -> "Process | None":
        """Return the parent, if it is known."""
        row = self.number("parent", NONE)
        return None if row is None else process_at(self.columns, row)

    @lazy
    def ancestors(self) -> list["Process"]:
        """Return the parent, its parent and so on as far as they are known."""
        known = []
        process = self.parent
        while process is not None:
            known.append(process)
            process = process.parent
        return known

    def ancestor(self, level: int) -> "Process | None":
        """Return the ancestor so many levels up; 0 is the process itself."""
        if level == 0:
            return self
        return self.ancestors[level - 1] if level <= len(self.ancestors) else None

    @lazy
    def on_host(self) -> bool:
        """Return whether it is known to run on the host, in no container."""
        return self.number("container") == NONE

    @lazy
    def container(self) -> Container | None:
        """Return the container it runs in."""
        index = self.number("container", NONE)
        return None if index is None else self.columns.containers[index]

    def user_called(self, uid: int) -> str | None:
        """Return the name of a user as it is known of the process or an ancestor in the same container."""
        for process in (self, *self.ancestors):
            if process.number("uid") == uid and process.container == self.container:
                name = process.string("user")
                if name is not None:
                    return name
        return "root" if uid == 0 else None

    @lazy
    def leaders(self) -> list["Process"]:
        """Return the rows that may be the leader of the process's session: several if it ran several programs."""
        sid = self.number("sid", 0)
        if sid is None:
            return []
        nearest = next((one for one in (self, *self.ancestors) if one.number("pid") == sid), None)
        if nearest is not None:
            return [nearest]
        return [process_at(self.columns, row) for row in self.columns.rows_of_pids.get(sid, ())]


def process_at(columns: Columns, row: int) -> Process:
    """Return the process of a row; one that was asked for before, with what it was found to be."""
    found: Process | None = columns.processes.get(row)
    if found is None:
        found = columns.processes[row] = Process(columns, row)
    return found
