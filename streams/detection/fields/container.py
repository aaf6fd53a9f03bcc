"""Fields of the container that an event came from, and of its Kubernetes pod."""

from collections.abc import Callable
from typing import Final

import numpy as np

from schemas.types.syscalls import Container
from streams.detection.columns import NONE, Array, Columns
from streams.detection.fields.absent import absent, nothing
from streams.detection.fields.field import Field, Type
from streams.detection.levels import AGES, PROCESS, PROGRAM
from streams.detection.processes import Process

HOST: Final = "host"
SHORT: Final = 12
"""Characters of a container id that people type."""


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


def _short_id(identity: str | None) -> str | None:
    return identity.removeprefix("sha256:")[:SHORT] if identity else None


def _start(process: Process) -> int | None:
    return process.number("pidns_start", 0) if process.container else None


def _duration(columns: Columns, events: Array) -> tuple[Array, Array | None]:
    rows = columns.arrays["event_process"][events]
    nothing = np.zeros(len(events), np.int64)
    if "process_pidns_start" not in columns.arrays or "process_container" not in columns.arrays:
        return nothing, nothing.astype(bool)
    start = columns.arrays["process_pidns_start"][rows].astype(np.int64)
    known = (start > 0) & (columns.arrays["process_container"][rows] != NONE)
    return columns.arrays["event_time"][events].astype(np.int64) - start, known


def _label(name: str) -> Callable[[Process], str | None]:
    def reader(process: Process) -> str | None:
        labels = process.container.pod_labels if process.container else ()
        return next((label[len(name) + 1 :] for label in labels if label.startswith(f"{name}:")), None)

    return reader


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
    _field("container.image.id", "First 12 characters of the image's id.", lambda c: _short_id(c.image_id)),
    Field(
        name="container.start_ts",
        type="number",
        doc="Start of the container's first process, in nanoseconds since the epoch.",
        level=PROCESS,
        how=_start,
    ),
    Field(
        name="container.duration",
        type="number",
        doc="Nanoseconds since the start of the container's first process.",
        level=AGES,
        how=_duration,
    ),
    absent("container.ip", "Always absent: the runtime's files do not tell it alike."),
    _field("k8s.pod.name", "Name of the Kubernetes pod.", lambda c: c.pod_name),
    _field("k8s.ns.name", "Namespace of the Kubernetes pod.", lambda c: c.pod_namespace),
    _field("k8s.pod.uid", "Uid of the Kubernetes pod.", lambda c: c.pod_uid),
    absent("k8s.pod.ip", "Always absent: the runtime's files do not tell it alike."),
    _field(
        "k8s.pod.labels",
        "Labels of the Kubernetes pod: `app:web, tier:front`.",
        lambda c: ", ".join(c.pod_labels) or None,
    ),
    Field(
        name="k8s.pod.label",
        type="string",
        doc="One label of the Kubernetes pod, by its name.",
        level=PROGRAM,
        how=nothing,
        keyed=_label,
        needs_index=True,
    ),
)
