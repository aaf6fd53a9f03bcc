"""Judges one call at a time, straight from the syntax of a condition: slow, and written without the engine.

It shares with the engine the parser's classes and nothing else: fields, operators and absence are written here a
second time, from what Falco does, so that a mistake in one of the two shows.
"""

import errno
import fnmatch
import posixpath
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from streams.detection.syntax import (
    And,
    Check,
    Condition,
    FieldTerm,
    Literal,
    Macro,
    Not,
    Or,
    Series,
    Term,
    TermCheck,
)
from streams.detection.syntax import Call as Transformer
from tests import oracle_calls
from tests.synthetic import NONE, Call, Proc

OPENS = ("open", "openat", "openat2", "creat")
CAPABILITIES = {0: "CAP_CHOWN", 5: "CAP_KILL", 12: "CAP_NET_ADMIN", 21: "CAP_SYS_ADMIN", 40: "CAP_CHECKPOINT_RESTORE"}
ANCESTRAL = {"aname": "name", "aexe": "exe", "aexepath": "exepath", "acmdline": "cmdline", "apid": "pid"}
PARENTAL = {"pname": "name", "pexe": "exe", "pexepath": "exepath", "pcmdline": "cmdline"}


def holds(condition: Condition, call: Call, macros: dict[str, Condition], lists: dict[str, list[str]]) -> bool:
    """Say whether a condition holds for a call."""
    match condition:
        case And(parts):
            return all(holds(part, call, macros, lists) for part in parts)
        case Or(parts):
            return any(holds(part, call, macros, lists) for part in parts)
        case Not(part):
            return not holds(part, call, macros, lists)
        case Macro(name):
            return holds(macros[name], call, macros, lists)
        case Check():
            return check(condition, call, lists)
        case TermCheck(left, operator, words, right):
            values, others = several(term(left, call)), several(term(right, call))
            if right is None:
                texts = [t for w in words for t in ([w.value] if w.quoted or w.value not in lists else lists[w.value])]
                return any(compare(value, operator, texts) for value in values)
            return any(compare(value, operator, [str(other)]) for value in values for other in others)


def several(value: Any) -> list[Any]:
    many = value if isinstance(value, list) else [value]
    return [one for one in many if one is not None]


def term(one: Term | None, call: Call) -> Any:
    """Return what a term comes to for a call: None where anything in it is absent, a list where it is many."""
    match one:
        case FieldTerm(name, argument):
            return field(name, None if argument is None else int(argument), call)
        case Literal(value):
            return value
        case Series(parts):
            values = [term(part, call) for part in parts]
            return None if any(value is None for value in values) else values
        case Transformer("len", (part,)):
            value = term(part, call)
            return None if value is None or value == [] else len(value if isinstance(value, list) else raw(value))
        case Transformer("join", (separator, part)):
            between, value = term(separator, call), term(part, call)
            return between.join(value) if between is not None and value else None
        case Transformer("concat", parts):
            values = [term(part, call) for part in parts]
            return None if any(value is None for value in values) else "".join(values)
        case Transformer(name, (part,)):
            value = term(part, call)
            if not isinstance(value, list):
                return apply(name, value)
            applied = [apply(name, v) for v in value]
            return None if None in applied else applied
        case _:
            return None


def apply(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    match name:
        case "tolower":
            return "".join(c.lower() if c.isascii() else c for c in value)
        case "toupper":
            return "".join(c.upper() if c.isascii() else c for c in value)
        case "basename":
            return value.split("/")[-1]
        case "b64":
            return from_base64(raw(value))
        case _:
            raise AssertionError(name)


def from_base64(data: bytes) -> str | None:
    """Bit by bit; None for what is no base64."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    end = next((n for n in (len(data) - 2, len(data) - 1) if n >= 0 and set(data[n:]) == {ord("=")}), len(data))
    if data and (not end or end % 4 == 1 or any(byte not in alphabet for byte in data[:end])):
        return None
    bits = "".join(f"{alphabet.index(byte):06b}" for byte in data[:end])
    whole = len(bits) // 8 * 8
    if "1" in bits[whole:]:
        return None
    return bytes(int(bits[at : at + 8], 2) for at in range(0, whole, 8)).decode("utf-8", "surrogateescape")


def check(condition: Check, call: Call, lists: dict[str, list[str]]) -> bool:
    """Say whether a comparison holds: never with an absent value."""
    operator, _, modifier = condition.operator.partition(" ")
    if modifier:
        single = [msgspec.structs.replace(condition, operator=operator, values=(word,)) for word in condition.values]
        true = sum(check(one, call, lists) for one in single)
        return bool(single) and {"anyof": true > 0, "oneof": true == 1, "allof": true == len(single)}[modifier]
    argument = None if condition.argument is None else int(condition.argument)
    value = field(condition.field, argument, call)
    if value is None:
        return False
    wanted: list[str] = []
    for word in condition.values:
        wanted += [word.value] if word.quoted or word.value not in lists else lists[word.value]
    if condition.field == "evt.num" and all(not number(w) for w in wanted) and wanted:
        value = max(value, 1)
    values = value if isinstance(value, list) else [value]
    if condition.operator in ("=", "==", "!=", "in", "intersects") and oracle_calls.is_end(condition.field):
        equal = [any(oracle_calls.fits(condition.field, one, text) for text in wanted) for one in values]
        return bool(values) and not any(equal) if condition.operator == "!=" else any(equal)
    return any(compare(one, condition.operator, wanted) for one in values)


def compare(value: Any, operator: str, wanted: list[str]) -> bool:
    if operator == "exists":
        return True
    typed = [convert(value, text) for text in wanted]
    if operator in ("in", "intersects"):
        return value in typed
    if operator == "pmatch":
        return any(below(value, prefix) for prefix in wanted)
    other = typed[0]
    match operator:
        case "=" | "==":
            return bool(value == other)
        case "!=":
            return bool(value != other)
        case "<" | "<=" | ">" | ">=":
            left, right = (raw(value), raw(other)) if isinstance(value, str) else (value, other)
            return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
        case "contains":
            return value.find(other) >= 0
        case "icontains":
            return raw(other).upper() in raw(value).upper()
        case "startswith":
            return value[: len(other)] == other
        case "endswith":
            return not other or value[-len(other) :] == other
        case "glob":
            return fits(raw(value), raw(other))
        case "iglob":
            return fits(raw(value).lower(), raw(other).lower())
        case "regex":
            return re.fullmatch(other, raw(value).decode("utf-8", "replace")) is not None
        case _:
            raise AssertionError(operator)


def convert(value: Any, text: str) -> Any:
    if isinstance(value, bool):
        return text == "true"
    return number(text) if isinstance(value, int) else text


def number(text: str) -> int:
    return int(text, 16) if text.lower().startswith("0x") else int(text)


def below(value: str, prefix: str) -> bool:
    names, wanted = value.split("/"), prefix.split("/")
    names, wanted = [n for n in names if n], [w for w in wanted if w]
    return len(wanted) <= len(names) and all(fits(raw(n), raw(w)) for n, w in zip(names, wanted, strict=False))


def fits(value: bytes, pattern: bytes) -> bool:
    """As fnmatch(3) in the C locale: a `?` is a byte."""
    return fnmatch.fnmatchcase(value.decode("latin-1"), pattern.decode("latin-1"))


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def text(data: bytes) -> str | None:
    return data.decode("utf-8", "surrogateescape") if data else None


def known(value: int, absent: int) -> int | None:
    return None if value == absent else value


def field(name: str, argument: int | None, call: Call) -> Any:
    family, _, rest = name.partition(".")
    if name.startswith("container.mount") and name != "container.mounts":
        return "<NA>"
    if name in oracle_calls.ABSENT:
        return None
    match family:
        case "fs":
            return oracle_calls.path_field(rest, call)
        case "fd" if call.type not in OPENS and rest != "num":
            return oracle_calls.descriptor_field(rest, call)
        case "evt" if rest == "buffer":
            return oracle_calls.argument("data", call)
        case "evt" if rest.startswith("arg.") and rest not in ("arg.fd", "arg.mode", "arg.nstype"):
            own = call.type in OPENS or call.type in ("setns", "unshare", "clone", "clone3")
            return flags(call) if own and rest == "arg.flags" else oracle_calls.argument(rest[4:], call)
        case "evt":
            return event_field(rest, call)
        case "fd":
            return new_descriptor(call) if rest == "num" else file_field(rest, call)
        case "container" | "k8s":
            return container_field(name, call.process)
        case "thread" if rest == "tid":
            return call.thread
        case _ if name == "proc.duration":
            return call.time - call.process.start if call.process.start else None
        case _:
            return process_field(name, argument, call.process)


def event_field(name: str, call: Call) -> Any:
    opens = call.type in OPENS
    access = 1 if call.type == "creat" else call.flags & 3
    match name:
        case "num":
            return call.number
        case "count":
            return call.count
        case "time":
            clock = datetime.fromtimestamp(call.time // 10**9, UTC)
            return f"{clock.hour:02}:{clock.minute:02}:{clock.second:02}.{call.time % 10**9:09}"
        case "rawtime":
            return call.time
        case "type":
            return call.type
        case "dir":
            return "<"
        case "res":
            return "SUCCESS" if call.result >= 0 else errno.errorcode[-call.result]
        case "rawres":
            return call.result
        case "failed":
            return call.result < 0
        case "is_open_read":
            return opens and access in (0, 2, 3)
        case "is_open_write":
            return opens and access in (1, 2)
        case "is_open_exec":
            makes = call.type == "creat" or call.flags & 0o100 or call.flags & 0o20200000 == 0o20200000
            return bool(opens and makes and call.mode & 0o111)
        case "arg.fd":
            return descriptor(call)
        case "arg.flags":
            return flags(call)
        case "arg.mode":
            return mode(call) if opens or call.type in ("mkdir", "fchmod") else None
        case "arg.nstype":
            return flags(call) if call.type == "setns" else None
        case _:
            raise AssertionError(name)


def flags(call: Call) -> str | None:
    """Only the flags that the tests' calls have."""
    if call.type in OPENS:
        order = {
            "O_DIRECTORY": 0o200000,
            "O_TRUNC": 0o1000,
            "O_CREAT": 0o100,
            "O_NOFOLLOW": 0o400000,
            "O_PATH": 0o10000000,
        }
        access = {0: "O_RDONLY", 1: "O_WRONLY", 2: "O_RDWR", 3: "O_RDONLY"}[call.flags & 3]
        return "|".join([*(name for name, bit in order.items() if call.flags & bit), access])
    if call.type not in ("setns", "unshare", "clone", "clone3"):
        return None
    order = {"CLONE_FS": 0x200, "CLONE_THREAD": 0x10000, "CLONE_NEWNS": 0x20000, "CLONE_NEWUSER": 0x10000000}
    return "|".join(name for name, bit in order.items() if call.flags & bit) or "0"


def mode(call: Call) -> str:
    order = ["S_IXOTH", "S_IWOTH", "S_IROTH", "S_IXGRP", "S_IWGRP", "S_IRGRP", "S_IXUSR", "S_IWUSR", "S_IRUSR"]
    return "|".join(name for bit, name in enumerate(order) if call.mode >> bit & 1) or "0"


def descriptor(call: Call) -> int | None:
    return call.fd if call.fd >= 0 or call.type in OPENS else None


def new_descriptor(call: Call) -> int | None:
    return call.result if call.type.startswith("dup") and call.result >= 0 else descriptor(call)


def file_field(name: str, call: Call) -> str | None:
    failed, directory = call.result < 0, bool(call.flags & 0o200000)
    path = full_path(call)
    match name:
        case "nameraw":
            return text(call.path)
        case "typechar":
            return "d" if directory and not failed else "f"
        case "type":
            return None if failed else "directory" if directory else "file"
        case "name":
            return path
        case "directory" if path is not None:
            return path if directory and not failed else posixpath.dirname(path)
        case "filename" if path is not None and not failed and not directory:
            return posixpath.basename(path) or "/"
        case _:
            return None


def full_path(call: Call) -> str | None:
    path, directory = text(call.path), text(call.directory)
    if path is None or (not path.startswith("/") and not (directory or "").startswith("/")):
        return None
    joined = posixpath.normpath(posixpath.join(directory or "/", path))
    return "/" + joined.lstrip("/")


def container_field(name: str, process: Proc) -> Any:
    box = process.container
    if box is None:
        return (
            "host"
            if name in ("container.id", "container.full_id", "container.name", "container.type", "container.info")
            else None
        )
    image = box.image or ""
    match name:
        case "container.id":
            return box.id[:12]
        case "container.full_id":
            return box.id
        case "container.name":
            return box.name
        case "container.type":
            return box.runtime
        case "container.image":
            return box.image
        case "container.image.repository":
            return re.sub(r"(:[^/:]*)?(@.*)?$", "", image) if image else None
        case "container.image.tag":
            found = re.search(r":([^/:]+)$", image.split("@")[0])
            return found[1] if found else None
        case "container.image.digest":
            return image.partition("@")[2] or None
        case "container.privileged":
            return box.privileged
        case "container.info":
            return f"{box.id[:12]} {box.name or '<NA>'}"
        case "k8s.pod.name":
            return box.pod_name
        case "k8s.ns.name":
            return box.pod_namespace
        case _:
            raise AssertionError(name)


def process_field(name: str, argument: int | None, process: Proc) -> Any:
    short = name.partition(".")[2]
    if short in ANCESTRAL:
        chain = [process]
        while chain[-1].parent:
            chain.append(chain[-1].parent)
        if argument is None:
            values = [own_field(ANCESTRAL[short], one) for one in chain[1:]]
            return [value for value in values if value is not None]
        return own_field(ANCESTRAL[short], chain[argument]) if argument < len(chain) else None
    if short in PARENTAL:
        return own_field(PARENTAL[short], process.parent) if process.parent else None
    if short == "args" and argument is not None:
        argv = (text(process.args) or "").removesuffix("\0").split("\0")
        return argv[argument + 1] if argument + 1 < len(argv) else None
    if short == "env" and argument is not None:
        pairs = [one.split("=", 1) for one in (text(process.env) or "").removesuffix("\0").split("\0") if "=" in one]
        return next((value for key, value in pairs if key == argument), None)
    if name.startswith("thread.cap_"):
        mask = getattr(process, short)
        names = [CAPABILITIES[bit] for bit in sorted(CAPABILITIES) if mask >> bit & 1]
        return " ".join(names) if process.known else None
    if name == "user.name":
        return text(process.user) or {0: "root", NONE: None}.get(process.uid, "<NA>")
    if name == "user.loginname":
        named = text(process.login) or oracle_calls.user_name(process, process.loginuid)
        return None if process.loginuid == NONE else named
    if name == "proc.ppid.ts":
        return known(process.parent.start, 0) if process.parent else None
    if name == "proc.pvpid":
        return known(process.parent.vpid, 0) if process.parent else None
    if name == "group.name":
        return text(process.group) or {0: "root", NONE: None}.get(process.gid, "<NA>")
    if name == "user.loginuid":
        return -1 if process.loginuid == NONE else process.loginuid
    return own_field(short, process)


def own_field(name: str, process: Proc) -> Any:
    argv = (text(process.args) or "").removesuffix("\0").split("\0") if process.args else None
    match name:
        case "name" | "exepath":
            return text(getattr(process, name))
        case "cwd":
            return None if not process.cwd else (text(process.cwd) or "").rstrip("/") + "/"
        case "exe":
            return argv[0] if argv else None
        case "args":
            return None if argv is None else " ".join(argv[1:])
        case "exeline":
            return None if argv is None else " ".join(argv)
        case "cmdnargs":
            return None if argv is None else len(argv) - 1
        case "cmdlenargs":
            return None if argv is None else len(raw("".join(argv[1:])))
        case "env":
            return " ".join((text(process.env) or "").removesuffix("\0").split("\0")) if process.env else None
        case "is_exe_writable" | "is_exe_upper_layer" | "is_exe_lower_layer":
            bit, known_by = {"is_exe_writable": (2, 1), "is_exe_upper_layer": (4, 32), "is_exe_lower_layer": (8, 32)}[
                name
            ]
            return process.exe_flags & bit != 0 if process.exe_flags & known_by else None
        case "exe_ino" | "pgid" | "vpgid":
            return known(getattr(process, name), 0)
        case "exe_ino.ctime":
            return known(process.exe_ctime, 0)
        case "exe_ino.mtime":
            return known(process.exe_mtime, 0)
        case "exe_ino.ctime_duration_proc_start":
            return process.start - process.exe_ctime if process.start and process.exe_ctime else None
        case "exe_ino.ctime_duration_pidns_start" | "pidns_init_start_ts":
            return None
        case "is_vpgid_leader":
            return process.vpgid == process.vpid if process.vpgid and process.vpid else None
        case "is_exe_from_memfd":
            if process.exe_flags & 1:
                return process.exe_flags & 16 != 0
            return process.exepath.startswith(b"/memfd:") if process.exepath else None
        case "pid.ts":
            return known(process.start, 0)
        case "cmdline" if process.name:
            return (
                " ".join([str(text(process.name)), *(argv or [])[1:]])
                if argv and " ".join(argv[1:])
                else text(process.name)
            )
        case "pid":
            return process.pid
        case "ppid" | "vpid" | "sid":
            return known(getattr(process, name), 0)
        case "tty" | "uid" | "gid":
            return known(getattr(process, name), NONE)
        case _:
            return None
