"""A registry: is it there, which repositories it has, and the repositories themselves."""

from collections.abc import Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final

from infra.oci.errors import InvalidReferenceError, UnsupportedError
from infra.oci.references import FORM
from infra.registries.client import Client
from infra.registries.errors import MalformedReplyError, MissingError, RegistryError
from infra.registries.listing import pages
from infra.registries.options import DEFAULTS, Credential, RemoteOptions
from infra.registries.repository import Repository
from infra.registries.requests import Request
from infra.registries.urls import MalformedUrlError, Url, registry_origin, with_query

if TYPE_CHECKING:
    from infra.registries.mirrored import Mirror

CATALOG: Final = frozenset({"registry:catalog:*"})


class Registry:
    """A registry, and the connections and tokens that its repositories share."""

    def __init__(self, name: str, options: RemoteOptions = DEFAULTS, client: Client | None = None) -> None:
        self.name = name
        self.options = options
        try:
            self.origin = registry_origin(name, options.plain_http)
        except MalformedUrlError as error:
            raise InvalidReferenceError(str(error), FORM) from None
        self._client = client or Client(self.origin, options, partial(_find_credential, name, options))

    def __enter__(self) -> "Registry":
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    def repository(self, name: str, mirrors: "tuple[Mirror, ...]" = ()) -> Repository:
        """Return a repository by its name, which is read from mirrors first if there are any."""
        if not mirrors:
            return Repository(self._client, self.name, name)
        from infra.registries.mirrored import MirroredRepository

        return MirroredRepository(self._client, self.name, name, mirrors)

    def ping(self) -> None:
        """Check that a registry is there and that it lets one in.

        Raises UnauthorizedError, MalformedReplyError if something else is there, and what `Client.send` does.
        """
        request = Request("GET", Url(self.origin, "/v2/"))
        try:
            self._client.send(request, {200}).close()
        except MissingError:
            raise MalformedReplyError(f"{self.name} is no registry of the distribution specification") from None

    def repositories(self, last: str = "") -> Iterator[str]:
        """Yield the names of repositories in the registry's order, those after `last`. Raises UnsupportedError."""
        url = with_query(Url(self.origin, "/v2/_catalog"), **({"last": last} if last else {}))
        try:
            for page in pages(self._client, Request("GET", url, scopes=CATALOG)):
                yield from page.repositories or ()
        except RegistryError as error:
            if error.status in (404, 405, 501):
                raise UnsupportedError(f"{self.name} does not list its repositories") from None
            raise


def _find_credential(name: str, options: RemoteOptions) -> Credential:
    from infra.registries.credentials import find_credential

    return find_credential(name, options)
