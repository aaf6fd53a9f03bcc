"""Containers of a real runtime, seen by the probes."""

import os
import subprocess
import uuid

import pytest

from tests.integration.probes.conftest import Watch
from tests.podman import IMAGE, LIMITS, container, podman

pytestmark = [pytest.mark.probe, pytest.mark.container]


@pytest.fixture
def name() -> str:
    return f"deedlog-{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize("privileged", [False, True])
def test_a_containers_first_process_tells_its_container(watch: Watch, image: None, name: str, privileged: bool) -> None:
    options = ("--privileged",) if privileged else ()
    with container(name, "sleep", "60.125", options=options) as identity:
        (event,) = watch.events(lambda e: e.type == "execve" and e.process.args == b"sleep\x0060.125\0")
    found = event.process.container
    assert found is not None
    assert (found.id, found.runtime, found.name, found.image) == (identity, "podman", name, IMAGE)
    assert found.privileged is privileged
    assert event.process.vpid == 1
    assert event.process.user == b""  # the image has no passwd file


def test_a_process_that_enters_a_container_is_in_it_and_sees_its_paths(watch: Watch, image: None, name: str) -> None:
    with container(name, "sleep", "60"):
        command = ["podman", "--runtime", "runc", "exec", name, "sh", "-c", "cd /bin; cat busybox >/dev/null"]
        subprocess.run(command, check=True, timeout=60)
        (event,) = watch.events(lambda e: e.path == b"busybox")
    assert event.directory == b"/bin"
    assert event.process.exepath == b"/bin/busybox"
    assert event.process.cwd == b"/bin"
    assert event.process.container is not None
    assert event.process.container.name == name


def test_containers_that_die_at_once_are_still_told_apart_from_the_host(watch: Watch, image: None) -> None:
    marker = f"/nowhere/{uuid.uuid4().hex}"
    for _ in range(3):
        command = ["podman", "--runtime", "runc", "run", "--rm", *LIMITS, IMAGE, "cat", marker]
        subprocess.run(command, check=False, timeout=60, stderr=subprocess.DEVNULL)
    events = watch.events(lambda e: e.path == marker.encode(), count=3)
    containers = [event.process.container for event in events]
    assert len({c.id for c in containers if c}) == 3


def test_processes_of_the_host_are_in_no_container(watch: Watch) -> None:
    subprocess.run(["cat", "/etc/hostname"], check=True, stdout=subprocess.DEVNULL)
    (event,) = watch.events(lambda e: e.path == b"/etc/hostname" and e.process.name == b"cat")
    assert event.process.container is None
    assert event.process.ppid == os.getpid()


def test_a_container_tells_its_mounts_its_image_and_its_start(watch: Watch, image: None, name: str) -> None:
    with container(name, "sleep", "60.375", options=("-v", "/etc:/host/etc:ro", "-v", "/tmp:/data")):
        (event,) = watch.events(lambda e: e.type == "execve" and e.process.args == b"sleep\x0060.375\0")
        shown = podman("image", "inspect", "--format", "{{.Id}}", IMAGE)
    found = event.process.container
    assert found is not None
    mounts = {(mount.source, mount.dest, mount.rdwr, mount.propagation) for mount in found.mounts}
    assert mounts == {("/etc", "/host/etc", False, "rprivate"), ("/tmp", "/data", True, "rprivate")}
    assert found.image_id == shown.removeprefix("sha256:")
    assert event.process.pidns_start == event.process.start
