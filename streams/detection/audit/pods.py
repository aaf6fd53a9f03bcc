"""Fields of the pod in a request to Kubernetes, and of its containers."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from msgspec import UNSET

from streams.detection.audit.event import Event
from streams.detection.audit.values import Reader, at, each, flat, list_of, shown, text_of, texts
from streams.detection.fields.container import repository
from streams.detection.fields.field import AnyField

SPEC: Final = ("requestObject", "spec")
Texts = tuple[str, ...] | None
Found = list[Any]
"""A value for each container, UNSET where one has none."""


def _all_texts(values: Found) -> Texts:
    """Return the values as texts; nothing if one has none."""
    found = texts(values)
    return found if found and len(found) == len(values) else None


def _lines(values: Found) -> Texts:
    """Return lists of words as lines; nothing if one is no list of words."""
    lists = [value for value in values if value is not UNSET]
    if not all(isinstance(value, list) and all(isinstance(word, str) for word in value) for value in lists):
        return None
    return tuple(" ".join(words) for words in lists) or None


def _repositories(values: Found) -> Texts:
    return tuple(map(repository, _all_texts(values) or ())) or None


def _host_ports(values: Found) -> Texts:
    ports = [port for value in values if isinstance(value, list) for port in value]
    return texts(own if (own := at(port, "hostPort")) is not UNSET else at(port, "containerPort") for port in ports)


CONTAINERS: Final[tuple[tuple[str, str, tuple[str, ...], Callable[[Found], Texts]], ...]] = (
    ("name", "Names", ("name",), _all_texts),
    ("image", "Images", ("image",), _all_texts),
    ("image.repository", "Images without tags and digests; the port of a registry stays", ("image",), _repositories),
    ("command", "Commands, each with its words joined by spaces", ("command",), _lines),
    ("args", "Arguments, likewise", ("args",), _lines),
    ("host_port", "Ports of the host, and of the containers where they name none", ("ports",), _host_ports),
    ("privileged", "Flags `privileged` that are given", ("securityContext", "privileged"), texts),
    (
        "allow_privilege_escalation",
        "Flags `allowPrivilegeEscalation` that are given",
        ("securityContext", "allowPrivilegeEscalation"),
        texts,
    ),
    (
        "read_only_fs",
        "Flags `readOnlyRootFilesystem` that are given",
        ("securityContext", "readOnlyRootFilesystem"),
        texts,
    ),
    ("run_as_user", "User ids that are given", ("securityContext", "runAsUser"), texts),
    ("run_as_group", "Group ids that are given", ("securityContext", "runAsGroup"), texts),
    ("proc_mount", "Kinds of /proc that are given", ("securityContext", "procMount"), texts),
    ("add_capabilities", "Capabilities that are added", ("securityContext", "capabilities", "add"), flat),
)
"""Of each field of containers: name, meaning, where it stands in a container, and how all become texts."""


def _reader(kind: str, keys: tuple[str, ...], how: Callable[[Found], Texts], index: int | None) -> Reader:
    def read(event: Event) -> Texts:
        values = each(event.body, (*SPEC, kind, *keys), index)
        return None if values is None else how(values)

    return read


def _effective(kind: str, key: str, index: int | None) -> Reader:
    """Return the reader of an id that a container has of its own, of its pod, or 0."""

    def read(event: Event) -> Texts:
        of_pod = shown(at(event.body, *SPEC, "securityContext", key)) or "0"
        values = each(event.body, (*SPEC, kind, "securityContext", key), index)
        present = each(event.body, (*SPEC, kind, "name"), index)
        if present is None:
            return None
        return tuple(shown(value) or of_pod for value in values or [UNSET] * len(present)) or None

    return read


def _list(name: str, doc: str, of: Callable[[int | None], Reader]) -> AnyField:
    return AnyField(name=f"ka.req.pod.{name}", type="string", doc=doc, how=of(None), indexed=of, listed=True)


def _of_containers(kind: str, whose: str) -> Iterable[AnyField]:
    for name, doc, keys, how in CONTAINERS:
        if not (kind == "ephemeralContainers" and name == "host_port"):
            yield _list(f"{kind}.{name}", f"{doc}; {whose}.", partial(_reader, kind, keys, how))
    for name, key in (("eff_run_as_user", "runAsUser"), ("eff_run_as_group", "runAsGroup")):
        doc = f"`{key}` of each container, else of the pod, else 0; {whose}."
        yield _list(f"{kind}.{name}", doc, partial(_effective, kind, key))


def _first(kind: str, how: Callable[[Found], Texts]) -> Reader:
    read = _reader("containers", (kind,), how, 0)
    return lambda event: found[0] if (found := read(event)) else None


def _any_privileged(event: Event) -> str | None:
    values = each(event.body, (*SPEC, "containers", "securityContext", "privileged"))
    return None if values is None else str(True in values).lower()


def _of_volumes(*keys: str) -> Callable[[int | None], Reader]:
    return lambda index: lambda event: texts(each(event.body, (*SPEC, "volumes", *keys), index) or ())


def _volume_types(index: int | None) -> Reader:
    def read(event: Event) -> Texts:
        volumes = [one for one in each(event.body, (*SPEC, "volumes", ""), index) or () if isinstance(one, dict)]
        return tuple(key for volume in volumes for key in volume if key != "name") or None

    return read


def _mounts(path: str) -> Reader:
    """Return the reader of whether a path of the host, or one that begins like `/etc*`, is mounted."""

    def read(event: Event) -> str | None:
        paths = each(event.body, (*SPEC, "volumes", "hostPath", "path"))
        if paths is None:
            return None
        found = texts(paths) or ()
        return str(path in found or (path[-1:] == "*" and any(p.startswith(path[:-1]) for p in found))).lower()

    return read


def _text(name: str, doc: str, *keys: str) -> AnyField:
    return AnyField(name=f"ka.req.{name}", type="string", doc=doc, how=text_of(*SPEC, *keys))


FIELDS: Final = (
    _text("pod.host_ipc", "Whether the pod uses the host's IPC namespace, as given.", "hostIPC"),
    _text("pod.host_network", "Whether the pod uses the host's network, as given.", "hostNetwork"),
    _text("pod.host_pid", "Whether the pod uses the host's PID namespace, as given.", "hostPID"),
    _text("pod.run_as_user", "User id of the pod.", "securityContext", "runAsUser"),
    _text("pod.run_as_group", "Group id of the pod.", "securityContext", "runAsGroup"),
    _text("pod.fs_group", "Group id of the pod's volumes.", "securityContext", "fsGroup"),
    AnyField(
        name="ka.req.pod.supplemental_groups",
        type="string",
        doc="Further group ids of the pod.",
        how=list_of(*SPEC, "securityContext", "supplementalGroups"),
        listed=True,
    ),
    *_of_containers("containers", "of the containers of the pod, or of container n"),
    *_of_containers("initContainers", "of its init containers"),
    *_of_containers("ephemeralContainers", "of its ephemeral containers"),
    _list("volumes.hostpath", "Paths of the host that are mounted.", _of_volumes("hostPath", "path")),
    _list("volumes.flexvolume_driver", "Drivers of flex volumes.", _of_volumes("flexVolume", "driver")),
    _list("volumes.volume_type", "Kinds of volumes: hostPath, configMap.", _volume_types),
    AnyField(
        name="ka.req.volume.hostpath",
        type="string",
        doc="Whether a path of the host is mounted, `ka.req.volume.hostpath[/etc*]`; use ka.req.pod.volumes.hostpath.",
        how=lambda _: None,
        keyed=_mounts,
        needs_index=True,
    ),
    AnyField(
        name="ka.req.container.image",
        type="string",
        doc="Image of the first container; use ka.req.pod.containers.image.",
        how=_first("image", _all_texts),
    ),
    AnyField(
        name="ka.req.container.image.repository",
        type="string",
        doc="The same without tag and digest.",
        how=_first("image", _repositories),
    ),
    AnyField(
        name="ka.req.container.privileged",
        type="string",
        doc="Whether one of the containers is privileged; use ka.req.pod.containers.privileged.",
        how=_any_privileged,
    ),
    _text("container.host_network", "The same as ka.req.pod.host_network.", "hostNetwork"),
)
