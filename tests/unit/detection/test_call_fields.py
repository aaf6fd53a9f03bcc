"""What the fields say of calls as real programs make them, one family of calls after the other."""

from typing import Any

import pytest

from streams.detection.columns import OPTIONAL, STRINGS
from streams.detection.fields import FIELDS
from streams.detection.judge import Judge
from streams.detection.loading import load_texts
from tests.synthetic import Call, Proc, batch_of

HERE, THERE = bytes([10, 0, 0, 1]), bytes([192, 0, 2, 7])
ENDS: dict[str, Any] = {"local_address": HERE, "local_port": 40000, "remote_address": THERE, "remote_port": 22}
TCP: dict[str, Any] = ENDS | {"family": 2, "protocol": 6, "result": 0}
UDP: dict[str, Any] = TCP | {"protocol": 17, "result": 3}
V6: dict[str, Any] = TCP | {"family": 10, "local_address": bytes(15) + b"\1", "remote_address": b"\xfe\x80" + bytes(14)}
MAPPED: dict[str, Any] = TCP | {
    "family": 10,
    "local_address": bytes(16),
    "remote_address": bytes(10) + b"\xff\xff" + THERE,
}
CALLS = (
    Call(type="connect", **TCP),
    Call(type="sendto", **UDP),
    Call(type="renameat", path=b"a", directory=b"/tmp", path2=b"/b", result=0),
    Call(type="dup2", file=b"/etc/passwd", file_kind=8, argument=1, result=1),
    Call(type="ptrace", argument=16, target=7, fd=-1),
    Call(path=b"/etc/shadow"),
)


def rules(condition: str, output: str = "o") -> Judge:
    text = f"- rule: R\n  desc: d\n  condition: {condition}\n  output: '{output}'\n  priority: warn\n"
    found = load_texts([("r.yaml", text.encode())])
    assert not found.errors, found.errors
    return Judge(found)


def shown(output: str, call: Call) -> str:
    (alert,) = rules("evt.rawtime > 0", output).judge(batch_of(call))
    return alert.output


@pytest.mark.parametrize(
    ("call", "name", "client", "server", "own", "peer"),
    [
        (Call(type="connect", **TCP), "10.0.0.1:40000->192.0.2.7:22", "10.0.0.1", "192.0.2.7", "40000", "22"),
        (Call(type="accept4", **TCP), "192.0.2.7:22->10.0.0.1:40000", "192.0.2.7", "10.0.0.1", "40000", "22"),
        (Call(type="sendto", **UDP), "10.0.0.1:40000->192.0.2.7:22", "10.0.0.1", "192.0.2.7", "40000", "22"),
        (Call(type="recvfrom", **UDP), "192.0.2.7:22->10.0.0.1:40000", "192.0.2.7", "10.0.0.1", "40000", "22"),
        (Call(type="sendto", **TCP), "10.0.0.1:40000->192.0.2.7:22", "<NA>", "<NA>", "40000", "22"),
        (
            Call(type="sendto", **UDP | {"local_address": bytes(4)}),
            *("0.0.0.0:40000->192.0.2.7:22", "<NA>", "192.0.2.7", "40000", "22"),
        ),
        (Call(type="bind", **TCP), "10.0.0.1:40000", "<NA>", "10.0.0.1", "<NA>", "<NA>"),
        (Call(type="bind", **TCP | {"result": -98}), "<NA>", "<NA>", "<NA>", "<NA>", "<NA>"),
        (Call(type="connect", **V6), "::1:40000->fe80:::22", "::1", "fe80::", "40000", "22"),
        (Call(type="connect", **MAPPED), "0.0.0.0:40000->192.0.2.7:22", "0.0.0.0", "192.0.2.7", "40000", "22"),
        (Call(type="connect", family=1, path=b"/run/s", result=0), "/run/s", *["<NA>"] * 4),
    ],
)
def test_both_ends_of_a_connection(call: Call, name: str, client: str, server: str, own: str, peer: str) -> None:
    output = "%fd.name %fd.cip %fd.sip %fd.lport %fd.rport"
    assert shown(output, call) == f"{name} {client} {server} {own} {peer}"


@pytest.mark.parametrize(
    ("call", "output"),
    [
        (Call(type="connect", **TCP), "ipv4 4 ip tcp true"),
        (Call(type="connect", **TCP | {"result": -115}), "ipv4 4 ip tcp false"),
        (Call(type="connect", **V6), "ipv6 6 ip tcp true"),
        (Call(type="connect", **MAPPED), "ipv4 4 ip tcp true"),
        (Call(type="listen", **TCP), "ipv4 4 ip tcp false"),
        (Call(type="sendto", **UDP), "ipv4 4 ip udp <NA>"),
        (Call(type="sendto", **UDP | {"local_address": bytes(4)}), "ipv4 4 ip udp false"),
        (Call(type="sendto", **UDP, socket_flags=3), "ipv4 4 ip udp false"),
        (Call(type="recvfrom", **UDP, socket_flags=5), "ipv4 4 ip udp true"),
        (Call(type="connect", family=1, path=b"/run/s", result=0), "unix u unix <NA> true"),
        (Call(type="socket", argument=2, flags=1), "ipv4 4 ip <NA> false"),
        (Call(type="socket", argument=2, flags=3), "ipv4 4 ip raw false"),
        (Call(type="socket", argument=17, flags=3), "<NA> <NA> <NA> <NA> false"),
        (Call(type="socket", argument=2, flags=1, result=-1, fd=-1), "<NA> <NA> <NA> <NA> <NA>"),
        (Call(type="dup2", file_kind=12, **TCP), "ipv4 4 ip tcp <NA>"),
        (Call(type="dup2", file=b"/etc/passwd", file_kind=8), "file f <NA> <NA> <NA>"),
        (Call(type="fchmod", file=b"/tmp", file_kind=4), "directory d <NA> <NA> <NA>"),
        (Call(type="dup", file_kind=1), "pipe p <NA> <NA> <NA>"),
        (Call(type="dup"), "<NA> <NA> <NA> <NA> <NA>"),
        (Call(type="memfd_create", path=b"x"), "memfd m <NA> <NA> <NA>"),
        (Call(type="fchdir", directory=b"/tmp", result=0), "directory d <NA> <NA> <NA>"),
        (Call(path=b"/a"), "file f <NA> <NA> <NA>"),
    ],
)
def test_kinds_of_descriptors(call: Call, output: str) -> None:
    assert shown("%fd.type %fd.typechar %fd.sockfamily %fd.l4proto %fd.connected", call) == output


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("fd.net = 192.0.2.0/24", True),
        ("fd.net = 192.0.3.0/24", False),
        ("fd.net != 192.0.2.0/24", False),
        ("fd.net != 127.0.0.0/8", True),
        ("fd.net in (172.16.0.0/12, 10.0.0.0/8)", True),
        ("fd.snet in (10.0.0.0/8)", False),
        ("fd.cnet = 10.0.0.0/8", True),
        ("fd.rnet = 192.0.2.7", True),
        ("fd.net = ::/0", False),
        ("fd.net exists", True),
        ("fd.ip = 10.0.0.1", True),
        ("fd.ip != 10.0.0.1", False),
        ("fd.ip != 10.0.0.9", True),
        ("fd.ip in (10.0.0.9, 192.0.2.7)", True),
        ("fd.sip = 192.0.2.7", True),
        ("fd.sip startswith 192.", True),
        ("fd.port = 22", True),
        ("fd.port != 22", False),
        ("fd.port > 30000", True),
        ("fd.port in (80, 443)", False),
        ("fd.sport = 22 and not fd.cport = 22", True),
        ("fd.sip.name exists or fd.name_changed exists", False),
    ],
)
def test_addresses_networks_and_ports_are_compared(condition: str, holds: bool) -> None:
    assert bool(rules(condition).judge(batch_of(Call(type="connect", **TCP)))) is holds


def test_addresses_are_compared_by_what_they_mean() -> None:
    assert rules("fd.cip = 0:0:0:0:0:0:0:1").judge(batch_of(Call(type="connect", **V6)))
    assert rules("fd.snet = fe80::/10").judge(batch_of(Call(type="connect", **V6)))


@pytest.mark.parametrize(
    ("call", "output"),
    [
        (Call(type="rename", path=b"a", path2=b"b", result=0), "res=0 fd=3 oldpath=a newpath=b"),
        (Call(type="symlink", fd=-1, path=b"/etc", path2=b"l", result=-13), "res=EACCES target=/etc linkpath=l"),
        (Call(type="unlinkat", fd=-1, path=b"d", flags=0x200), "res=3 flags=AT_REMOVEDIR name=d path=d"),
        (Call(type="chmod", fd=-1, path=b"f", mode=0o4100, result=0), "res=0 mode=S_IXUSR|S_ISUID path=f filename=f"),
        (
            Call(type="renameat2", fd=-1, path=b"a", path2=b"b", flags=2),
            "res=3 flags=RENAME_EXCHANGE oldpath=a newpath=b",
        ),
        (Call(type="linkat", fd=-1, flags=0x400), "res=3 flags=AT_SYMLINK_FOLLOW"),
        (
            Call(type="mount", fd=-1, path=b"none", path2=b"/mnt", flags=0x1003, result=0),
            "res=0 flags=RDONLY|NOSUID|BIND dev=none dir=/mnt",
        ),
        (Call(type="umount2", fd=-1, path=b"/mnt", flags=2, result=0), "res=0 flags=DETACH name=/mnt"),
        (Call(type="memfd_create", path=b"x", flags=3), "res=3 flags=MFD_CLOEXEC|MFD_ALLOW_SEALING fd=3 name=x"),
        (Call(type="dup3", argument=1, flags=0o2000000), "res=3 flags=O_RDONLY|O_CLOEXEC fd=3 oldfd=3 newfd=1"),
        (Call(type="ptrace", fd=-1, argument=0x4206, target=9, result=0), "res=0 request=PTRACE_SEIZE pid=9"),
        (Call(type="kill", fd=-1, argument=9, target=8, result=0), "res=0 pid=8 sig=SIGKILL"),
        (Call(type="bpf", fd=-1, argument=5), "res=3 cmd=BPF_PROG_LOAD"),
        (Call(type="bpf", fd=-1, argument=999), "res=3 cmd=999"),
        (Call(type="socket", argument=17, flags=3), "res=3 fd=3 domain=AF_PACKET type=3"),
        (Call(type="setuid", fd=-1, argument=0, result=0), "res=0 uid=root"),
        (Call(type="setgid", fd=-1, argument=5, result=0), "res=0 gid=5"),
        (Call(type="listen", argument=7, result=0), "res=0 fd=3 backlog=7"),
        (Call(type="bind", **TCP | {"result": -98}), "res=EADDRINUSE fd=3 addr=10.0.0.1:40000"),
        (Call(type="setns", flags=0x40000000, result=0), "res=0 flags=CLONE_NEWNET nstype=CLONE_NEWNET fd=3"),
    ],
)
def test_arguments_by_their_names(call: Call, output: str) -> None:
    assert shown("%evt.args", call) == output


def test_users_are_named_as_far_as_they_are_known() -> None:
    login = Proc(pid=1, name=b"login", uid=1000, user=b"me")
    sudo = Proc(pid=2, name=b"sudo", uid=0, user=b"root", gid=0, loginuid=1000, sid=1, parent=login)
    assert shown("%evt.arg.uid", Call(type="setuid", process=sudo, argument=1000)) == "me"
    assert shown("%evt.arg.uid", Call(type="setuid", process=sudo, argument=33)) == "33"
    assert shown("%user.loginname %group.name %proc.sname", Call(process=sudo)) == "me root login"
    alone = Proc(name=b"sh", gid=4, group=b"adm", loginuid=1000, login=b"me")
    assert shown("%user.loginname %group.name", Call(process=alone)) == "me adm"
    assert shown("%group.name", Call(process=Proc(gid=4))) == "<NA>"
    assert rules("group.name = '<NA>'").judge(batch_of(Call(process=Proc(gid=4))))
    assert not rules("group.name exists").judge(batch_of(Call(process=Proc(gid=4)), process_group=b""))


def test_an_address_that_stands_for_any_is_none_of_a_datagram() -> None:
    judge = rules("fd.ip != 0.0.0.0 and not fd.net = 0.0.0.0/32")
    anywhere = {"local_address": bytes(4)}
    assert judge.judge(batch_of(Call(type="sendto", **UDP | anywhere), Call(type="recvfrom", **UDP | anywhere)))[1:]
    assert not judge.judge(batch_of(Call(type="accept", **TCP | anywhere)))


def test_what_is_sent_is_compared_by_its_bytes_and_shown_escaped() -> None:
    call = Call(type="recvfrom", **TCP, data=b"\xca\xfe\xba\xbe\0A")
    assert shown("%evt.buffer", call) == r"\xca\xfe\xba\xbe\x00A"
    assert rules("evt.buffer bcontains cafebabe and evt.buffer bstartswith cafe").judge(batch_of(call))
    assert rules("evt.arg.data endswith A").judge(batch_of(call))
    assert not rules("evt.buffer bcontains 4142").judge(batch_of(call))
    assert not rules("evt.buffer exists").judge(batch_of(Call(type="recvfrom", **TCP), *CALLS))


def test_the_leader_of_a_session_is_found_beside_the_ancestors() -> None:
    shell, other = Proc(pid=5, name=b"bash"), Proc(pid=9, name=b"cat", sid=5)
    judge = rules("proc.sname = bash and proc.name = cat")
    assert len(judge.judge(batch_of(Call(process=shell), Call(process=other)))) == 1
    assert not judge.judge(batch_of(Call(process=other)))
    two_programs = (Call(process=shell), Call(process=Proc(pid=5, name=b"python")), Call(process=other))
    assert not judge.judge(batch_of(*two_programs))


def test_a_copy_is_about_the_new_descriptor() -> None:
    call = Call(type="dup2", fd=7, argument=1, result=1)
    assert shown("%fd.num %evt.arg.oldfd %evt.arg.newfd", call) == "1 7 1"
    assert shown("%fd.num", Call(type="dup2", fd=7, argument=1, result=-9)) == "7"


@pytest.mark.parametrize(
    ("call", "output"),
    [
        (Call(type="unlinkat", path=b"../x", directory=b"/tmp/a", result=0), "/tmp/x ../x <NA> <NA>"),
        (Call(type="unlinkat", path=b"x", directory=b"/tmp", result=-2), "<NA> <NA> <NA> <NA>"),
        (Call(type="rename", path=b"/a", path2=b"b", directory2=b"/tmp", result=0), "<NA> <NA> /a /tmp/b"),
        (Call(type="link", path=b"/a", path2=b"/b", result=0), "<NA> <NA> /b /a"),
        (Call(type="symlink", path=b"/etc/shadow", path2=b"/b", result=0), "<NA> <NA> /b /etc/shadow"),
        (Call(type="symlink", path=b"../etc", path2=b"/b", result=0), "<NA> <NA> /b <NA>"),
        (Call(type="mount", path=b"none", path2=b"/mnt", result=0), "<NA> <NA> <NA> /mnt"),
    ],
)
def test_paths_that_calls_worked_on(call: Call, output: str) -> None:
    assert shown("%fs.path.name %fs.path.nameraw %fs.path.source %fs.path.target", call) == output


def test_programs_from_memory() -> None:
    assert shown("%proc.is_exe_from_memfd", Call(process=Proc(exepath=b"/memfd:x (deleted)"))) == "true"
    assert shown("%proc.is_exe_from_memfd", Call(process=Proc(exepath=b"/bin/sh"))) == "false"
    assert shown("%proc.is_exe_from_memfd", Call(process=Proc())) == "<NA>"


@pytest.mark.parametrize("unknown", [name for name in (*OPTIONAL, *STRINGS) if name.startswith("event_")])
def test_any_column_may_be_unknown_to_any_field(unknown: str) -> None:
    judge = rules(
        "evt.rawtime > 0 and not fd.net = 127.0.0.0/8",
        " ".join(f"%{name}" for name, field in FIELDS.items() if not field.needs_index),
    )
    batch = batch_of(*CALLS, **{unknown: b""})
    assert len(judge.judge(batch)) == len(CALLS)


def test_what_no_batch_tells_is_never_true() -> None:
    assert not rules("evt.arg.size > 0 or user.shell contains sh").judge(batch_of(*CALLS))
    assert not rules('not container.mount.dest[1] in ("<NA>")').judge(batch_of(*CALLS))
