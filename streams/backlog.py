"""The queue between Faust's consumer and an agent, bounded in bytes.

Faust bounds it in messages. One of ours may have a kilobyte or eight megabytes, so a bound that keeps memory small
would be a bound of a few messages, and Faust, which pauses a partition when its queue is full and sleeps for a second
when all are paused, would then handle a few messages a second.
"""

from typing import Any, Final

from mode.utils.queues import ThrowableQueue

MAX_BYTES: Final = 16 << 20
OVERHEAD: Final = 1024
"""Bytes that a message takes besides its value, about."""


class Backlog(ThrowableQueue):  # type: ignore[misc]
    """A queue of Faust events whose size is counted in bytes."""

    def __init__(self, **kwargs: Any) -> None:
        self._bytes = 0
        super().__init__(**(kwargs | {"maxsize": MAX_BYTES}))

    def qsize(self) -> int:
        """Return the bytes that wait."""
        return self._bytes

    def clear(self) -> None:
        """Forget what waits."""
        self._bytes = 0
        super().clear()

    def _put(self, item: Any) -> None:
        self._bytes += _size(item)
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self._bytes -= _size(item)
        return item


def _size(event: Any) -> int:
    return len(event.message.value or b"") + OVERHEAD
