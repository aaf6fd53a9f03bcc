"""Speaks QMP with a storage daemon, in blocking calls with time-outs.

`qemu.qmp` does the protocol; its asyncio loop runs only while a call does. A monitor serves one client at a time: the
next one waits for its greeting until the first has left. Source: QEMU's docs/interop/qmp-spec.rst.
"""

import asyncio
import logging
import os
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from qemu.qmp import ExecuteError, QMPClient, QMPError

from infra.volumes.errors import EngineError

GREETING_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 5.0
# What it logs, it raises too.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)


class RefusedError(EngineError):
    """The storage daemon answered a command with an error."""


class Monitor:
    """A conversation with one storage daemon; a context manager."""

    def __init__(self, path: Path) -> None:
        """Connect to the daemon's socket. Raises EngineError."""
        self._name = f"{path.parent.parent.name}/{path.parent.name}/{path.stem}"
        self._loop = asyncio.new_event_loop()
        self._client = QMPClient(self._name)
        try:
            self._run(_connect(self._client, path), GREETING_SECONDS, "a greeting")
        except BaseException:
            self._loop.close()
            raise

    def execute(self, command: str, arguments: dict[str, Any] | None = None, seconds: float = ANSWER_SECONDS) -> Any:
        """Return the answer to a command. Raises RefusedError, and EngineError if none comes in time."""
        return self._run(self._client.execute(command, arguments), seconds, command)

    def close(self) -> None:
        """End the conversation."""
        with suppress(EngineError):
            self._run(self._client.disconnect(), ANSWER_SECONDS, "the end")
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _run(self, work: Any, seconds: float, what: str) -> Any:
        try:
            return self._loop.run_until_complete(asyncio.wait_for(work, seconds))
        except ExecuteError as error:
            raise RefusedError(f"The engine {self._name} refuses {what}", error.error.error.desc) from None
        except TimeoutError:
            raise EngineError(f"The engine {self._name} is silent", f"no answer to {what} in {seconds} s") from None
        except (QMPError, OSError, EOFError) as error:
            raise EngineError(f"The engine {self._name} cannot be asked for {what}", _reason(error)) from None


async def _connect(client: QMPClient, path: Path) -> None:
    await client.connect(await asyncio.to_thread(connected, path))


def connected(path: Path) -> socket.socket:
    """Return a socket connected to a path of any length. Raises OSError."""
    # The kernel takes 107 bytes at most: by way of the folder's descriptor every path is short.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(GREETING_SECONDS)
        connection.connect(f"/proc/self/fd/{folder}/{path.name}")
        connection.setblocking(False)
    except BaseException:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
