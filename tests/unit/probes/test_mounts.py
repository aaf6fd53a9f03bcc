"""Mounts and labels as each runtime documents its files; podman is asked with real containers elsewhere."""

import json
from pathlib import Path

from probes.containers import Runtimes
from schemas.types.syscalls import Container, Mount

ID = "0123456789abcdef" * 4
SANDBOX = "f" * 64
SPEC = {
    "annotations": {},
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/host/etc", "type": "bind", "source": "/etc", "options": ["ro", "rprivate", "rbind"]},
        {"destination": "/data", "type": "bind", "source": "/srv/data", "options": ["rbind", "rshared", "rw"]},
        {"destination": "/etc/hosts", "type": "bind", "source": f"/run/x/{ID}/userdata/hosts", "options": ["bind"]},
    ],
}
MOUNTS = (
    Mount(source="/etc", dest="/host/etc", mode="ro,rbind", rdwr=False, propagation="rprivate"),
    Mount(source="/srv/data", dest="/data", mode="rbind,rw", rdwr=True, propagation="rshared"),
)


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def asked(root: Path, cgroup: str) -> Container:
    found = Runtimes(root).container(cgroup.encode())
    assert found is not None
    return found


def test_docker(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/docker/containers"
    labels = {"io.kubernetes.pod.uid": "u", "io.kubernetes.sandbox.id": SANDBOX}
    point = {"Source": "/etc", "Destination": "/host/etc", "RW": False, "Mode": "ro", "Propagation": "rprivate"}
    config = {"Name": "/web", "Image": "sha256:aa", "Config": {"Labels": labels}, "MountPoints": {"/host/etc": point}}
    write(folder / ID / "config.v2.json", config)
    write(folder / ID / "hostconfig.json", {})
    pod = {"app": "web", "tier": "front", "io.kubernetes.pod.name": "p"}
    write(folder / SANDBOX / "config.v2.json", {"Config": {"Labels": pod}})
    found = asked(tmp_path, f"/docker/{ID}")
    assert found.mounts == (Mount(source="/etc", dest="/host/etc", mode="ro", rdwr=False, propagation="rprivate"),)
    assert (found.pod_uid, found.pod_labels, found.image_id) == ("u", ("app:web", "tier:front"), "sha256:aa")


def test_containerd(tmp_path: Path) -> None:
    notes = {"io.kubernetes.cri.sandbox-uid": "u"}
    task = tmp_path / "run/containerd/io.containerd.runtime.v2.task/k8s.io" / ID
    write(task / "config.json", SPEC | {"annotations": notes})
    found = asked(tmp_path, f"/kubepods/pod1/{ID}")
    assert (found.mounts, found.pod_uid) == (MOUNTS, "u")


def test_crio(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/containers/storage/overlay-containers"
    notes = {
        "io.kubernetes.container.name": "web",
        "io.kubernetes.pod.uid": "u",
        "io.kubernetes.cri-o.SandboxID": SANDBOX,
    }
    write(folder / ID / "userdata/config.json", SPEC | {"annotations": notes})
    labels = {"io.kubernetes.cri-o.Labels": json.dumps({"app": "web", "io.kubernetes.pod.name": "p"})}
    write(folder / SANDBOX / "userdata/config.json", {"annotations": labels})
    found = asked(tmp_path, f"/kubepods.slice/crio-{ID}.scope")
    assert (found.mounts, found.pod_uid, found.pod_labels) == (MOUNTS, "u", ("app:web",))


def test_runc_by_hand(tmp_path: Path) -> None:
    listed = [
        {"device": "bind", "source": "/etc", "destination": "/host/etc", "flags": 1 | 4096},
        {"device": "proc", "source": "proc", "destination": "/proc", "flags": 0},
    ]
    state = {"cgroup_paths": {"memory": "/sys/fs/cgroup/memory/mine"}, "config": {"mounts": listed}}
    write(tmp_path / "run/runc/mine/state.json", state)
    assert asked(tmp_path, "/mine").mounts == (Mount(source="/etc", dest="/host/etc", rdwr=False),)
