"""Requests of one registry: authorized, repeated if they may be, followed to where they lead.

What is secret is for the registry's own origin only: another origin gets neither Authorization nor headers of the
person, nor the client certificate.
"""

import threading
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from infra.registries.dialling import Dialler
from infra.registries.errors import MOST_BODY, BrokenConnectionError, MalformedReplyError, RegistryError, refusal
from infra.registries.notices import Notices
from infra.registries.options import Credential, RemoteOptions
from infra.registries.persisting import persistently
from infra.registries.pool import Pool
from infra.registries.replies import Reply
from infra.registries.requests import Request, parse_headers, with_headers
from infra.registries.retrying import Sleep, pause
from infra.registries.transport import Exchange, Transport
from infra.registries.urls import MalformedUrlError, Origin, follow
from infra.registries.versions import USER_AGENT

if TYPE_CHECKING:
    from infra.registries.authorizing import Authorizer

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS: Final = 10
FOLLOWED: Final = frozenset({"GET", "HEAD"})


class Client:
    """Asks one registry; safe to use from several threads."""

    def __init__(
        self,
        origin: Origin,
        options: RemoteOptions,
        credential: Callable[[], Credential],
        sleep: Sleep = time.sleep,
    ) -> None:
        self.origin = origin
        self.options = options
        self._sleep = sleep
        self._pool = Pool(Dialler(options, origin))
        transport: Exchange = Transport(self._pool)
        self._own_headers = parse_headers(options.headers)
        if options.debug is not None:
            from infra.registries.debugging import logged

            transport = logged(transport, options.debug, self._own_headers)
        self._exchange = transport
        self._credential = credential
        self._authorizer: Authorizer | None = None
        self._lock = threading.Lock()
        self._notices = Notices(options.warn)
        self._agent = {"User-Agent": USER_AGENT}

    def send(self, request: Request, expected: Collection[int]) -> Reply:
        """Return a reply with one of the statuses that are expected.

        Raises RegistryError with what the registry says, UnreachableError, BrokenConnectionError, MalformedReplyError.
        """
        reply = persistently(self._follow, request, self.options.attempts, self._sleep)
        if reply.status in expected:
            return reply
        with reply:
            error = refusal(request.method, request.url, reply.status, self._complaint(reply))
            error.retry_after = reply.get("retry-after")
            raise error

    def close(self) -> None:
        """End all connections that nobody uses."""
        self._pool.close()

    def pause(self, attempt: int, error: Exception | None = None) -> None:
        """Wait before the next attempt of something that failed so."""
        self._sleep(pause(attempt, error.retry_after if isinstance(error, RegistryError) else ""))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    def _follow(self, request: Request) -> Reply:
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._authorized(request)
            if reply.status not in REDIRECTS or request.method not in FOLLOWED or not reply.get("location"):
                return reply
            reply.close()
            request = self._led(request, reply.get("location"))
        raise MalformedReplyError(f"{self.origin.authority} leads to more than {MOST_REDIRECTS} places")

    def _led(self, request: Request, location: str) -> Request:
        try:
            return msgspec.structs.replace(request, url=follow(request.url, location))
        except MalformedUrlError:
            raise MalformedReplyError(f"{request.url.origin.authority} leads to what is no URL") from None

    def _authorized(self, request: Request) -> Reply:
        request = with_headers(request, self._agent)
        if request.url.origin != self.origin:
            return self._exchange(request)
        own = with_headers(request, self._own_headers)
        if any(name.lower() == "authorization" for name in own.headers):
            return self._noticed(self._exchange(own))
        sent = self._authorizer.authorization(request.scopes) if self._authorizer is not None else ""
        reply = self._noticed(self._exchange(with_headers(own, {"Authorization": sent} if sent else {})))
        if reply.status != 401:
            return reply
        return self._again(own, reply, sent)

    def _again(self, own: Request, refused: Reply, sent: str) -> Reply:
        """Answer a challenge once; if there is no answer, the refusal is the reply."""
        try:
            answer = self._challenged().answer(refused.get("www-authenticate"), own.scopes, sent)
        except BaseException:
            refused.close()
            raise
        if not answer:
            return refused
        refused.close()
        return self._noticed(self._exchange(with_headers(own, {"Authorization": answer})))

    def _challenged(self) -> "Authorizer":
        """Return what answers challenges; most registries on loopback never ask."""
        from infra.registries.authorizing import Authorizer

        with self._lock:
            if self._authorizer is None:
                # It knows nothing of this client, so that both end when nobody holds the client any more.
                obtain = partial(_exchange, self._exchange, self._agent, self.options.attempts, self._sleep)
                self._authorizer = Authorizer(self.origin, self._credential, obtain)
            return self._authorizer

    def _noticed(self, reply: Reply) -> Reply:
        if warning := reply.get("warning"):
            self._notices.take(warning)
        return reply

    def _complaint(self, reply: Reply) -> bytes:
        try:
            return reply.read_most(MOST_BODY)
        except (BrokenConnectionError, MalformedReplyError):
            return b""


def _exchange(exchange: Exchange, agent: dict[str, str], attempts: int, sleep: Sleep, request: Request) -> Reply:
    return persistently(exchange, with_headers(request, agent), attempts, sleep)
