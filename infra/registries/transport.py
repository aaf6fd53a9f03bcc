"""One request, one reply: on a kept connection if there is one, else on a new one."""

from functools import partial
from typing import Protocol

from infra.registries.bodies import Sending
from infra.registries.channels import Channel
from infra.registries.errors import BrokenConnectionError
from infra.registries.pool import Pool
from infra.registries.replies import Reply
from infra.registries.requests import Request, written


class Exchange(Protocol):
    """Sends a request and returns the reply, whatever its status."""

    def __call__(self, request: Request) -> Reply:
        """Raise UnreachableError, BrokenConnectionError, MalformedReplyError, MismatchError."""


class Transport:
    """Sends requests as they are; follows nothing, repeats only what the server cannot have seen."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __call__(self, request: Request) -> Reply:
        """Return the reply to a request. Raises what `Exchange` does."""
        if (kept := self._pool.kept(request.url.origin)) is not None:
            try:
                return self._exchange(request, kept)
            except BrokenConnectionError as error:
                # A server may end an idle connection at any time; then it has not seen the request.
                # An upload that is gone on with asks first how far it came.
                if not kept.unanswered or request.method == "PATCH":
                    raise BrokenConnectionError(f"{request.url.origin.authority}: {error}") from None
        try:
            return self._exchange(request, self._pool.new(request.url.origin))
        except BrokenConnectionError as error:
            raise BrokenConnectionError(f"{request.url.origin.authority}: {error}") from None

    def _exchange(self, request: Request, channel: Channel) -> Reply:
        sending = Sending(request.body) if request.body is not None else None
        channel.begin()
        try:
            whole = self._send(channel, written(request, channel.proxy_authorization), sending)
            release = partial(self._pool.give_back, request.url.origin, channel)
            reply = Reply(channel, request.method, whole, release)
        except BaseException:
            channel.close()
            if sending is not None:
                sending.take_back()
            raise
        if sending is not None and reply.status >= 300:
            sending.take_back()
        return reply

    def _send(self, channel: Channel, head: bytes, sending: Sending | None) -> bool:
        """Return whether all was sent; a server that refuses a body often answers and hangs up before its end."""
        try:
            if sending is not None:
                return sending.run(channel, head)
            channel.send(head)
        except BrokenConnectionError:
            if not channel.answers_yet:
                raise
            return False
        return True
