"""A registry served from this process, on a topic of its own."""

import http.client
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import uvicorn
from confluent_kafka.admin import AdminClient, NewTopic

from infra.api.app import build
from infra.api.registry.log import SchemaLog
from infra.services.api import listen

SECONDS = 30


class Server:
    """A registry that listens, with its log."""

    def __init__(self, log: SchemaLog, port: int) -> None:
        self.log = log
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and JSON of the answer to a request; a body that is no bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        text = response.read()
        self.content_type = response.getheader("content-type", "")
        connection.close()
        return response.status, json.loads(text) if "json" in self.content_type else text.decode()

    def register(self, subject: str, schema: Any, query: str = "") -> tuple[int, Any]:
        """Register a schema."""
        return self.call("POST", f"/subjects/{quote(subject, safe='')}/versions{query}", {"schema": json.dumps(schema)})


def make_schemas_topic(bootstrap_servers: str) -> str:
    """Create a topic such as `_schemas`, and return its name."""
    name = f"_schemas-{uuid.uuid4()}"
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    admin.create_topics([NewTopic(name, 1, 1, config={"cleanup.policy": "compact"})])[name].result(SECONDS)
    return name


@contextmanager
def serving(bootstrap_servers: str, topic: str) -> Iterator[Server]:
    """Serve the registry that is kept in this topic."""
    log = SchemaLog(bootstrap_servers, topic)
    listener = listen(0)
    app = build(log, lambda: "" if log.complete else "reading")
    config = uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    port = listener.getsockname()[1]
    thread.start()
    try:
        assert log.wait_complete(SECONDS)
        wait_until(lambda: server.started)
        yield Server(log, port)
    finally:
        server.should_exit = True
        thread.join()
        log.close()


def wait_until(holds: Any) -> None:
    """Wait until something holds."""
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
