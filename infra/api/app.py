"""The HTTP application: the schema registry, a way in for audit events, and whether all is well."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.api.answers import answer
from infra.api.kubernetes_audit import KubernetesAudit
from infra.api.local_only import LocalOnly
from infra.api.registry.errors import RefusedError
from infra.api.registry.log import SchemaLog
from infra.api.registry.routes import RegistryRoutes


class EncodedConvertor(Convertor[str]):
    """One percent-encoded segment of a path, which may stand for something with slashes."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """Return the text behind the segment."""
        return unquote(value)

    def to_string(self, value: str) -> str:
        """Return the segment for a text."""
        raise NotImplementedError


register_url_convertor("encoded", EncodedConvertor())


class EncodedPaths:
    """Leaves paths as they were sent: the server decodes them, and `a%2Fb` and `a/b` would be the same."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope.get("raw_path"):
            scope = {**scope, "path": scope["raw_path"].partition(b"?")[0].decode("latin-1")}
        await self._app(scope, receive, send)


def build(log: SchemaLog | None, ready: Callable[[], str], audit: KubernetesAudit | None = None) -> ASGIApp:
    """Return the application; without a log it serves no registry, and without `audit` it takes no audit events.

    `ready()` says what is missing, or nothing.
    """

    async def readyz(_request: Request) -> Response:
        missing = ready()
        return PlainTextResponse(missing or "ready", 503 if missing else 200)

    routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/", root)]
    routes += audit.routes() if audit is not None else []
    routes += RegistryRoutes(log).routes() if log is not None else []
    handlers: Any = {RefusedError: refused, HTTPException: not_served, Exception: failed}
    return LocalOnly(EncodedPaths(Starlette(routes=routes, exception_handlers=handlers)))


async def healthz(_request: Request) -> Response:
    """Say that this process answers."""
    return PlainTextResponse("ok")


async def root(_request: Request) -> Response:
    """Answer clients that look whether a registry is here."""
    return answer({})


async def refused(_request: Request, error: Exception) -> Response:
    """Answer a request that the registry does not carry out."""
    assert isinstance(error, RefusedError)
    return answer({"error_code": error.code, "message": error.message}, error.status)


async def not_served(_request: Request, error: Exception) -> Response:
    """Answer a path or method that is not there."""
    assert isinstance(error, HTTPException)
    return answer(
        {"error_code": error.status_code, "message": f"HTTP {error.status_code} {error.detail}"}, error.status_code
    )


async def failed(_request: Request, error: Exception) -> Response:
    """Answer a request on which the registry itself failed."""
    return answer({"error_code": 50001, "message": f"Internal error: {type(error).__name__}"}, 500)
