"""Rights that are taken or tried."""

from tests.attacks.steps import host

CALL = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
{}
"""
NOBODY = 65534
PTRACE = 101
ATTACH = CALL.format(
    "child = os.fork()\nif not child: __import__('time').sleep(5)\n"
    "libc.ptrace(16, child, 0, 0); os.waitpid(child, 0); libc.ptrace(17, child, 0, 0); os.kill(child, 9)"
)
SEIZE = CALL.format(
    "child = os.fork()\nif not child: __import__('time').sleep(5); os._exit(0)\n"
    "libc.ptrace(0x4206, child, 0, 0); os.kill(child, 9)"
)
TRACEME = CALL.format("libc.ptrace(0, 0, 0, 0)")
PEEK = CALL.format("libc.ptrace(2, os.getpid(), 0, 0)")
FAULTS = CALL.format("libc.syscall(323, 0)")
BPF = CALL.format("libc.syscall(321, {}, 0, 0)")

STEPS = (
    host("process traced", "python3", "-c", ATTACH, expected=("PTRACE attached to process",)),
    host(
        "process seized",
        *("python3", "-c", SEIZE),
        expected=("PTRACE attached to process",),
    ),
    host("process lets itself be traced", "python3", "-c", TRACEME, expected=("PTRACE anti-debug attempt",)),
    host("memory peeked at", "python3", "-c", PEEK),
    host(
        "page faults handled by nobody",
        *("python3", "-c", FAULTS),
        user=NOBODY,
        expected=("Unprivileged Delegation of Page Faults Handling to a Userspace Process",),
    ),
    host("page faults handled by root", "python3", "-c", FAULTS),
    host("program for the kernel", "python3", "-c", BPF.format(5), expected=("BPF Program Not Profiled",)),
    host("program for the kernel by falco", "{bin}/falco", "-c", BPF.format(5), programs=("falco",)),
    host("map for the kernel", "python3", "-c", BPF.format(0)),
    host(
        "nobody wants to be root",
        *("python3", "-c", CALL.format("libc.setuid(0)")),
        user=NOBODY,
        expected=("Non sudo setuid",),
    ),
    host("nobody stays nobody", "python3", "-c", CALL.format("libc.setuid(65534)"), user=NOBODY),
    host("root becomes nobody", "python3", "-c", CALL.format("libc.setuid(65534)")),
    host(
        "namespace entered",
        *("python3", "-c", CALL.format("libc.setns(os.open('/proc/self/ns/uts', 0), 0)")),
        expected=("Change thread namespace",),
    ),
    host("namespace made on the host", "python3", "-c", CALL.format("libc.unshare(0x04000000)")),
    host("namespace entered by nsenter", "nsenter", "--uts=/proc/self/ns/uts", "true"),
    host(
        "sudoedit's hole",
        *("{bin}/sudoedit", "-s", "x\\"),
        programs=("sudoedit",),
        expected=("Sudo Potential Privilege Escalation",),
    ),
    host("sudoedit", "{bin}/sudoedit", "-s", "x", programs=("sudoedit",)),
    host(
        "pkexec's hole",
        "{bin}/pkexec",
        programs=("pkexec",),
        expected=("Polkit Local Privilege Escalation Vulnerability (CVE-2021-4034)",),
    ),
    host("pkexec with arguments", "{bin}/pkexec", "--version", programs=("pkexec",)),
)
