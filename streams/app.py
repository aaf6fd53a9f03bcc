"""The Faust app of the worker: an agent that judges events, and one that writes alerts to outputs.

Faust commits an offset when its event is acknowledged. It does so by itself when an agent's loop goes on, but also
when the agent is cancelled or fails in the middle of an event, which would lose it. So events are acknowledged by
hand, after Kafka has taken all that followed from them.
"""

import asyncio
import logging
from pathlib import Path
from typing import Any, Final, Protocol

import faust

from schemas.codec import Codec
from schemas.topics import ALERTS, Topic
from streams.backlog import Backlog
from streams.judges import TOPICS
from streams.judging import Delivery, Detection, StoppedError
from streams.message import Message

APP_ID: Final = "deedlog-worker"
POLLED_MESSAGES: Final = 64


class App(faust.App):  # type: ignore[misc]
    """A Faust app whose queues are bounded in bytes."""

    logger = logging.getLogger("faust.app")

    def FlowControlQueue(self, maxsize: int | None = None, *, clear_on_resume: bool = False) -> Backlog:  # noqa: ARG002, N802
        """Return a queue between the consumer and an agent."""
        return Backlog(flow_control=self.flow_control, clear_on_resume=clear_on_resume)


class Handler(Protocol):
    """Something that handles messages, one at a time, and may block while it does."""

    failure: Exception | None

    def handle(self, message: Message) -> None:
        """Handle a message; raise StoppedError if it is not done because the worker stops."""


def build(
    bootstrap_servers: str, detection: Detection, delivery: Delivery, codec: Codec, *, folder: Path, instance: str = ""
) -> faust.App:
    """Return the app, not started.

    `folder` is Faust's own, for what it insists on writing. `instance` names this worker within its group for good:
    one that is killed and starts again then gets its partitions back without waiting for its session to time out.
    """
    app = App(APP_ID, **_settings(bootstrap_servers, folder, instance))

    @app.agent(_channel(app, *TOPICS), name="detection")  # type: ignore[untyped-decorator]
    async def detect(stream: Any) -> None:
        async for event in stream.noack().events():
            await handled(event, detection, codec)

    @app.agent(_channel(app, ALERTS), name="outputs")  # type: ignore[untyped-decorator]
    async def deliver(stream: Any) -> None:
        async for event in stream.noack().events():
            await handled(event, delivery, codec)

    return app


async def handled(event: Any, handler: Handler, codec: Codec) -> None:
    """Let the handler work in a thread, and acknowledge the event when it is done."""
    try:
        await asyncio.to_thread(handler.handle, message_of(event, codec))
    except StoppedError:
        return
    except Exception as error:
        handler.failure = error
        raise
    event.ack()


def message_of(event: Any, codec: Codec) -> Message:
    """Return a Faust event as one of our messages."""
    message = event.message
    headers = message.headers or ()
    return Message(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ms=int(message.timestamp * 1000) if message.timestamp is not None else -1,
        key=message.key,
        headers=tuple(headers.items() if isinstance(headers, dict) else headers),
        value=message.value,
        codec=codec,
    )


def _channel(app: faust.App, *topics: Topic) -> Any:
    return app.topic(
        *(topic.name for topic in topics),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )


def _settings(bootstrap_servers: str, folder: Path, instance: str) -> dict[str, Any]:
    return {
        "broker": [f"kafka://{server}" for server in bootstrap_servers.split(",")],
        "processing_guarantee": "at_least_once",
        "broker_session_timeout": 6.0,
        "broker_heartbeat_interval": 2.0,
        "broker_commit_interval": 0.2,
        "broker_max_poll_records": POLLED_MESSAGES,
        "consumer_max_fetch_size": max(topic.max_message_bytes for topic in (*TOPICS, ALERTS)) * 2,
        "consumer_group_instance_id": instance or None,
        "stream_wait_empty": False,
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "store": "memory://",
        "datadir": folder,
        "web_enabled": False,
    }
