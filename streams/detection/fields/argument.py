"""Fields of a call's arguments, by the names that Falco gives them."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from streams.detection.descriptors import Descriptor
from streams.detection.event_types import ACCEPTS, DUPLICATES, NAMES, ON_DESCRIPTORS, OPENS, RECEIVES, SENDS
from streams.detection.fields.absent import absent
from streams.detection.fields.descriptor import acted_on
from streams.detection.fields.field import Field, Type
from streams.detection.fields.reading import value_in
from streams.detection.levels import (
    ARGUMENTS,
    CALL,
    DATA,
    DESCRIPTOR,
    NUMBERS,
    PATHS,
    PROCESS,
    RESULT,
    Arguments,
    Call,
    Paths,
)
from streams.detection.linux import clone_flags, mode_bits, names_of, open_flags, result_name
from streams.detection.named_values import (
    LINK_FLAGS,
    MEMFD_FLAGS,
    MODULE_FLAGS,
    MOUNT_FLAGS,
    RENAME_FLAGS,
    UMOUNT_FLAGS,
    UNLINK_FLAGS,
    bpf_command,
    family_name,
    ptrace_request,
    signal_name,
)
from streams.detection.paths import absolute
from streams.detection.sockets import Socket

NAMESPACES: Final = frozenset({"setns", "unshare", "clone", "clone3"})
CHMODS: Final = frozenset({"chmod", "fchmodat", "fchmodat2"})
WITH_MODE: Final = OPENS | CHMODS | {"fchmod", "mkdir", "mkdirat", "mknod", "mknodat"}
RENAMES: Final = frozenset({"rename", "renameat", "renameat2", "link", "linkat"})
SYMLINKS: Final = frozenset({"symlink", "symlinkat"})
NAMED: Final = OPENS | {"unlinkat", "umount2", "memfd_create"}
PATHLESS: Final = RENAMES | SYMLINKS | ON_DESCRIPTORS | {"mount", "umount2"}
FLAGS: Final = {
    "unlinkat": UNLINK_FLAGS,
    "linkat": LINK_FLAGS,
    "renameat2": RENAME_FLAGS,
    "mount": MOUNT_FLAGS,
    "umount2": UMOUNT_FLAGS,
    "memfd_create": MEMFD_FLAGS,
    "finit_module": MODULE_FLAGS,
}
OPENING: Final = OPENS | {"dup3", "userfaultfd"}
"""Calls whose flags are those of open(2)."""
ABSOLUTE: Final = "made absolute and normalised by its letters where its directory is known"


def _flags(arguments: Arguments) -> str | None:
    if arguments.flags is None:
        return None
    names = FLAGS.get(arguments.type)
    if names is not None:
        return names_of(arguments.flags, names)
    return open_flags(arguments.flags) if arguments.type in OPENING else clone_flags(arguments.flags)


def _mode(arguments: Arguments) -> str | None:
    return None if arguments.mode is None else mode_bits(arguments.mode)


def _result(value: int) -> str:
    return str(value) if value >= 0 else result_name(value)


def _user(call: Call) -> str | None:
    uid = call.columns.number("event_argument", call.event)
    if uid is None:
        return None
    return PROCESS.raw(call.columns, call.event).user_called(uid) or str(uid)


def _group(arguments: Arguments) -> str | None:
    return None if arguments.argument is None else "root" if arguments.argument == 0 else str(arguments.argument)


def _named(name: Callable[[int], str]) -> Callable[[Arguments], str | None]:
    return lambda arguments: None if arguments.argument is None else name(arguments.argument)


def _number(arguments: Arguments) -> int | None:
    return arguments.argument


def _socket_type(arguments: Arguments) -> str | None:
    return None if arguments.flags is None else str(arguments.flags)


def _resolved(path: str | None, directory: str | None) -> str | None:
    """As Falco has it; where the directory is not known, better as it was given than not at all."""
    return None if path is None else absolute(path, directory) or path


def _first(paths: Paths) -> str | None:
    if paths.type == "memfd_create":
        return paths.path
    return _resolved(paths.path, paths.directory)


def _second(paths: Paths) -> str | None:
    return _resolved(paths.path2, paths.directory2)


def _of_paths(name: str, doc: str, how: Callable[[Paths], Any], types: Iterable[str]) -> Field:
    return Field(name=name, type="string", doc=doc, level=PATHS, how=how, types=frozenset(types))


def _argument(
    name: str, doc: str, how: Callable[[Arguments], Any], types: Iterable[str], type: Type = "string"
) -> Field:
    return Field(name=name, type=type, doc=doc, level=ARGUMENTS, how=how, types=frozenset(types))


def _asked(found: Descriptor) -> str | None:
    return found.asked if isinstance(found, Socket) else None


_ARGUMENTS: Final = (
    Field(
        name="evt.arg.res",
        type="string",
        doc="What the call returned, or the name of the error: `0`, `ENOENT`.",
        level=RESULT,
        how=_result,
    ),
    _argument(
        "evt.arg.flags",
        "Flags of the call: `O_TRUNC|O_CREAT|O_WRONLY`, `CLONE_NEWNS`, `AT_REMOVEDIR`, `RDONLY|NOSUID` of a mount; "
        "`0` if there are none.",
        _flags,
        OPENING | NAMESPACES | FLAGS.keys(),
    ),
    _argument(
        "evt.arg.nstype",
        "Kind of namespace that setns asked for, `CLONE_NEWNET`; `0` for any.",
        _flags,
        ["setns"],
    ),
    _argument("evt.arg.mode", "Mode of the file to be made or changed: `S_IRGRP|S_IWUSR|S_IRUSR`.", _mode, WITH_MODE),
    Field(
        name="evt.arg.fd",
        type="number",
        doc="Descriptor that the call acted on or made.",
        level=NUMBERS,
        how=acted_on,
    ),
    Field(
        name="evt.arg.oldfd",
        type="number",
        doc="Descriptor that was to be doubled.",
        level=NUMBERS,
        how=acted_on,
        types=DUPLICATES,
    ),
    _argument("evt.arg.newfd", "Descriptor that the second one was to be.", _number, DUPLICATES - {"dup"}, "number"),
    _of_paths("evt.arg.name", f"Path that the call was given, {ABSOLUTE}; the name of a memory file.", _first, NAMED),
    _of_paths(
        "evt.arg.path",
        f"Path that a call other than an open was given, {ABSOLUTE}.",
        _first,
        NAMES - OPENS - PATHLESS,
    ),
    _of_paths("evt.arg.filename", f"Path of the file whose mode is to change, {ABSOLUTE}.", _first, CHMODS),
    _of_paths("evt.arg.oldpath", f"Old name of the file, {ABSOLUTE}.", _first, RENAMES),
    _of_paths("evt.arg.newpath", f"New name of the file, {ABSOLUTE}.", _second, RENAMES),
    _of_paths(
        "evt.arg.target", "What a symbolic link is to lead to, as it was given.", lambda paths: paths.path, SYMLINKS
    ),
    _of_paths("evt.arg.linkpath", f"Name of the link, {ABSOLUTE}.", _second, SYMLINKS),
    _of_paths("evt.arg.dev", "What to mount, as it was given.", lambda paths: paths.path, ["mount"]),
    _of_paths("evt.arg.dir", f"Where to mount it, {ABSOLUTE}.", _second, ["mount"]),
    Field(
        name="evt.arg.uid",
        type="string",
        doc="Name of the user that the process is to become, if the process or an ancestor in its container ran as "
        "that user, and of root; else the number.",
        level=CALL,
        how=_user,
        types=frozenset({"setuid"}),
    ),
    _argument("evt.arg.gid", "Id of the group that the process is to have; `root` for 0.", _group, ["setgid"]),
    _argument("evt.arg.request", "Request of ptrace: `PTRACE_ATTACH`.", _named(ptrace_request), ["ptrace"]),
    _argument(
        "evt.arg.pid",
        "Process that ptrace or kill acts on, as the caller gave it.",
        lambda arguments: arguments.target,
        ["ptrace", "kill"],
        "number",
    ),
    _argument("evt.arg.sig", "Signal: `SIGKILL`; `0` for none.", _named(signal_name), ["kill"]),
    _argument("evt.arg.cmd", "Command of bpf: `BPF_PROG_LOAD`.", _named(bpf_command), ["bpf"]),
    _argument("evt.arg.domain", "Family of the new socket: `AF_INET`.", _named(family_name), ["socket"]),
    _argument(
        "evt.arg.type", "Type of the new socket as a number, with its flags: 1 is a stream.", _socket_type, ["socket"]
    ),
    _argument("evt.arg.backlog", "How many peers may wait.", _number, ["listen"], "number"),
    Field(
        name="evt.arg.addr",
        type="string",
        doc="Address that connect or bind was given: `10.0.0.2:22`, or a path.",
        level=DESCRIPTOR,
        how=_asked,
        types=frozenset({"connect", "bind"}),
    ),
    Field(
        name="evt.arg.tuple",
        type="string",
        doc="Both ends of the connection, as `fd.name`.",
        level=DESCRIPTOR,
        how=lambda found: found.name,
        types=ACCEPTS | SENDS | {"connect"},
    ),
)

_DATA: Final = tuple(
    Field(
        name=name,
        type="buffer",
        doc="The first 80 bytes that were sent or received, of a message in several parts those of its first. Recorded "
        "only of calls of which an enabled rule asks it.",
        level=DATA,
        how=lambda data: data,
        types=SENDS | RECEIVES,
    )
    for name in ("evt.arg.data", "evt.buffer")
)

_ABSENT: Final = (
    *(
        absent(f"evt.arg.{name}", "Always absent: the number of the directory's descriptor is not on record.")
        for name in ("dirfd", "olddirfd", "newdirfd", "linkdirfd", "olddir", "newdir")
    ),
    absent("evt.arg.proto", "Always absent: the protocol that a new socket is asked for is not on record."),
    absent("evt.arg.size", "Always absent: how much is sent is not on record.", "number"),
    absent("evt.arg.uargs", "Always absent: parameters of kernel modules are not on record."),
)


def _all(call: Call) -> str | None:
    """Return what is known of a call's arguments, in the order of the table."""
    event_type = call.columns.type_of(call.event)
    raws: dict[str, Any] = {}
    shown = []
    for field in _ARGUMENTS:
        if field.types is not None and event_type not in field.types:
            continue
        value = value_in(field, call, raws)
        if value is not None:
            shown.append(f"{field.name.removeprefix('evt.arg.')}={value}")
    return " ".join(shown) or None


FIELDS: Final = (
    *_ARGUMENTS,
    *_DATA,
    *_ABSENT,
    Field(
        name="evt.args",
        type="string",
        doc="What is known of the call's arguments: `res=0 oldpath=/a newpath=/b`.",
        level=CALL,
        how=_all,
    ),
)
