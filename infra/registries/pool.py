"""Connections that are kept for the next request, for all threads of a program."""

import threading
from typing import Final

from infra.registries.channels import Channel
from infra.registries.dialling import Dialler
from infra.registries.urls import Origin

MOST_IDLE: Final = 16
"""Connections to one origin that are kept while nobody uses them."""


class Pool:
    """Hands out connections: the one that was used last first, for it is the least likely to have ended."""

    def __init__(self, dialler: Dialler) -> None:
        self._dialler = dialler
        self._idle: dict[Origin, list[Channel]] = {}
        self._lock = threading.Lock()

    def kept(self, origin: Origin) -> Channel | None:
        """Return a connection that was kept and has not ended, if there is one."""
        while True:
            with self._lock:
                idle = self._idle.get(origin)
                channel = idle.pop() if idle else None
            if channel is None or channel.idle:
                return channel
            channel.close()

    def new(self, origin: Origin) -> Channel:
        """Return a new connection. Raises UnreachableError."""
        return self._dialler.dial(origin)

    def give_back(self, origin: Origin, channel: Channel, reusable: bool) -> None:
        """Keep a connection, or end it."""
        with self._lock:
            idle = self._idle.setdefault(origin, [])
            if reusable and len(idle) < MOST_IDLE:
                idle.append(channel)
                return
        channel.close()

    def close(self) -> None:
        """End all connections that nobody uses."""
        with self._lock:
            channels = [channel for idle in self._idle.values() for channel in idle]
            self._idle.clear()
        for channel in channels:
            channel.close()

    def __del__(self) -> None:
        # Who forgets to close a client leaves no connection behind.
        self.close()
