"""Real containers for tests: podman with runc, an image of one static binary, no network."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IMAGE = "localhost/deedlog-test:1"
LIMITS = ("--network=none", "--cgroup-manager=cgroupfs", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
"""What podman needs where cgroups are hybrid and resource limits cannot be raised."""
SECONDS = 60


def podman(*arguments: str) -> str:
    """Run podman with runc and return what it printed; raises CalledProcessError."""
    done = subprocess.run(
        ["podman", "--runtime", "runc", *arguments], check=True, capture_output=True, text=True, timeout=SECONDS
    )
    return done.stdout.strip()


def build_image(folder: Path) -> None:
    """Build the test image, in `folder`."""
    busybox = shutil.which("busybox")
    assert busybox, "busybox-static is not installed; run: make test"
    shutil.copy(busybox, folder / "busybox")
    (folder / "Containerfile").write_text(
        'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nCMD ["/bin/sh"]\n'
    )
    podman("build", "--isolation=chroot", "-q", "-t", IMAGE, str(folder))


@contextmanager
def container(name: str, *command: str, options: tuple[str, ...] = ()) -> Iterator[str]:
    """Run a container in the background while the context lasts; yields its id."""
    identity = podman("run", "-d", *LIMITS, "--name", name, *options, IMAGE, *command)
    try:
        yield identity
    finally:
        podman("rm", "-f", "-t", "0", name)
