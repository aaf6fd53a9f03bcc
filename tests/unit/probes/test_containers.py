import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes import containers
from probes.containers import Runtimes, container_in
from schemas.types.syscalls import Container

ID = "0123456789abcdef" * 4

CGROUPS = {
    f"/libpod_parent/libpod-{ID}": "podman",
    f"/machine.slice/libpod-{ID}.scope/container": "podman",
    f"/user.slice/user-0.slice/libpod-{ID}.scope": "podman",
    f"/docker/{ID}": "docker",
    f"/system.slice/docker-{ID}.scope": "docker",
    f"/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-{ID}.scope": "containerd",
    f"/kubepods-besteffort.slice:cri-containerd:{ID}": "containerd",
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/crio-{ID}.scope": "cri-o",
    f"/kubepods/burstable/pod1f2e/{ID}": "unknown",
    f"/kubepods/pod1f2e/{ID}": "unknown",
}


@pytest.mark.parametrize(("cgroup", "runtime"), CGROUPS.items())
def test_runtimes_are_known_by_where_they_put_containers(cgroup: str, runtime: str) -> None:
    assert container_in(cgroup.encode()) == (runtime, ID)


@pytest.mark.parametrize(
    "cgroup",
    [
        "/",
        "",
        f"/services/{ID[:32]}",
        f"/{ID}",
        f"/libpod-{ID[:-1]}",
        f"/libpod-{ID}0",
        "/user.slice/session-1.scope",
    ],
)
def test_a_name_of_hexadecimal_digits_alone_is_no_container(cgroup: str) -> None:
    assert container_in(cgroup.encode()) is None


@given(st.binary(max_size=200))
def test_no_cgroup_path_breaks_the_search(cgroup: bytes) -> None:
    assert container_in(cgroup) is None or ID


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def podman_files(root: Path, *, privileged: bool = False) -> None:
    storage = root / "var/lib/containers/storage/overlay-containers"
    metadata = json.dumps({"image-name": "docker.io/library/busybox:1.36", "name": "web"})
    write(storage / "containers.json", [{"id": "other"}, {"id": ID, "names": ["web"], "metadata": metadata}])
    annotations = {"io.podman.annotations.privileged": "TRUE"} if privileged else {}
    write(storage / ID / "userdata/config.json", {"annotations": annotations})


@pytest.mark.parametrize("privileged", [False, True])
def test_podman_tells_name_image_and_privilege(tmp_path: Path, privileged: bool) -> None:
    podman_files(tmp_path, privileged=privileged)
    found = Runtimes(tmp_path).container(f"/libpod_parent/libpod-{ID}".encode())
    assert found == Container(
        id=ID, runtime="podman", name="web", image="docker.io/library/busybox:1.36", privileged=privileged
    )


def test_docker_tells_name_image_privilege_and_pod(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/docker/containers" / ID
    labels = {"io.kubernetes.pod.name": "p", "io.kubernetes.pod.namespace": "n"}
    write(folder / "config.v2.json", {"Name": "/web", "Config": {"Image": "nginx:1", "Labels": labels}})
    write(folder / "hostconfig.json", {"Privileged": True})
    found = Runtimes(tmp_path).container(f"/docker/{ID}".encode())
    assert found == Container(
        id=ID, runtime="docker", name="web", image="nginx:1", privileged=True, pod_name="p", pod_namespace="n"
    )


def test_containerd_tells_what_the_cri_noted(tmp_path: Path) -> None:
    notes = {
        "io.kubernetes.cri.container-name": "web",
        "io.kubernetes.cri.image-name": "nginx:1",
        "io.kubernetes.cri.sandbox-name": "p",
        "io.kubernetes.cri.sandbox-namespace": "n",
    }
    task = tmp_path / "run/containerd/io.containerd.runtime.v2.task/k8s.io" / ID
    write(task / "config.json", {"annotations": notes, "process": {"capabilities": {"bounding": ["CAP_CHOWN"]}}})
    found = Runtimes(tmp_path).container(f"/kubepods/pod1/{ID}".encode())
    assert found == Container(
        id=ID, runtime="containerd", name="web", image="nginx:1", privileged=False, pod_name="p", pod_namespace="n"
    )


def test_a_container_that_runc_was_given_by_hand_is_found_by_its_state(tmp_path: Path) -> None:
    state = {"cgroup_paths": {"memory": "/sys/fs/cgroup/memory/mine"}, "config": {}}
    write(tmp_path / "run/runc/mine/state.json", state)
    assert Runtimes(tmp_path).container(b"/mine") == Container(id="mine", runtime="runc", name="mine", privileged=False)
    assert Runtimes(tmp_path).container(b"/") is None
    assert Runtimes(tmp_path).container(b"/other") is None


def test_a_container_whose_files_are_gone_keeps_its_id_and_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtimes, cgroup = Runtimes(tmp_path), f"/libpod_parent/libpod-{ID}".encode()
    assert runtimes.container(cgroup) == Container(id=ID, runtime="podman")
    podman_files(tmp_path)
    assert runtimes.container(cgroup) == Container(id=ID, runtime="podman")  # not at every exec
    monkeypatch.setattr(containers, "ASK_AGAIN", 0.0)
    found = runtimes.container(cgroup)
    assert found is not None
    assert found.name == "web"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '[{"id": "' + ID + '"}]', '[{"id": "' + ID + '", "names": []}]']
)
def test_a_runtime_file_of_another_form_is_no_answer(tmp_path: Path, text: str) -> None:
    path = tmp_path / "var/lib/containers/storage/overlay-containers/containers.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert Runtimes(tmp_path).container(f"/libpod-{ID}".encode()) == Container(id=ID, runtime="podman")
