"""The built-in rules on calls as real programs make them."""

import pytest

from schemas.types.syscalls import Container
from streams.detection.judge import Judge
from streams.detection.loading import load_rules
from streams.detection.predicates import FALSE
from streams.detection.specialising import specialised
from tests.synthetic import Call, Proc, batch_of

JUDGE = Judge(load_rules([], builtin=True))
TTY = 34816
ALL_CAPABILITIES = (1 << 41) - 1
USUAL_CAPABILITIES = 0xA80425FB
TERMINAL, PLAIN, PRIVILEGED = "Terminal shell in container", "Shell in container", "Launch privileged container"
SENSITIVE, KEY, NAMESPACE = "Read sensitive file untrusted", "Read private key untrusted", "Change thread namespace"

BOX = Container(id="c" * 64, runtime="podman", name="box", image="localhost/x:1", privileged=False)
BIG_BOX = Container(id="d" * 64, runtime="podman", name="big", image="localhost/x:1", privileged=True)
NO_ANSWER = Container(id="e" * 64, runtime="unknown")
CONMON = Proc(pid=10, name=b"conmon", exepath=b"/usr/bin/conmon")
RUNC = Proc(pid=11, name=b"runc", exepath=b"/", parent=CONMON)


def found(*calls: Call) -> list[str]:
    return [alert.rule for alert in JUDGE.judge(batch_of(*calls))]


def started(
    name: bytes, *, box: Container | None = BOX, parent: Proc | None = CONMON, tty: int = 0, **more: int
) -> Call:
    process = Proc(
        pid=20,
        name=name,
        exepath=b"/bin/" + name,
        args=name + b"\0-c\0id\0",
        tty=tty,
        container=box,
        parent=parent,
        **({"vpid": 7, "cap_effective": USUAL_CAPABILITIES} | more),
    )
    return Call(type="execve", process=process, result=0, fd=-1)


def program(name: bytes, exepath: bytes = b"", parent: bytes = b"bash", box: Container | None = None) -> Proc:
    return Proc(
        pid=30, name=name, exepath=exepath or b"/usr/bin/" + name, container=box, parent=Proc(pid=29, name=parent)
    )


def opened(path: bytes, process: Proc, **more: int) -> Call:
    return Call(process=process, path=path, **more)


@pytest.mark.parametrize(
    ("call", "rules"),
    [
        (started(b"sh", tty=TTY, vpid=1), [TERMINAL]),
        (started(b"bash", tty=TTY, parent=RUNC), [TERMINAL]),
        (started(b"sh", tty=TTY, parent=None), [TERMINAL]),
        (started(b"sh", tty=TTY, box=NO_ANSWER), [TERMINAL]),
        (started(b"sh"), [PLAIN]),
        (started(b"sh", tty=0xFFFFFFFF), [PLAIN]),
        (started(b"sh", tty=TTY, parent=Proc(pid=3, name=b"bash")), []),
        (started(b"sh", parent=Proc(pid=3, name=b"make")), []),
        (started(b"sleep", tty=TTY), []),
        (started(b"bash", box=None, tty=TTY), []),
        (started(b"runc", parent=RUNC, cap_effective=ALL_CAPABILITIES), []),
    ],
)
def test_shells_in_containers(call: Call, rules: list[str]) -> None:
    assert found(call) == rules


@pytest.mark.parametrize(
    ("call", "rules"),
    [
        (started(b"nginx", box=BIG_BOX, vpid=1), [PRIVILEGED]),
        (started(b"nginx", box=BIG_BOX, parent=RUNC, vpid=4321), [PRIVILEGED]),
        (started(b"nginx", cap_effective=ALL_CAPABILITIES, vpid=1), [PRIVILEGED]),
        (started(b"nginx", cap_effective=ALL_CAPABILITIES, box=NO_ANSWER), [PRIVILEGED]),
        (started(b"nginx", box=BIG_BOX, parent=Proc(pid=3, name=b"sh")), []),
        (started(b"nginx", vpid=1), []),
        (started(b"nginx", box=None, cap_effective=ALL_CAPABILITIES, vpid=1), []),
        (started(b"sh", box=BIG_BOX, tty=TTY, vpid=1), [TERMINAL, PRIVILEGED]),
    ],
)
def test_privileged_containers(call: Call, rules: list[str]) -> None:
    assert found(call) == rules


@pytest.mark.parametrize(
    "call",
    [
        opened(b"/etc/shadow", program(b"cat")),
        opened(b"/etc/../etc//shadow", program(b"cat")),
        opened(b"/etc/shadow", program(b"cat"), flags=0o2),
        opened(b"/etc/gshadow", program(b"python3")),
        opened(b"/etc/sudoers", program(b"vim")),
        opened(b"/etc/sudoers.d/admins", program(b"grep")),
        opened(b"/etc/pam.d/su", program(b"head")),
        opened(b"/etc/shadow", program(b"sshd", b"/tmp/sshd")),
        opened(b"/etc/shadow", program(b"sshd", b"/home/u/sshd")),
        opened(b"/etc/shadow", program(b"exe", b"/bin/busybox", parent=b"sh", box=BOX)),
        opened(b"/etc/shadow", program(b"cat", box=BOX)),
        opened(b"/proc/1/root/etc/shadow", program(b"cat")),
        opened(b"../../../../etc/shadow", program(b"cat")),
        Call(process=program(b"cat"), path=b"shadow", directory=b"/etc"),
        opened(b"/etc/shadow", Proc(pid=5, name=b"cat", known=0)),
    ],
)
def test_sensitive_files_read_by_others(call: Call) -> None:
    assert found(call) == [SENSITIVE]


@pytest.mark.parametrize(
    "process",
    [
        *(program(name) for name in (b"sudo", b"su", b"login", b"passwd", b"chage", b"newgrp", b"gpasswd", b"pkexec")),
        *(program(name, b"/usr/sbin/" + name) for name in (b"sshd", b"cron", b"unix_chkpwd", b"useradd", b"vipw")),
        program(b"sshd-session", b"/usr/lib/openssh/sshd-session"),
        program(b"unix_chkpwd", b"/sbin/unix_chkpwd", box=BOX),
        program(b"systemd-logind", b"/lib/systemd/systemd-logind"),
        program(b"(sd-pam)", b"/usr/lib/systemd/systemd"),
        program(b"(agetty)", b"/usr/lib/systemd/systemd-executor"),
        program(b"accounts-daemon", b"/usr/libexec/accounts-daemon"),
        program(b"adduser", b"/usr/bin/perl"),
        program(b"dpkg"),
        program(b"passwd.postinst", b"/usr/bin/dash", parent=b"dpkg"),
        program(b"cmp", parent=b"passwd"),
        program(b"podman"),
    ],
)
def test_sensitive_files_read_by_those_whose_business_it_is(process: Proc) -> None:
    assert found(opened(b"/etc/shadow", process), opened(b"/etc/pam.d/common-auth", process)) == []


@pytest.mark.parametrize(
    "call",
    [
        opened(b"/etc/passwd", program(b"cat")),
        opened(b"/home/u/etc/shadow", program(b"cat")),
        opened(b"/etc/shadow", program(b"cat"), fd=-1, result=-13),
        opened(b"/etc/shadow", program(b"cat"), flags=0o1),
        opened(b"/etc/pam.d", program(b"ls"), flags=0o200000),
        Call(type="execve", process=program(b"cat"), path=b"/etc/shadow"),
    ],
)
def test_other_files_and_other_ways_are_no_alert(call: Call) -> None:
    assert found(call) == []


@pytest.mark.parametrize(
    ("path", "process", "rules"),
    [
        (b"/root/.ssh/id_ed25519", program(b"cat"), [KEY]),
        (b"/home/u/.ssh/id_rsa", program(b"tar"), [KEY]),
        (b"/etc/ssh/ssh_host_rsa_key", program(b"curl"), [KEY]),
        (b"/home/u/.ssh/id_rsa", program(b"ssh"), []),
        (b"/home/u/.ssh/id_rsa", program(b"ssh", b"/tmp/ssh"), [KEY]),
        (b"/home/u/.ssh/id_rsa.pub", program(b"cat"), []),
        (b"/home/u/.ssh/known_hosts", program(b"cat"), []),
        (b"/etc/ssh/ssh_host_rsa_key", program(b"sshd", b"/usr/sbin/sshd"), []),
    ],
)
def test_private_keys(path: bytes, process: Proc, rules: list[str]) -> None:
    assert found(opened(path, process)) == rules


@pytest.mark.parametrize(
    ("type", "flags", "result", "process", "rules"),
    [
        ("unshare", 0x20000, 0, program(b"unshare"), [NAMESPACE]),
        ("unshare", 0x10000000 | 0x40000000, 0, program(b"python3"), [NAMESPACE]),
        ("setns", 0, 0, program(b"nsenter"), [NAMESPACE]),
        ("setns", 0x40000000, 0, program(b"nsenter", box=BOX), [NAMESPACE]),
        ("unshare", 0x20000, 0, program(b"runc", b"/tmp/runc"), [NAMESPACE]),
        ("unshare", 0x20000, -1, program(b"unshare"), []),
        ("unshare", 0x400, 0, program(b"nginx"), []),
        ("setns", 0x40000000, 0, Proc(pid=12, name=b"runc", exepath=b"/", parent=RUNC), []),
        ("unshare", 0x20000, 0, Proc(pid=12, name=b"runc:[1:CHILD]", exepath=b"/", parent=RUNC), []),
        ("unshare", 0x20000, 0, program(b"(d-logind)", b"/usr/lib/systemd/systemd-executor"), []),
        ("setns", 0x40000000, 0, program(b"bridge", b"/opt/cni/bin/bridge"), []),
        ("unshare", 0x10000000, 0, program(b"chrome", b"/opt/google/chrome/chrome"), []),
        ("unshare", 0x10000000, 0, program(b"bwrap"), []),
    ],
)
def test_namespaces(type: str, flags: int, result: int, process: Proc, rules: list[str]) -> None:
    assert found(Call(type=type, flags=flags, result=result, process=process, fd=-1)) == rules


def test_an_alert_names_the_container_and_its_image() -> None:
    (alert,) = JUDGE.judge(batch_of(started(b"sh", tty=TTY)))
    assert (alert.container_name, alert.container_image) == ("box", "localhost/x:1")
    assert "container box" in alert.output
    assert "image=localhost/x:1" in alert.output


@pytest.mark.parametrize("event_type", ["clone", "procexit", "chdir", "connect", "a-new-call"])
def test_events_of_other_types_are_not_looked_at(event_type: str) -> None:
    assert all(specialised(rule.expression, event_type) == FALSE for rule in JUDGE.rules)
