"""A repository with mirrors: read from the first that has what is asked for, written where it belongs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

import msgspec

from infra.oci.descriptors import Descriptor
from infra.oci.digests import is_digest
from infra.oci.errors import OciError
from infra.oci.target import Readable
from infra.registries.client import Client
from infra.registries.options import RemoteOptions
from infra.registries.registries_conf import Source
from infra.registries.repository import Repository

T = TypeVar("T")
Mirror = tuple[Source, Repository]


class MirroredRepository(Repository):
    """Reads manifests and blobs from mirrors, if they have them; all else is asked of the repository itself."""

    def __init__(self, client: Client, registry: str, name: str, mirrors: tuple[Mirror, ...]) -> None:
        super().__init__(client, registry, name)
        self._mirrors = mirrors

    def close(self) -> None:
        """End all connections."""
        for _, mirror in self._mirrors:
            mirror.close()
        super().close()

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest of a manifest means. Raises what the repository itself does."""
        own = super().resolve
        return self._first(is_digest(reference), lambda one: one.resolve(reference), lambda: own(reference))

    def get(self, reference: str) -> tuple[Descriptor, bytes]:
        """Return a manifest by tag or digest, verified. Raises what the repository itself does."""
        own = super().get
        return self._first(is_digest(reference), lambda one: one.get(reference), lambda: own(reference))

    def fetch(self, descriptor: Descriptor, start: int = 0) -> AbstractContextManager[Readable]:
        """Read content from a byte on. Raises what the repository itself does."""
        own = super().fetch
        return self._first(None, lambda one: one.fetch(descriptor, start), lambda: own(descriptor, start))

    def _first(self, by_digest: bool | None, ask: Callable[[Repository], T], own: Callable[[], T]) -> T:
        """Return the first answer that is none of an error; what was resolved by tag is then fetched by digest."""
        for source, mirror in self._mirrors:
            if by_digest is None or source.serves(by_digest):
                try:
                    return ask(mirror)
                except OciError:
                    continue
        return own()


def options_for(options: RemoteOptions, source: Source) -> RemoteOptions:
    """Return options for a place that may be insecure; flags that were given count more.

    `insecure` of registries.conf allows both plain HTTP and any certificate: which it is has to be tried.
    """
    if not source.insecure:
        return options
    plain = options.plain_http
    if plain is None:
        plain = not speaks_tls(source.reference.registry, options)
    return msgspec.structs.replace(options, insecure=True, plain_http=plain)


def speaks_tls(registry: str, options: RemoteOptions) -> bool:
    """Say whether a registry speaks TLS, whatever its certificate; also if it cannot be reached."""
    from infra.registries.dialling import Dialler
    from infra.registries.errors import HANDSHAKE, UnreachableError
    from infra.registries.urls import registry_origin

    origin = registry_origin(registry, plain_http=False)
    try:
        Dialler(msgspec.structs.replace(options, insecure=True), origin).dial(origin).close()
    except UnreachableError as error:
        return HANDSHAKE not in str(error)
    return True
