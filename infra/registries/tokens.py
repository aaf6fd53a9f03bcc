"""Obtains bearer tokens: anonymously, with name and password, or with an identity token.

Sources: distribution token specification (spec/auth/token.md, spec/auth/oauth.md); RFC 6750 section 2.1.
"""

import time
from base64 import b64encode
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from infra.registries.bodies import bytes_body
from infra.registries.errors import MalformedReplyError, RegistryError, UnauthorizedError, refusal
from infra.registries.options import Credential
from infra.registries.replies import Reply
from infra.registries.requests import Request
from infra.registries.scopes import Scopes
from infra.registries.transport import Exchange
from infra.registries.urls import MalformedUrlError, Origin, Url, parse_url, with_query

CLIENT_ID: Final = "deedlog"
LEAST_LIFE: Final = 60.0
"""Seconds that a token lives if its server does not say."""
LEEWAY: Final = 10.0
"""Seconds before its end in which a token is not used any more: a request takes its time."""
MOST_ANSWER: Final = 1 << 20
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Realm(msgspec.Struct, frozen=True):
    """Where tokens are obtained, and for which service."""

    url: Url
    service: str


class Token(msgspec.Struct, frozen=True):
    """A bearer token; never shows itself."""

    value: str
    until: float
    """By the monotonic clock."""

    def __repr__(self) -> str:
        """Return nothing of it."""
        return "Token(*****)"


class _Answer(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: float = 0


def parse_realm(realm: str, service: str, registry: Origin, secret: bool) -> Realm:
    """Return where tokens are obtained. Raises MalformedReplyError if that would give a secret away.

    A registry with TLS that names a realm without is broken or forged.
    """
    try:
        url = parse_url(realm)
    except MalformedUrlError:
        raise MalformedReplyError(f"{registry.authority} names {realm[:200]!r} for tokens, which is no URL") from None
    open_to_all = registry.scheme == "https" and url.origin.scheme == "http" and url.origin.host not in LOOPBACK
    if secret and open_to_all:
        what = f"{registry.authority} wants passwords to be sent to {url.origin} without encryption"
        raise MalformedReplyError(what, "tell who runs it; without credentials it can be asked anonymously")
    return Realm(url, service)


def obtain(exchange: Exchange, realm: Realm, scopes: Scopes, credential: Credential) -> Token:
    """Return a new token. Raises UnauthorizedError, RegistryError, MalformedReplyError, and what the exchange does."""
    if credential.identity_token:
        return _take(exchange, _exchange_request(realm, scopes, credential))
    try:
        return _take(exchange, _get_request(realm, scopes, credential))
    except RegistryError as error:
        if error.status not in (404, 405) or not credential:
            raise
    return _take(exchange, _exchange_request(realm, scopes, credential))


def _get_request(realm: Realm, scopes: Scopes, credential: Credential) -> Request:
    pairs = [("service", realm.service)] if realm.service else []
    pairs += [("scope", scope) for scope in sorted(scopes)]
    pairs += [("account", credential.username)] if credential.username else []
    query = urlencode(pairs, safe=":/,")
    mark = "&" if "?" in realm.url.target else "?"
    url = Url(realm.url.origin, f"{realm.url.target}{mark}{query}") if query else with_query(realm.url)
    headers = {"Authorization": basic(credential)} if credential.username else {}
    return Request("GET", url, {"Accept": "application/json", **headers})


def _exchange_request(realm: Realm, scopes: Scopes, credential: Credential) -> Request:
    form = {"service": realm.service, "client_id": CLIENT_ID, "scope": " ".join(sorted(scopes))}
    if credential.identity_token:
        form |= {"grant_type": "refresh_token", "refresh_token": credential.identity_token}
    else:
        form |= {"grant_type": "password", "username": credential.username, "password": credential.password}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return Request("POST", realm.url, headers, bytes_body(urlencode(form).encode()))


def basic(credential: Credential) -> str:
    """Return the Authorization of name and password (RFC 7617)."""
    pair = f"{credential.username}:{credential.password}".encode()
    return f"Basic {b64encode(pair).decode()}"


def _take(exchange: Exchange, request: Request) -> Token:
    with exchange(request) as reply:
        if reply.status != 200:
            raise _refused(request, reply)
        body = reply.read_most(MOST_ANSWER)
    answer = parse_answer(body)
    value = answer.token or answer.access_token
    if not value or not value.isascii() or not value.isprintable():
        raise MalformedReplyError(f"{request.url.origin.authority} answers without a token")
    return Token(value, time.monotonic() + max(answer.expires_in, LEAST_LIFE) - LEEWAY)


def parse_answer(body: bytes) -> Any:
    """Return what a token server answered. Raises MalformedReplyError, which holds nothing of it."""
    try:
        return msgspec.json.decode(body, type=_Answer, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedReplyError("the token server answers something else than a token") from None


def _refused(request: Request, reply: Reply) -> RegistryError:
    error = refusal(request.method, request.url, reply.status, reply.read_most(8 << 10))
    if error.status == 401:
        fix = "are name and password right? log in again: deedlog artifact login <registry>"
        return UnauthorizedError(request.method, request.url, 401, error.complaints, fix)
    return error
