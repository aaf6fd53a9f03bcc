"""What the probes tell of processes, held against what the kernel tells of the same ones in /proc."""

import fcntl
import grp
import os
import pty
import pwd
import subprocess
import termios
import time
from pathlib import Path

import pytest

from probes.procfs import boot_offset_ns, read_process
from tests.integration.probes.conftest import Watch

pytestmark = pytest.mark.probe


@pytest.mark.parametrize("how", ["plain", "own session", "terminal", "other user", "few capabilities", "pid namespace"])
def test_an_exec_tells_what_proc_tells(watch: Watch, tmp_path: Path, how: str) -> None:
    marker = f"{time.time_ns() % 10**9}.25"
    before = {
        "other user": ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        "few capabilities": ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
        "pid namespace": ["unshare", "--fork", "--pid", "--kill-child"],
    }.get(how, [])
    command = [*before, "sleep", marker]
    master, slave = pty.openpty()
    terminal = {"stdin": slave, "preexec_fn": lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)} if how == "terminal" else {}
    new_session = how in ("own session", "terminal")
    with subprocess.Popen(command, cwd=tmp_path, start_new_session=new_session, **terminal) as process:
        (event,) = watch.events(lambda e: e.type == "execve" and e.process.args == f"sleep\0{marker}\0".encode())
        told = event.process
        truth = read_process(Path(f"/proc/{told.pid}"))
        process.kill()
    os.close(master)
    os.close(slave)
    assert truth is not None
    for name in told._fields:
        if hasattr(truth, name) and name != "start":
            assert getattr(told, name) == getattr(truth, name), name
    assert abs(told.start - boot_offset_ns() - truth.start) < 50_000_000
    assert told.known
    assert (told.user, told.group) == (pwd.getpwuid(told.uid)[0].encode(), grp.getgrgid(told.gid)[0].encode())
    assert told.container is None
    assert (told.vpid == 1) == (how == "pid namespace")
    assert bool(told.tty) == (how == "terminal")


def test_ancestors_are_told_from_the_nearest(watch: Watch) -> None:
    subprocess.run(["bash", "-c", "sh -c 'cat /dev/null; true'; true"], check=True)
    (event,) = watch.events(lambda e: e.type == "execve" and e.process.args == b"cat\0/dev/null\0")
    assert event.process.name == b"cat"
    assert event.process.ancestors[:2] == (b"sh", b"bash")


def test_fork_and_exit_are_told(watch: Watch) -> None:
    child = os.fork()
    if not child:
        os._exit(7)
    os.waitpid(child, 0)
    (clone,) = watch.events(lambda e: e.type == "clone" and e.result == child)
    assert clone.process.pid == os.getpid()


def test_the_status_of_an_exit_is_told(watch: Watch) -> None:
    process = subprocess.Popen(["sh", "-c", "exit 7"])
    process.wait()
    (end,) = watch.events(lambda e: e.type == "procexit" and e.process.pid == process.pid)
    assert os.waitstatus_to_exitcode(end.result) == 7


def test_each_event_has_the_directory_of_its_time(watch: Watch) -> None:
    process = subprocess.Popen(["sh", "-c", "cd /etc; cat hostname; cd /usr; : <lib/os-release; cd share"], stdout=-3)
    process.wait()
    events = watch.until_exit(process.pid)
    seen = [(e.type, e.path, e.directory, e.process.cwd) for e in events]
    here = os.fsencode(Path.cwd())
    assert ("chdir", b"/etc", b"", here) in seen
    assert ("chdir", b"/usr", b"", b"/etc") in seen
    assert ("openat", b"lib/os-release", b"/usr", b"/usr") in seen
    assert ("chdir", b"/usr/share", b"", b"/usr") in seen  # the shell makes it absolute


def test_own_processes_and_all_that_they_start_are_left_out_and_counted(watch: Watch) -> None:
    process = subprocess.Popen(["sh", "-c", "read go; cat /etc/hostname; true"], stdin=subprocess.PIPE, stdout=-3)
    watch.kernel.leave_out([process.pid])
    watch.batch()
    before = watch.kernel.ignored()
    process.communicate(b"go\n")
    subprocess.run(["cat", "/etc/hostname"], check=True, stdout=-3)
    (seen,) = watch.events(lambda e: e.path == b"/etc/hostname")
    assert seen.process.pid != process.pid
    assert watch.kernel.ignored() > before


def test_a_process_that_nobody_saw_start_has_its_name_at_least(watch: Watch) -> None:
    known = watch.table._current.pop(os.getpid())
    Path("/etc/hostname").read_bytes()
    (event,) = watch.events(lambda e: e.path == b"/etc/hostname" and e.process.pid == os.getpid())
    watch.table._current[os.getpid()] = known
    assert event.process.name == Path("/proc/self/comm").read_bytes().strip()
    assert not event.process.known
