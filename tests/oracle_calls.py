"""The fields of calls other than opens, one call at a time: a part of the oracle, written without the engine."""

import socket
from typing import Any

from tests.synthetic import Call, Proc

FLAGS = {
    "unlinkat": {"AT_REMOVEDIR": 512},
    "mount": {"RDONLY": 1, "NOSUID": 2, "REMOUNT": 32, "MANDLOCK": 64, "REC": 1 << 14}
    | {"POSIXACL": 1 << 16, "UNBINDABLE": 1 << 17, "RELATIME": 1 << 21},
    "memfd_create": {"MFD_CLOEXEC": 1, "MFD_ALLOW_SEALING": 2},
}
"""Only the flags that the tests' calls have."""
ABSENT = {
    *(f"evt.arg.{name}" for name in ("dirfd", "olddirfd", "newdirfd", "linkdirfd", "olddir", "newdir", "proto")),
    *("evt.arg.size", "evt.arg.uargs"),
    *("fd.cip.name", "fd.sip.name", "fd.lip.name", "fd.rip.name"),
    *("user.homedir", "user.shell", "container.image.id"),
    *("container.start_ts", "container.duration", "container.ip", "container.mounts"),
    *("k8s.pod.uid", "k8s.pod.ip", "k8s.pod.labels", "k8s.pod.label"),
}


def text(data: bytes) -> str | None:
    return data.decode("utf-8", "surrogateescape") if data else None


def is_end(field: str) -> bool:
    return field in ("fd.ip", "fd.port", "fd.net") or (field[:3] == "fd." and field[4:] in ("ip", "net"))


def fits(field: str, value: Any, wanted: str) -> bool:
    """Say whether an address is one, or in a network, or a port the one."""
    if field == "fd.port":
        return bool(value == int(wanted, 0))
    base, _, length = wanted.partition("/")
    own, other = packed(value), packed(base)
    if own is None or other is None:
        return bool(value == wanted) and not field.endswith("net")
    if length and not field.endswith("net"):
        return False
    bits = int(length or len(other) * 8)
    return len(own) == len(other) and prefix(own, bits) == prefix(other, bits)


def packed(address: str) -> bytes | None:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_pton(family, address)
        except OSError:
            continue
    return None


def prefix(data: bytes, bits: int) -> int:
    return int.from_bytes(data, "big") >> (len(data) * 8 - bits)


def argument(name: str, call: Call) -> Any:
    """Return evt.arg.NAME of a call."""
    match name, call.type:
        case "res", _:
            return {-2: "ENOENT", -13: "EACCES", -115: "EINPROGRESS"}.get(call.result, str(call.result))
        case "name", "memfd_create":
            return text(call.path)
        case "name", "open" | "openat" | "openat2" | "creat" | "unlinkat":
            return given(call.path, call.directory)
        case "path", "execve" | "clone" | "setns" | "unshare" | "procexit" | "mkdir" | "unlinkat":
            return given(call.path, call.directory)
        case "path", "setuid" | "ptrace" | "kill" | "bpf":
            return given(call.path, call.directory)
        case "oldpath", "rename" | "link":
            return given(call.path, call.directory)
        case "newpath", "rename" | "link":
            return given(call.path2, call.directory2)
        case "target", "symlink":
            return text(call.path)
        case "linkpath", "symlink":
            return given(call.path2, call.directory2)
        case "dev", "mount":
            return text(call.path)
        case "dir", "mount":
            return given(call.path2, call.directory2)
        case "oldfd", "dup2":
            return call.fd if call.fd >= 0 else None
        case "newfd", "dup2":
            return call.argument
        case "backlog", "listen":
            return call.argument
        case "pid", "ptrace" | "kill":
            return call.target
        case "request", "ptrace":
            return {0: "PTRACE_TRACEME", 16: "PTRACE_ATTACH", 0x4206: "PTRACE_SEIZE"}.get(
                call.argument, str(call.argument)
            )
        case "sig", "kill":
            return {9: "SIGKILL", 2: "SIGINT", 16: "SIGSTKFLT"}.get(call.argument, str(call.argument))
        case "cmd", "bpf":
            return {0: "BPF_MAP_CREATE", 2: "BPF_MAP_UPDATE_ELEM", 9: "BPF_PROG_DETACH", 10: "BPF_PROG_TEST_RUN"}.get(
                call.argument, {16: "BPF_PROG_QUERY"}.get(call.argument, str(call.argument))
            )
        case "domain", "socket":
            names = {0: "AF_UNSPEC", 2: "AF_INET", 9: "AF_X25", 10: "AF_INET6", 16: "AF_NETLINK"}
            return names.get(call.argument, str(call.argument))
        case "type", "socket":
            return str(call.flags)
        case "uid", "setuid":
            return user_name(call.process, call.argument) or str(call.argument)
        case "flags", "unlinkat" | "mount" | "memfd_create":
            return "|".join(n for n, bit in FLAGS[call.type].items() if call.flags & bit) or "0"
        case "flags", "userfaultfd":
            return None
        case "addr", "connect":
            return asked(call, call.remote_address, call.remote_port)
        case "addr", "bind":
            return asked(call, call.local_address, call.local_port)
        case "data", "sendto" | "recvfrom":
            return text(call.data)
        case "tuple", "connect" | "accept" | "sendto":
            return descriptor_field("name", call)
        case _:
            return None


def user_name(process: Proc, uid: int) -> str | None:
    one: Proc | None = process
    while one is not None:
        if one.uid == uid and one.container == process.container and one.user:
            return text(one.user)
        one = one.parent
    return "root" if uid == 0 else None


def asked(call: Call, address: bytes, port: int) -> str | None:
    if not is_socket(call):
        return None
    if call.family == 1:
        return text(call.path)
    shown = plain(address, call)
    return f"{shown}:{port}" if shown else None


def listed(name: str, call: Call) -> Any:
    path = text(call.directory)
    match name:
        case "type":
            return "directory"
        case "typechar":
            return "d"
        case "name" | "directory":
            return clean(path, None)
        case "nameraw":
            return path
        case _:
            return [] if name in ("ip", "port", "net") else None


def descriptor_field(name: str, call: Call) -> Any:
    """Return fd.NAME of a call that is no open."""
    if call.type in ("memfd_create", "userfaultfd"):
        return made(name, call)
    if call.type == "fchdir" and call.result >= 0:
        return listed(name, call)
    if call.type not in (
        "connect",
        "bind",
        "listen",
        "accept",
        "sendto",
        "recvfrom",
        "dup2",
        "fchmod",
        "socket",
        "fchdir",
    ):
        return [] if name in ("ip", "port", "net") else None
    return socket_field(name, call) if is_socket(call) else file_behind(name, call)


def is_socket(call: Call) -> bool:
    return call.type == "socket" or bool(call.family) or call.file_kind == 12


def made(name: str, call: Call) -> Any:
    memory = call.type == "memfd_create"
    match name:
        case "type" if call.result >= 0:
            return "memfd" if memory else "userfaultfd"
        case "typechar" if call.result >= 0:
            return "m" if memory else "u"
        case "name" if memory and call.result >= 0:
            return text(call.path)
        case "nameraw":
            return text(call.path)
        case "name" if call.path.startswith(b"/") or not memory:
            return clean(text(call.path), None)
        case _:
            return [] if name in ("ip", "port", "net") else None


def file_behind(name: str, call: Call) -> Any:
    path = text(call.file)
    kind = {1: "pipe", 2: "file", 4: "directory", 6: "file", 8: "file"}.get(call.file_kind)
    if kind == "file" and path is not None and path.startswith("/memfd:"):
        kind = "memfd"
    match name:
        case "type":
            return kind
        case "typechar":
            return kind and {"pipe": "p", "file": "f", "directory": "d", "memfd": "m"}[kind]
        case "name":
            return path
        case "nameraw":
            return path
        case "directory" if path and kind == "directory":
            return path
        case "directory" if path and kind == "file":
            return path[: path.rindex("/")] or "/"
        case "filename" if path and kind == "file":
            return path[path.rindex("/") + 1 :] or "/"
        case _:
            return [] if name in ("ip", "port", "net") else None


def socket_field(name: str, call: Call) -> Any:
    family = call.family
    if call.type == "socket":
        family = call.argument if call.result >= 0 else 0
    one = "4" if mapped(call) or family == 2 else {1: "u", 10: "6"}.get(family)
    here, there = local(call), remote(call)
    ends = [end for end in (here, there) if end]
    vague = here and here[0] in ("0.0.0.0", "::") and call.type in ("sendto", "recvfrom") and call.protocol != 6
    named = None if vague and not name.endswith("port") else here
    match name:
        case "type":
            return one and {"4": "ipv4", "6": "ipv6", "u": "unix"}[one]
        case "typechar":
            return one
        case "sockfamily":
            return {1: "unix", 2: "ip", 10: "ip"}.get(family)
        case "l4proto" if call.type == "socket":
            return "raw" if family in (2, 10) and call.flags & 15 == 3 else None
        case "l4proto":
            return {1: "icmp", 6: "tcp", 17: "udp"}.get(call.protocol) if family in (2, 10) else None
        case "connected":
            return connected(call)
        case "name_changed" if call.type in ("sendto", "recvfrom") and call.socket_flags & 1:
            return call.socket_flags in (3, 7)
        case "ip" | "net":
            return [end[0] for end in (named, there) if end]
        case "port":
            return [port for _, port in ends]
        case "name" if family == 1:
            return text(call.path)
        case "name" if here and there:
            first, second = (there, here) if role(call) == "server" else (here, there)
            return f"{first[0]}:{first[1]}->{second[0]}:{second[1]}"
        case "name" if ends and call.type != "connect":
            return f"{ends[0][0]}:{ends[0][1]}"
        case "cip" | "cport" | "cnet":
            return part(name, {"client": named, "server": there}.get(role(call)))
        case "sip" | "sport" | "snet":
            return part(name, {"client": there, "server": named, "waiting": here}.get(role(call)))
        case "lip" | "lport" | "lnet":
            return part(name, named if there else None)
        case "rip" | "rport" | "rnet":
            return part(name, there)
        case _:
            return None


def part(name: str, end: Any) -> Any:
    return None if end is None else end[1] if name.endswith("port") else end[0]


def role(call: Call) -> str:
    if call.type in ("bind", "listen"):
        return "waiting"
    if call.type == "connect" or (call.type == "sendto" and call.protocol == 17):
        return "client"
    return "server" if call.type == "accept" or (call.type == "recvfrom" and call.protocol == 17) else ""


def connected(call: Call) -> bool | None:
    if call.type in ("connect", "accept"):
        return call.result >= 0
    if call.type in ("bind", "listen", "socket"):
        return False if call.result >= 0 else None
    if call.protocol == 6 and call.type in ("sendto", "recvfrom"):
        return True if call.result >= 0 else None
    if call.socket_flags & 1:
        return call.socket_flags >= 4
    unbound = len(call.local_address) in (4, 16) and not any(call.local_address)
    return False if call.protocol == 17 and unbound else None


def mapped(call: Call) -> bool:
    """IPv4 by address, whatever the family says."""
    if call.type == "socket":
        return False
    addresses = [plain(a, call) for a in (call.local_address, call.remote_address)]
    found = [a for a in addresses if a]
    return bool(found) and "." in found[0]


def plain(address: bytes, call: Call) -> str | None:
    head = bytes(10) + b"\xff\xff"
    clothed = any(len(a) == 16 and a[:12] == head for a in (call.local_address, call.remote_address))
    if len(address) == 16 and clothed and (address[:12] == head or not any(address)):
        address = address[12:]
    if len(address) not in (4, 16):
        return None
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def local(call: Call) -> Any:
    address = plain(call.local_address, call)
    if address is None or call.type == "socket" or (call.type == "bind" and call.result < 0):
        return None
    return address, call.local_port


def remote(call: Call) -> Any:
    address = plain(call.remote_address, call)
    if address is None or call.type in ("bind", "listen", "socket"):
        return None
    return None if address in ("0.0.0.0", "::") and not call.remote_port else (address, call.remote_port)


def path_field(name: str, call: Call) -> Any:
    """Return fs.NAME of a call."""
    if call.result < 0:
        return None
    first, second = (call.path, call.directory), (call.path2, call.directory2)
    if call.type in ("symlink", "mount"):
        first = (call.path, b"")
    sides = {"rename": (first, second), "mount": (first, second), "link": (second, first), "symlink": (second, first)}
    which = name.removeprefix("path.").removesuffix("raw")
    if which == "name":
        found = first if call.type in ("open", "openat", "openat2", "mkdir", "unlinkat") else None
    else:
        found = sides[call.type][which == "target"] if call.type in sides else None
    if found is None or not found[0]:
        return None
    return text(found[0]) if name.endswith("raw") else clean(text(found[0]), text(found[1]))


def given(path: bytes, directory: bytes) -> str | None:
    return clean(text(path), text(directory)) or text(path)


def clean(path: str | None, directory: str | None) -> str | None:
    if path is None or (path[:1] != "/" and (directory or "")[:1] != "/"):
        return None
    names: list[str] = []
    for one in (path if path[0] == "/" else f"{directory}/{path}").split("/"):
        if one == "..":
            names = names[:-1]
        elif one not in ("", "."):
            names.append(one)
    return "/" + "/".join(names)
