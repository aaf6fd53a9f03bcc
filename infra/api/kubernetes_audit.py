"""`POST /k8s-audit`: takes what kube-apiserver's audit webhook sends, and answers when Kafka has it.

The webhook sends a batch again that was answered with an error of the server, so nothing is lost while Kafka is away,
and what comes twice has the same ids.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from producers.audit import KUBERNETES, NotAnAuditLogError, events_in, publish
from producers.publisher import Publisher, PublishError, TooLargeError
from schemas.codec import UnencodableError
from schemas.registry import RefusedSchemaError, RegistryUnavailableError

PATH: Final = "/k8s-audit"
MAX_BYTES: Final = 16 << 20
"""Of one batch; kube-apiserver cuts its own at 10 MiB."""
DELIVERY_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 10.0
RETRY: Final = {"Retry-After": "5"}


class Answer(msgspec.Struct, frozen=True):
    """What is said to who sent a batch."""

    status: int
    said: dict[str, Any]


class KubernetesAudit:
    """Takes batches one after another, in a thread of its own: whoever waits for Kafka keeps nobody else waiting."""

    def __init__(self, publisher: Callable[[], Publisher]) -> None:
        """Take what makes the publisher, which is made when the first batch comes."""
        self._make = publisher
        self._publisher: Publisher | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="k8s-audit")

    def routes(self) -> list[Route]:
        """Return the routes that are served."""
        return [Route(PATH, self.post, methods=["POST"])]

    async def post(self, request: Request) -> Response:
        """Answer a batch: 200 when Kafka has it, 503 while it has not."""
        if "json" not in request.headers.get("content-type", ""):
            return _response(_refused(415, "Send application/json, as kube-apiserver does"))
        body = await _body(request)
        if body is None:
            return _response(_refused(413, f"More than {MAX_BYTES:,} bytes; let the webhook send smaller batches"))
        cluster = request.query_params.get("cluster", "")
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._take, body, cluster)
        try:
            return _response(await asyncio.wait_for(asyncio.shield(work), ANSWER_SECONDS))
        except TimeoutError:
            return _response(_refused(503, "Kafka has not taken this yet"))

    def _take(self, body: bytes, cluster: str) -> Answer:
        """Publish a batch and wait for Kafka."""
        try:
            events = list(events_in(body, node=cluster))
            if any(event.source != KUBERNETES for event in events):
                return _refused(400, "These are no audit events of Kubernetes: deedlog events import FILE takes others")
            if self._publisher is None:
                self._publisher = self._make()
            # While what came before waits, nothing is added to it: the sender keeps its batches, and sends them again.
            if self._publisher.flush(DELIVERY_SECONDS):
                return _refused(503, "Kafka does not answer")
            for event in events:
                publish(self._publisher, event)
            if self._publisher.flush(DELIVERY_SECONDS):
                return _refused(503, "Kafka has not taken this yet")
        except NotAnAuditLogError as error:
            return _refused(400, f"No audit event: {error}")
        except (TooLargeError, UnencodableError) as error:
            return _refused(413, str(error))
        except (PublishError, RegistryUnavailableError, RefusedSchemaError) as error:
            return _refused(503, str(error))
        return Answer(200, {"events": len(events)})


async def _body(request: Request) -> bytes | None:
    """Return the body, None if it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _refused(status: int, message: str) -> Answer:
    return Answer(status, {"error_code": status, "message": message})


def _response(answer: Answer) -> Response:
    headers = RETRY if answer.status == 503 else None
    return Response(msgspec.json.encode(answer.said), answer.status, headers, "application/json")
