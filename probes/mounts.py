"""What of the host is mounted into a container, from what runtimes keep of it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from schemas.types.syscalls import Mount

PROPAGATIONS: Final = ("private", "rprivate", "shared", "rshared", "slave", "rslave")


def of_oci(config: dict[str, Any], identity: str) -> tuple[Mount, ...]:
    """Return the bind mounts of an OCI runtime configuration (config.json, `mounts`).

    Files that the runtime makes for the container itself, such as its hosts file, lie in a folder named by its id.
    """
    found = (entry for entry in config.get("mounts") or () if _is_bind(entry))
    return tuple(
        _mount(entry["source"], entry["destination"], entry.get("options") or ())
        for entry in found
        if identity not in entry["source"]
    )


def of_docker(config: dict[str, Any]) -> tuple[Mount, ...]:
    """Return the mounts of Docker's config.v2.json (`MountPoints`)."""
    return tuple(
        Mount(
            source=point.get("Source") or "",
            dest=point["Destination"],
            mode=point.get("Mode") or "",
            rdwr=bool(point.get("RW", True)),
            propagation=point.get("Propagation") or "",
        )
        for point in (config.get("MountPoints") or {}).values()
    )


def of_runc(config: dict[str, Any]) -> tuple[Mount, ...]:
    """Return the bind mounts of runc's state.json (`config.mounts`), where flags are those of mount(2)."""
    return tuple(
        Mount(source=entry["source"], dest=entry["destination"], rdwr=not entry.get("flags", 0) & MS_RDONLY)
        for entry in config.get("mounts") or ()
        if entry.get("device") == "bind" and str(entry.get("source", "")).startswith("/")
    )


MS_RDONLY: Final = 1


def _is_bind(entry: dict[str, Any]) -> bool:
    options: Iterable[str] = entry.get("options") or ()
    bound = entry.get("type") == "bind" or "bind" in options or "rbind" in options
    return bound and str(entry.get("source", "")).startswith("/")


def _mount(source: str, dest: str, options: Sequence[str]) -> Mount:
    propagation = next((option for option in options if option in PROPAGATIONS), "")
    mode = ",".join(option for option in options if option not in PROPAGATIONS)
    return Mount(source=source, dest=dest, mode=mode, rdwr="ro" not in options, propagation=propagation)
