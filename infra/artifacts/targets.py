"""From what specs name, `registry/repository` or `oci-layout:PATH`, to targets."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from infra.oci.layout import Layout
from infra.oci.layouts import open_layout
from infra.oci.target import ReadOnlyTarget, Target
from infra.registries.connecting import connect_registry
from infra.registries.options import RemoteOptions
from infra.registries.registry import Registry
from streams.artifacts.places import LAYOUT, parted


class Access(Protocol):
    """How a registry is reached, as it is on the wire; all kinds have the same."""

    @property
    def registry(self) -> str:
        """Return its name."""

    @property
    def plain_http(self) -> bool:
        """Return whether it speaks HTTP without TLS."""

    @property
    def ca_file(self) -> str:
        """Return the file of its certificates, empty for none."""

    @property
    def config(self) -> str:
        """Return the file of credentials, empty for the usual one."""


class Targets:
    """Opens targets; those of one registry that is reached in one way share its connections."""

    def __init__(self) -> None:
        self._registries: dict[tuple[str, RemoteOptions], Registry] = {}
        self._lock = threading.Lock()

    def read(self, place: str, access: Iterable[Access]) -> ReadOnlyTarget:
        """Return a target to read from. Raises OciError."""
        if place.startswith(LAYOUT):
            return open_layout(Path(place.removeprefix(LAYOUT)))
        return self._repository(place, access)

    def write(self, place: str, access: Iterable[Access]) -> Target:
        """Return a target to write to; an image layout is made if it is not there. Raises OciError."""
        if place.startswith(LAYOUT):
            return Layout(Path(place.removeprefix(LAYOUT)))
        return self._repository(place, access)

    def close(self) -> None:
        """End all connections."""
        with self._lock:
            for registry in self._registries.values():
                registry.close()
            self._registries.clear()

    def forget(self) -> None:
        """Begin anew with the next target, for credentials may be others now; what is open stays usable."""
        with self._lock:
            self._registries.clear()

    def _repository(self, place: str, access: Iterable[Access]) -> Target:
        name, repository = parted(place)
        options = options_of(name, access)
        with self._lock:
            registry = self._registries.get((name, options))
            if registry is None:
                registry = self._registries[name, options] = connect_registry(name, options)
        return registry.repository(repository)


def options_of(registry: str, access: Iterable[Access]) -> RemoteOptions:
    """Return how a registry is to be reached."""
    said = next((one for one in access if one.registry == registry), None)
    if said is None:
        return RemoteOptions()
    return RemoteOptions(
        plain_http=True if said.plain_http else None,
        ca_file=Path(said.ca_file) if said.ca_file else None,
        registry_configs=(Path(said.config),) if said.config else (),
    )
