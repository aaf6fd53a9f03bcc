"""What is asked of a server, and how it is written on the wire.

Source: RFC 9112 sections 2.1, 3 and 5.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from infra.oci.errors import InvalidReferenceError
from infra.registries.bodies import Body
from infra.registries.urls import Url

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""RFC 9110 section 9.2.2."""
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
UNSAFE: Final = re.compile(r"[^\x21-\x7e]")
"""What would end the target of a request."""
NONE: Final[frozenset[str]] = frozenset()


class Request(msgspec.Struct, frozen=True):
    """A request of a registry, without what makes it authorized."""

    method: str
    url: Url
    headers: dict[str, str] = {}
    body: Body | None = None
    scopes: frozenset[str] = NONE
    """What a bearer token must allow, as `repository:name:pull,push`."""
    once: bool = False
    """Whether it must not be sent again after a failure; who asks does so himself."""

    @property
    def repeatable(self) -> bool:
        """Say whether it may be sent again after a failure."""
        return not self.once and self.method in IDEMPOTENT


def with_headers(request: Request, more: dict[str, str]) -> Request:
    """Return a request with more headers; those given last count."""
    return msgspec.structs.replace(request, headers={**request.headers, **more}) if more else request


def written(request: Request, proxy_authorization: str | None = None) -> bytes:
    """Return the head of a request as it is sent; to proxies it is sent with all of its URL, and who one is to them.

    Raises InvalidReferenceError for what would be read as more than one header or request; it holds nothing secret.
    """
    for name, value in request.headers.items():
        if not NAME.fullmatch(name) or not VALUE.fullmatch(value):
            raise InvalidReferenceError(f"the header {name[:40]!r} cannot be sent: it has line breaks or the like")
    if UNSAFE.search(request.url.target):
        raise InvalidReferenceError(f"{str(request.url)!r} cannot be asked for")
    target = request.url.target if proxy_authorization is None else request.url.full
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {request.url.origin.authority}"]
    if proxy_authorization:
        lines.append(f"Proxy-Authorization: {proxy_authorization}")
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body is not None or request.method in WITH_BODY:
        lines.append(f"Content-Length: {request.body.length if request.body else 0}")
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")


def parse_headers(texts: Iterable[str]) -> dict[str, str]:
    """Return headers that a person gave as `Name: value`. Raises InvalidReferenceError, without the value."""
    found: dict[str, str] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or not NAME.fullmatch(name.strip()) or not VALUE.fullmatch(value):
            raise InvalidReferenceError(
                f"{name.strip()[:40]!r} begins no good header", "a header looks like 'Name: value'"
            )
        found[name.strip()] = value.strip()
    return found
