"""Which container a process runs in, told by its cgroup; and what the runtime has on file about it.

Runtimes are asked by reading the files that they keep, not through their daemons: it takes a millisecond, needs no
client, and works while a daemon is down. Files are read when a container is first seen.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from probes import mounts
from schemas.types.syscalls import Container

HEX64: Final = rb"([0-9a-f]{64})"
CGROUP_PATTERNS: Final = tuple(
    (runtime, re.compile(pattern))
    for runtime, pattern in (
        ("podman", rb"/libpod-" + HEX64 + rb"(?:\.scope)?(?:/|$)"),
        ("docker", rb"/docker-" + HEX64 + rb"\.scope(?:/|$)"),
        ("docker", rb"/docker/" + HEX64 + rb"(?:/|$)"),
        ("containerd", rb"/cri-containerd-" + HEX64 + rb"\.scope(?:/|$)"),
        ("containerd", rb":cri-containerd:" + HEX64 + rb"(?:/|$)"),
        ("cri-o", rb"/crio-" + HEX64 + rb"(?:\.scope)?(?:/|$)"),
        ("unknown", rb"/kubepods[^/]*(?:/[^/]+)*?/" + HEX64 + rb"(?:/|$)"),
    )
)
"""Where each runtime puts its containers, with the cgroupfs and the systemd driver, cgroup v1 and v2."""


def container_in(cgroup: bytes) -> tuple[str, str] | None:
    """Return the runtime and the container id that a cgroup path tells; None if it tells of none.

    A name of hexadecimal digits alone proves nothing: only the places where runtimes put containers do.
    """
    for runtime, pattern in CGROUP_PATTERNS:
        found = pattern.search(cgroup)
        if found:
            return runtime, found[1].decode()
    return None


ASK_AGAIN: Final = 1.0
MAX_CGROUPS: Final = 4096
"""How many cgroups are remembered with their container; one that comes again is asked for again."""


class Runtimes:
    """The container runtimes of a machine, read from their files under `root`."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._known: dict[bytes, tuple[float, Container | None]] = {}

    def container(self, cgroup: bytes) -> Container | None:
        """Return the container of a cgroup path; None on the host.

        Fields that the runtime's files do not tell are None. An answer is kept; a missing one is asked for again
        after ASK_AGAIN seconds: files are not searched at every exec.
        """
        asked_at, known = self._known.get(cgroup, (-ASK_AGAIN, None))
        now = time.monotonic()
        if (known is None or known.name is None) and now - asked_at >= ASK_AGAIN:
            found = container_in(cgroup) or self._runc_container(cgroup)
            known = self._ask(*found) if found else None
            self._known[cgroup] = now, known
            if len(self._known) > MAX_CGROUPS:
                del self._known[next(iter(self._known))]
        return known

    def _ask(self, runtime: str, identity: str) -> Container:
        fallback = Container(id=identity, runtime=runtime)
        for name, reader in READERS.items():
            if runtime not in (name, "unknown"):
                continue
            try:
                found = reader(self._root, identity)
            except (OSError, msgspec.DecodeError, KeyError, TypeError, AttributeError, StopIteration):
                continue  # a container that is gone, or a file of a version that we do not know
            return msgspec.structs.replace(found, id=identity, runtime=name)
        return fallback

    def _runc_container(self, cgroup: bytes) -> tuple[str, str] | None:
        """Find a container that runc was given by hand: its cgroup may have any name."""
        if not cgroup.strip(b"/"):
            return None
        for state in self._root.glob("run/runc/*/state.json"):
            try:
                paths = msgspec.json.decode(state.read_bytes())["cgroup_paths"].values()
            except (OSError, msgspec.DecodeError, KeyError, TypeError, AttributeError):
                continue
            if any(_names_cgroup(path, cgroup) for path in paths):
                return "runc", state.parent.name
        return None


def _names_cgroup(path: str, cgroup: bytes) -> bool:
    named = path.encode()
    return named.endswith(cgroup) or f"{path}/".encode() in b"/sys/fs/cgroup" + cgroup + b"/"


def _json(path: Path) -> Any:
    return msgspec.json.decode(path.read_bytes())


STORAGE: Final = (
    "var/lib/containers/storage/*-containers",
    "root/.local/share/containers/storage/*-containers",
    "home/*/.local/share/containers/storage/*-containers",
)
"""Where root's and the users' containers are kept, whatever the storage driver (containers-storage.conf(5))."""


def _podman(root: Path, identity: str) -> Container:
    config_file = next(path for pattern in STORAGE for path in root.glob(f"{pattern}/{identity}/userdata/config.json"))
    listed = _json(config_file.parents[2] / "containers.json")
    entry = next(c for c in listed if c["id"] == identity)
    metadata = msgspec.json.decode(entry["metadata"])
    config = _json(config_file)
    annotations = config.get("annotations") or {}
    privileged = annotations.get("io.podman.annotations.privileged") == "TRUE"
    return Container(
        id="",
        runtime="",
        name=entry["names"][0],
        image=metadata.get("image-name") or None,
        image_id=metadata.get("image-id") or entry.get("image"),
        privileged=privileged,
        mounts=mounts.of_oci(config, identity),
    )


def _docker(root: Path, identity: str) -> Container:
    folder = root / "var/lib/docker/containers" / identity
    config, host = _json(folder / "config.v2.json"), _json(folder / "hostconfig.json")
    labels = config["Config"].get("Labels") or {}
    return Container(
        id="",
        runtime="",
        name=config["Name"].removeprefix("/"),
        image=config["Config"].get("Image"),
        image_id=config.get("Image"),
        privileged=bool(host.get("Privileged")),
        pod_name=labels.get("io.kubernetes.pod.name"),
        pod_namespace=labels.get("io.kubernetes.pod.namespace"),
        pod_uid=labels.get("io.kubernetes.pod.uid"),
        pod_labels=_docker_pod_labels(folder.parent, labels.get("io.kubernetes.sandbox.id")),
        mounts=mounts.of_docker(config),
    )


def _docker_pod_labels(containers: Path, sandbox: str | None) -> tuple[str, ...]:
    """Return the pod's own labels, which are those of its sandbox container; Kubernetes' are not among them."""
    if not sandbox:
        return ()
    labels = _json(containers / sandbox / "config.v2.json")["Config"].get("Labels") or {}
    return _labels({name: value for name, value in labels.items() if not name.startswith("io.kubernetes.")})


def _labels(labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}:{value}" for name, value in sorted(labels.items()))


def _containerd(root: Path, identity: str) -> Container:
    tasks = root / "run/containerd/io.containerd.runtime.v2.task"
    config = _json(next(tasks.glob(f"*/{identity}/config.json")))
    annotations = config.get("annotations") or {}
    return Container(
        id="",
        runtime="",
        name=annotations.get("io.kubernetes.cri.container-name") or annotations.get("nerdctl/name") or identity[:12],
        image=annotations.get("io.kubernetes.cri.image-name"),
        privileged=_has_all_capabilities(config),
        pod_name=annotations.get("io.kubernetes.cri.sandbox-name"),
        pod_namespace=annotations.get("io.kubernetes.cri.sandbox-namespace"),
        pod_uid=annotations.get("io.kubernetes.cri.sandbox-uid"),
        mounts=mounts.of_oci(config, identity),
    )


def _crio(root: Path, identity: str) -> Container:
    config = _json(next(root.glob(f"{STORAGE[0]}/{identity}/userdata/config.json")))
    annotations = config.get("annotations") or {}
    return Container(
        id="",
        runtime="",
        name=annotations["io.kubernetes.container.name"],
        image=annotations.get("io.kubernetes.cri-o.ImageName"),
        privileged=_has_all_capabilities(config),
        pod_name=annotations.get("io.kubernetes.pod.name"),
        pod_namespace=annotations.get("io.kubernetes.pod.namespace"),
        image_id=annotations.get("io.kubernetes.cri-o.ImageRef"),
        pod_uid=annotations.get("io.kubernetes.pod.uid"),
        pod_labels=_crio_pod_labels(root, annotations.get("io.kubernetes.cri-o.SandboxID")),
        mounts=mounts.of_oci(config, identity),
    )


def _crio_pod_labels(root: Path, sandbox: str | None) -> tuple[str, ...]:
    if not sandbox:
        return ()
    config = _json(next(root.glob(f"{STORAGE[0]}/{sandbox}/userdata/config.json")))
    labels = msgspec.json.decode(config["annotations"].get("io.kubernetes.cri-o.Labels") or "{}")
    return _labels({name: value for name, value in labels.items() if not name.startswith("io.kubernetes.")})


def _runc(root: Path, identity: str) -> Container:
    config = _json(root / "run/runc" / identity / "state.json")["config"]
    bounding = (config.get("capabilities") or {}).get("Bounding") or []
    privileged = len(bounding) >= CAPABILITIES
    return Container(id="", runtime="", name=identity, privileged=privileged, mounts=mounts.of_runc(config))


CAPABILITIES: Final = 38  # of Linux 4.0; a container that has as many was given all of them


def _has_all_capabilities(config: dict[str, Any]) -> bool:
    granted = ((config.get("process") or {}).get("capabilities") or {}).get("bounding") or []
    return len(granted) >= CAPABILITIES


READERS: Final[dict[str, Callable[[Path, str], Container]]] = {
    "podman": _podman,
    "docker": _docker,
    "containerd": _containerd,
    "cri-o": _crio,
    "runc": _runc,
}
