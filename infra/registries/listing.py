"""Lists of names that come in pages: tags and repositories.

Source: OCI distribution-spec 1.1, section Listing Tags; distribution's API, section Catalog.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from infra.registries.client import Client
from infra.registries.errors import MalformedReplyError
from infra.registries.links import Pages
from infra.registries.requests import Request

MOST_PAGE: Final = 16 << 20


class Page(msgspec.Struct):
    """A page of names."""

    repositories: list[str] | None = None
    tags: list[str] | None = None


def pages(client: Client, request: Request) -> Iterator[Page]:
    """Yield the pages of a list of names. Raises MalformedReplyError, and what `Client.send` does."""
    following_pages = Pages(request.url)
    while True:
        with client.send(request, {200}) as reply:
            body = reply.read_most(MOST_PAGE)
            url = following_pages.next(request.url, reply.get("link"))
        yield _page(request, body)
        if url is None:
            return
        request = msgspec.structs.replace(request, url=url)


def _page(request: Request, body: bytes) -> Any:
    try:
        return msgspec.json.decode(body, type=Page)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = f"{request.url.origin.authority} answers {request.url.target.partition('?')[0]} with no list: {error}"
        raise MalformedReplyError(what) from None


def in_order(names: list[str]) -> list[str]:
    """Return the names of a page in order: the registry's, if it has one."""
    ordered = sorted(names)
    return names if names == ordered or names == sorted(names, key=str.lower) else ordered
