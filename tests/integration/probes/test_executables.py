"""What the probes tell of executables and environments, of real programs in real layers."""

import ctypes
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from probes.executables import IN_MEMORY, KNOWN, LAYERS_KNOWN, LOWER_LAYER, UPPER_LAYER, WRITABLE
from tests.batches import Event
from tests.integration.probes.conftest import Watch
from tests.podman import container, podman

pytestmark = pytest.mark.probe

NOBODY = 65534


def run(watch: Watch, command: list[str], **how: object) -> Event:
    marker = uuid.uuid4().hex
    subprocess.run([*command, marker], check=False, timeout=30, capture_output=True, **how)  # type: ignore[call-overload]
    (event,) = watch.events(lambda e: e.type == "execve" and e.process.args.endswith(f"\0{marker}\0".encode()))
    return event


def test_the_environment_is_told_up_to_its_bound(watch: Watch) -> None:
    short = run(watch, ["/bin/true"], env={"HTTP_PROXY": "http://proxy:3128", "EMPTY": ""})
    assert short.process.env == b"HTTP_PROXY=http://proxy:3128\0EMPTY=\0"
    long = run(watch, ["/bin/true"], env={"FILLER": "x" * 3_000, "LAST": "seen"})
    assert long.process.env.endswith(b"\0LAST=seen\0")
    longer = run(watch, ["/bin/true"], env={"FILLER": "x" * 9_000})
    assert longer.process.env == b"FILLER=" + b"x" * (4_095 - len("FILLER="))
    assert run(watch, ["/bin/true"], env={}).process.env == b""


@pytest.mark.parametrize(
    ("mode", "owner", "user", "writable"),
    [
        (0o755, NOBODY, NOBODY, True),
        (0o555, NOBODY, NOBODY, True),
        (0o555, 0, NOBODY, False),
        (0o757, 0, NOBODY, True),
        (0o755, 0, NOBODY, False),
        (0o555, NOBODY, 0, True),
    ],
)
def test_who_may_write_an_executable(
    watch: Watch, tmp_path: Path, mode: int, owner: int, user: int, writable: bool
) -> None:
    program = tmp_path / "program"
    shutil.copy("/bin/true", program)
    program.chmod(mode)
    os.chown(program, owner, owner)
    for parent in [tmp_path, *tmp_path.parents][:4]:
        parent.chmod(0o755)
    event = run(watch, [str(program)], user=user, group=user, extra_groups=[])
    assert event.process.exe_flags == KNOWN | LAYERS_KNOWN | WRITABLE * writable
    found = program.stat()
    assert (event.process.exe_ino, event.process.exe_ctime) == (found.st_ino, found.st_ctime_ns)
    assert event.process.exe_mtime == found.st_mtime_ns


def test_an_executable_in_memory(watch: Watch) -> None:
    data, marker = Path("/bin/true").read_bytes(), uuid.uuid4().hex
    memory = os.memfd_create("program", 0)
    os.write(memory, data)
    subprocess.run([f"/proc/self/fd/{memory}", marker], check=True, pass_fds=[memory], timeout=30)
    (event,) = watch.events(lambda e: e.type == "execve" and marker.encode() in e.process.args)
    assert event.process.exe_flags & IN_MEMORY
    assert event.process.exepath.startswith(b"/memfd:program")


def test_layers_of_an_overlay(watch: Watch, tmp_path: Path) -> None:
    lower, upper, work, merged = (tmp_path / name for name in ("lower", "upper", "work", "merged"))
    for folder in (lower, upper, work, merged):
        folder.mkdir()
    shutil.copy("/bin/true", lower / "old")
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"lowerdir={lower},upperdir={upper},workdir={work}".encode()
    if libc.mount(b"overlay", bytes(merged), b"overlay", 0, options):
        pytest.fail(f"overlay: {os.strerror(ctypes.get_errno())}")
    try:
        shutil.copy("/bin/true", merged / "new")
        assert run(watch, [str(merged / "old")]).process.exe_flags & (UPPER_LAYER | LOWER_LAYER) == LOWER_LAYER
        assert run(watch, [str(merged / "new")]).process.exe_flags & (UPPER_LAYER | LOWER_LAYER) == UPPER_LAYER
    finally:
        libc.umount2(bytes(merged), 2)
    assert not run(watch, ["/bin/true"]).process.exe_flags & (UPPER_LAYER | LOWER_LAYER)


@pytest.mark.container
def test_a_program_that_was_dropped_into_a_container_is_in_its_upper_layer(watch: Watch, image: None) -> None:
    name = f"deedlog-{uuid.uuid4().hex[:8]}"
    with container(name, "sleep", "60"):
        podman("exec", name, "sh", "-c", "mkdir -p /tmp; cp /bin/busybox /tmp/cat; /tmp/cat /dev/null")
        (event,) = watch.events(lambda e: e.type == "execve" and e.process.exepath == b"/tmp/cat")
    assert event.process.exe_flags & UPPER_LAYER
    assert event.process.container is not None


def test_process_groups(watch: Watch) -> None:
    marker = uuid.uuid4().hex
    subprocess.run(["sh", "-c", "/bin/true $0; :", marker], check=True, start_new_session=True)
    ends = f"\0{marker}\0".encode()
    shell, program = watch.events(lambda e: e.type == "execve" and e.process.args.endswith(ends), count=2)
    assert shell.process.pgid == shell.process.vpgid == shell.process.pid
    assert program.process.pgid == program.process.vpgid == shell.process.pid
