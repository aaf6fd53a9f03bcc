"""Sends a request until it is through: failures that may be over soon are no answer yet."""

from infra.registries.errors import BrokenConnectionError
from infra.registries.replies import Reply
from infra.registries.requests import Request
from infra.registries.retrying import PASSING, Sleep, pause
from infra.registries.transport import Exchange


def persistently(exchange: Exchange, request: Request, attempts: int, sleep: Sleep) -> Reply:
    """Return the reply to a request that may be repeated, or the last failure. Raises what the exchange raises."""
    attempt = 0
    while True:
        last = attempt + 1 >= attempts or not request.repeatable
        reply = _tried(exchange, request, last)
        if reply is not None and (last or reply.status not in PASSING):
            return reply
        if reply is not None:
            reply.close()
        sleep(pause(attempt, reply.get("retry-after") if reply is not None else ""))
        attempt += 1


def _tried(exchange: Exchange, request: Request, last: bool) -> Reply | None:
    try:
        return exchange(request)
    except BrokenConnectionError:
        if last:
            raise
        return None
