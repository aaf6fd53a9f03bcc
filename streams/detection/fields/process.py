"""Fields of the process that an event came from, and of its ancestors."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from streams.detection.columns import NONE, Array, Columns
from streams.detection.fields.field import Field, Type
from streams.detection.levels import AGES, NUMBERS, PROCESS, PROGRAM
from streams.detection.linux import capabilities
from streams.detection.processes import Process

Reader = Callable[[Process], Any]

KNOWN: Final = 1
WRITABLE: Final = 2
UPPER: Final = 4
LOWER: Final = 8
IN_MEMORY: Final = 16
LAYERS_KNOWN: Final = 32
"""Bits of `process_exe_flags`."""


def _field(name: str, doc: str, how: Reader, type: Type = "string") -> Field:
    return Field(name=name, type=type, doc=doc, level=PROCESS, how=how)


def _number(name: str, doc: str, column: str, absent: int | None = None) -> Field:
    return _field(name, doc, lambda process: process.number(column, absent), "number")


def _of_parent(how: Reader) -> Reader:
    return lambda process: None if process.parent is None else how(process.parent)


def _of_ancestors(name: str, doc: str, how: Reader, type: Type = "string") -> Field:
    def all_of_them(process: Process) -> tuple[Any, ...]:
        return tuple(value for value in map(how, process.ancestors) if value is not None)

    def of_level(level: int) -> Reader:
        def reader(process: Process) -> Any:
            ancestor = process.ancestor(level)
            return None if ancestor is None else how(ancestor)

        return reader

    doc = f"{doc} of an ancestor: [1] is the parent, [0] the process itself; without an index, any ancestor's."
    return Field(name=name, type=type, doc=doc, level=PROCESS, how=all_of_them, indexed=of_level, many=True)


def _exe(process: Process) -> str | None:
    return process.argv[0] if process.argv else None


def _cwd(process: Process) -> str | None:
    cwd = process.string("cwd")
    return None if cwd is None else cwd.rstrip("/") + "/"


def _exepath(process: Process) -> str | None:
    return process.string("exepath")


def _argument(index: int) -> Reader:
    def reader(process: Process) -> str | None:
        argv = process.argv or []
        return argv[index + 1] if index + 1 < len(argv) else None

    return reader


def _count(process: Process) -> int | None:
    return None if process.argv is None else len(process.argv) - 1


def _length(process: Process) -> int | None:
    return (
        None if process.argv is None else sum(len(part.encode("utf-8", "surrogateescape")) for part in process.argv[1:])
    )


def _flag(name: str, doc: str, bit: int, known: int) -> Field:
    def how(process: Process) -> bool | None:
        flags = process.number("exe_flags", 0) or 0
        return bool(flags & bit) if flags & known else None

    return _field(name, doc, how, "flag")


def _is_in_memory(process: Process) -> bool | None:
    flags, path = process.number("exe_flags", 0) or 0, _exepath(process)
    if flags & KNOWN:
        return bool(flags & IN_MEMORY)
    return None if path is None else path.startswith("/memfd:")


def _variable(key: str) -> Reader:
    def reader(process: Process) -> str | None:
        pairs = (variable.partition("=") for variable in process.env or ())
        return next((value for name, sign, value in pairs if sign and name == key), None)

    return reader


def _age_at_start(process: Process) -> int | None:
    changed, start = process.number("exe_ctime", 0), process.number("start", 0)
    return None if changed is None or start is None else start - changed


def _changed_since_namespace(process: Process) -> int | None:
    changed, start = process.number("exe_ctime", 0), process.number("pidns_start", 0)
    return None if changed is None or start is None or changed <= start else changed - start


def _leads_group(process: Process) -> bool | None:
    group, pid = process.number("vpgid", 0), process.number("vpid", 0)
    return None if group is None or pid is None else group == pid


def _capabilities(column: str) -> Reader:
    def reader(process: Process) -> str | None:
        mask = process.number(column)
        return None if mask is None or process.number("known") == 0 else capabilities(mask)

    return reader


def _duration(columns: Columns, events: Array) -> tuple[Array, Array | None]:
    if "process_start" not in columns.arrays:
        return np.zeros(len(events), np.int64), np.zeros(len(events), bool)
    start = columns.arrays["process_start"][columns.arrays["event_process"][events]].astype(np.int64)
    return columns.arrays["event_time"][events].astype(np.int64) - start, start > 0


def _thread(columns: Columns, events: Array) -> tuple[Array, Array | None]:
    return columns.arrays["event_thread"][events], None


FIELDS: Final = (
    Field(
        name="proc.name",
        type="string",
        doc="The kernel's name of the process, at most 15 bytes.",
        level=PROGRAM,
        how=lambda process: process.name,
    ),
    _field("proc.exe", "The first argument, argv[0], as the starter gave it.", _exe),
    _field("proc.exepath", "Path of the executable, links followed.", _exepath),
    Field(
        name="proc.args",
        type="string",
        doc="Arguments without argv[0], parted by spaces; [n] is one of them, from 0.",
        level=PROCESS,
        how=lambda process: process.args,
        indexed=_argument,
    ),
    _field("proc.cmdline", "`proc.name` and `proc.args`.", lambda p: p.cmdline),
    _field("proc.cwd", "Working directory, with a slash at its end: `/tmp/`, and `/` itself.", _cwd),
    _number("proc.pid", "Process id on the host.", "pid"),
    _number("proc.ppid", "Process id of the parent.", "ppid", 0),
    _number("proc.vpid", "Process id in its own pid namespace: 1 for a container's first process.", "vpid", 0),
    _number("proc.sid", "Session id.", "sid", 0),
    _number("proc.tty", "Device number of the controlling terminal; 0 if there is none.", "tty", NONE),
    Field(
        name="proc.duration",
        type="number",
        doc="Nanoseconds since the process started.",
        level=AGES,
        how=_duration,
    ),
    _field("proc.pname", "Name of the parent.", _of_parent(lambda p: p.name)),
    _field("proc.pexe", "First argument of the parent.", _of_parent(_exe)),
    _field("proc.pexepath", "Executable of the parent.", _of_parent(_exepath)),
    _field("proc.pcmdline", "Command line of the parent.", _of_parent(lambda p: p.cmdline)),
    _of_ancestors("proc.aname", "Name", lambda p: p.name),
    _of_ancestors("proc.aexe", "First argument", _exe),
    _of_ancestors("proc.aexepath", "Executable", _exepath),
    _of_ancestors("proc.acmdline", "Command line", lambda p: p.cmdline),
    _of_ancestors("proc.apid", "Process id", lambda p: p.number("pid"), "number"),
    _field(
        "proc.exeline",
        "The first argument and the others: how the program was called.",
        lambda p: None if p.argv is None else " ".join(p.argv),
    ),
    _field("proc.cmdnargs", "Number of arguments without argv[0].", _count, "number"),
    _field(
        "proc.cmdlenargs", "Length of the arguments without argv[0] and the spaces between them.", _length, "number"
    ),
    _field(
        "proc.is_exe_from_memfd",
        "Whether the executable is only in memory, made by memfd_create.",
        _is_in_memory,
        "flag",
    ),
    _number("proc.pid.ts", "Start of the process, in nanoseconds since the epoch.", "start", 0),
    _field(
        "proc.ppid.ts",
        "Start of the parent, in nanoseconds since the epoch.",
        _of_parent(lambda p: p.number("start", 0)),
        "number",
    ),
    _field("proc.pvpid", "`proc.vpid` of the parent.", _of_parent(lambda p: p.number("vpid", 0)), "number"),
    Field(
        name="proc.env",
        type="string",
        doc="Environment at the start of the program, parted by spaces; [NAME] is the value of one variable. "
        "The first 4,096 bytes.",
        level=PROCESS,
        how=lambda process: None if process.env is None else " ".join(process.env),
        keyed=_variable,
    ),
    _flag("proc.is_exe_writable", "Whether the process's user may write its executable.", WRITABLE, KNOWN),
    _flag(
        "proc.is_exe_upper_layer",
        "Whether the executable is in the upper layer of an overlay.",
        UPPER,
        LAYERS_KNOWN,
    ),
    _flag(
        "proc.is_exe_lower_layer",
        "Whether the executable is in a lower layer of an overlay.",
        LOWER,
        LAYERS_KNOWN,
    ),
    _number("proc.exe_ino", "Inode number of the executable.", "exe_ino", 0),
    _number("proc.exe_ino.ctime", "Last change of the executable's inode, ns since the epoch.", "exe_ctime", 0),
    _number("proc.exe_ino.mtime", "Last change of the executable's content, ns since the epoch.", "exe_mtime", 0),
    _field(
        "proc.exe_ino.ctime_duration_proc_start",
        "Nanoseconds from the last change of the executable's inode to the start of the process.",
        _age_at_start,
        "number",
    ),
    _field(
        "proc.exe_ino.ctime_duration_pidns_start",
        "Nanoseconds from the start of the process's pid namespace to a later change of the executable's inode; "
        "absent if it was not changed since: tells what was put into a running container.",
        _changed_since_namespace,
        "number",
    ),
    _number(
        "proc.pidns_init_start_ts",
        "Start of the first process of the pid namespace, ns since the epoch.",
        "pidns_start",
        0,
    ),
    _number("proc.pgid", "Process group id.", "pgid", 0),
    _number("proc.vpgid", "Process group id in the process's own pid namespace.", "vpgid", 0),
    _field(
        "proc.is_vpgid_leader",
        "Whether the process leads its process group: a shell gives each job that a person starts a group.",
        _leads_group,
        "flag",
    ),
    Field(name="thread.tid", type="number", doc="Thread id on the host.", level=NUMBERS, how=_thread),
    _field("thread.cap_permitted", "Permitted capabilities: `CAP_CHOWN CAP_KILL`.", _capabilities("cap_permitted")),
    _field("thread.cap_effective", "Effective capabilities.", _capabilities("cap_effective")),
    _field("thread.cap_inheritable", "Inheritable capabilities.", _capabilities("cap_inheritable")),
)
