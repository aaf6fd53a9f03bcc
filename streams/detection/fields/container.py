"""Fields of the container that an event came from, and of its Kubernetes pod."""

from collections.abc import Callable
from typing import Final

from schemas.types.syscalls import Container
from streams.detection.fields.absent import absent, not_available
from streams.detection.fields.field import Field, Type
from streams.detection.levels import PROGRAM
from streams.detection.processes import Process

HOST: Final = "host"
SHORT: Final = 12
"""Characters of a container id that people type."""
NOT_ASKED: Final = "Always absent: the runtime is not asked for it yet."
MOUNTS: Final = "Always absent: mounts of containers are not recorded yet."
ONE_MOUNT: Final = "Always `<NA>`, which is what rules ask for: mounts of containers are not recorded yet."
PODS: Final = "Always absent: of pods only name and namespace are recorded yet."


def repository(image: str) -> str:
    """Return an image reference without its tag and digest; the colon of a port stays."""
    name = image.partition("@")[0]
    path, slash, last = name.rpartition("/")
    return path + slash + last.partition(":")[0]


def tag(image: str) -> str | None:
    """Return the tag of an image reference."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2] or None


def digest(image: str | None) -> str | None:
    """Return the digest of an image reference: `sha256:...`."""
    return (image or "").partition("@")[2] or None


def _field(
    name: str, doc: str, of: Callable[[Container], object], *, type: Type = "string", host: str | None = None
) -> Field:
    def how(process: Process) -> object:
        if process.container is not None:
            return of(process.container)
        return host if process.on_host else None

    return Field(name=name, type=type, doc=doc, level=PROGRAM, how=how)


def _info(container: Container) -> str:
    return f"{container.id[:SHORT]} {container.name or '<NA>'}"


FIELDS: Final = (
    _field(
        "container.id", "First 12 characters of the container's id; `host` outside.", lambda c: c.id[:SHORT], host=HOST
    ),
    _field("container.full_id", "The container's id, whole; `host` outside.", lambda c: c.id, host=HOST),
    _field("container.name", "Name of the container; `host` outside.", lambda c: c.name, host=HOST),
    _field(
        "container.type",
        "Runtime: podman, docker, containerd, cri-o, runc; `host` outside.",
        lambda c: c.runtime,
        host=HOST,
    ),
    _field("container.image", "Image of the container, with its tag.", lambda c: c.image),
    _field(
        "container.image.repository",
        "Image without tag and digest.",
        lambda c: repository(c.image) if c.image else None,
    ),
    _field("container.image.tag", "Tag of the image.", lambda c: tag(c.image) if c.image else None),
    _field("container.image.digest", "Digest of the image, where its reference has one.", lambda c: digest(c.image)),
    _field(
        "container.privileged", "Whether the container was started as privileged.", lambda c: c.privileged, type="flag"
    ),
    _field("container.info", "Id and name of the container, for outputs; `host` outside.", _info, host=HOST),
    absent("container.image.id", NOT_ASKED),
    absent("container.start_ts", NOT_ASKED, "number"),
    absent("container.duration", NOT_ASKED, "number"),
    absent("container.ip", NOT_ASKED),
    absent("container.mounts", MOUNTS),
    not_available("container.mount", ONE_MOUNT),
    *(
        not_available(f"container.mount.{part}", ONE_MOUNT)
        for part in ("source", "dest", "mode", "rdwr", "propagation")
    ),
    _field("k8s.pod.name", "Name of the Kubernetes pod.", lambda c: c.pod_name),
    _field("k8s.ns.name", "Namespace of the Kubernetes pod.", lambda c: c.pod_namespace),
    absent("k8s.pod.uid", PODS),
    absent("k8s.pod.ip", PODS),
    absent("k8s.pod.labels", PODS),
    absent("k8s.pod.label", PODS, keyed=True),
)
