"""Keeps pages in a browser on this machine from using the API behind the back of who looks at them.

The API listens on loopback and asks for no password, so any page could send requests to it: to its address, which
the browser then marks with the page's origin, or to a name of the page's own that suddenly means 127.0.0.1.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.api.answers import answer

LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")


class LocalOnly:
    """Refuses requests to other names than those of loopback, and from pages that are not its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and (why := refusal(Headers(scope=scope))):
            await answer({"error_code": 403, "message": why}, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def refusal(headers: Headers) -> str:
    """Return why a request with these headers is refused; nothing if it is served."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if host.rpartition(":")[0] not in LOCAL and host not in LOCAL:
        return f"This is not {host}: use http://127.0.0.1"
    if origin is not None and origin != f"http://{host}":
        return f"Pages of {origin} may not use this"
    return ""
