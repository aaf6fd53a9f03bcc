"""What rules see of calls that are made for real: from the kernel through a batch to an alert."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.detection.judge import Judge
from streams.detection.loading import load_texts
from tests.integration.probes.conftest import Watch

pytestmark = pytest.mark.probe
SECONDS = 10


def outputs(watch: Watch, which: str, output: str, count: int, pid: int) -> list[str]:
    """Return the output for each call of a process, as soon as there are `count` or the time is over."""
    condition = f"({which}) and proc.pid = {pid}"
    text = f"- rule: R\n  desc: d\n  condition: {condition}\n  output: '{output}'\n  priority: warn\n"
    judge = Judge(load_texts([("r.yaml", text.encode())]))
    found: list[str] = []
    until = time.monotonic() + SECONDS
    while len(found) < count and time.monotonic() < until:
        if watch.kernel.waiting():
            found += [alert.output for alert in judge.judge(watch.batch())]
        else:
            time.sleep(0.005)
    return found


def test_both_ends_of_a_connection_name_client_and_server(watch: Watch) -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen(7)
        port = server.getsockname()[1]
        client.connect(("127.0.0.1", port))
        accepted, (_, from_port) = server.accept()
        accepted.close()
    output = "%evt.type %fd.name %fd.sport %fd.type %fd.l4proto %fd.connected"
    tuple_ = f"127.0.0.1:{from_port}->127.0.0.1:{port} {port} ipv4 tcp true"
    assert outputs(watch, "evt.type in (listen, connect, accept, accept4)", output, 3, os.getpid()) == [
        f"listen 127.0.0.1:{port} {port} ipv4 tcp false",
        f"connect {tuple_}",
        f"accept4 {tuple_}",
    ]


def test_a_datagram_names_its_receiver_as_the_server(watch: Watch) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        sender.sendto(b"one", ("127.0.0.1", port))
    output = "%fd.sip %fd.sport %fd.l4proto %fd.connected"
    assert outputs(watch, "evt.type in (sendto)", output, 1, os.getpid()) == [f"127.0.0.1 {port} udp false"]


def test_unix_sockets_and_copies_of_sockets(watch: Watch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        number = client.fileno()
        client.connect(str(tmp_path / "s"))
        os.dup2(client.fileno(), 198, inheritable=True)
        os.close(198)
    output = "%evt.type %fd.type %fd.num %evt.arg.addr"
    which = "evt.type = connect or evt.type = dup2 and fd.num = 198"
    assert outputs(watch, which, output, 2, os.getpid()) == [
        f"connect unix {number} {tmp_path}/s",
        "dup2 unix 198 <NA>",
    ]


def test_paths_and_files_behind_descriptors(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "l").symlink_to("/etc/shadow")
    with (tmp_path / "b").open() as file:
        os.fchmod(file.fileno(), 0o640)
    output = "%evt.type %fs.path.source %fs.path.target %fd.name %fd.filename %fd.type"
    which = f"fs.path.source startswith {tmp_path}/ or evt.type = fchmod and fd.name startswith {tmp_path}/"
    assert outputs(watch, which, output, 3, os.getpid()) == [
        f"rename {tmp_path}/a {tmp_path}/b <NA> <NA> <NA>",
        f"symlink {tmp_path}/l /etc/shadow <NA> <NA> <NA>",
        f"fchmod <NA> <NA> {tmp_path}/b b file",
    ]


def test_arguments_that_are_numbers_have_names(watch: Watch) -> None:
    code = (
        "import ctypes, os, socket; ctypes.CDLL(None).ptrace(16, 1234567, 0, 0); os.kill(os.getpid(), 0);"
        "socket.socket(16, 3).close(); os.setuid(0)"
    )
    child = subprocess.Popen([sys.executable, "-S", "-c", code], stderr=subprocess.DEVNULL)
    child.wait(20)
    output = "%evt.type %evt.arg.request %evt.arg.sig %evt.arg.domain %evt.arg.uid"
    assert outputs(watch, "evt.type in (ptrace, kill, socket, setuid)", output, 4, child.pid) == [
        "ptrace PTRACE_ATTACH <NA> <NA> <NA>",
        "kill <NA> 0 <NA> <NA>",
        "socket <NA> <NA> AF_NETLINK <NA>",
        "setuid <NA> <NA> <NA> root",
    ]
