"""What the host asks of a log: the port of which `kafka_log` and `memory_log` are the two adapters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from schemas.cloudevents import Headers


class Place(msgspec.Struct, frozen=True, order=True):
    """A partition of a topic."""

    topic: str
    partition: int


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message as it lies in a log."""

    place: Place
    offset: int
    timestamp_ms: int
    key: bytes | None
    headers: Headers
    value: bytes | None


class Output(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message to append."""

    place: Place
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes
    timestamp_ms: int


class Polled(msgspec.Struct, frozen=True):
    """What came of a poll: inboxes that are this worker's now, those that are no longer, and messages."""

    assigned: tuple[Place, ...] = ()
    lost: tuple[Place, ...] = ()
    records: tuple[Record, ...] = ()


class LostError(Exception):
    """A transaction was refused or cannot be finished: nothing of it is on the log, and the worker must join anew."""


class History(Protocol):
    """What can be read of a log without taking part in it."""

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic."""

    def history(self, place: Place, start: int) -> Iterator[Record]:
        """Yield what is committed from an offset on to the end, having waited for transactions that are open."""


class LifecycleLog(History, Protocol):
    """A log with inboxes that are shared among workers, and transactions."""

    def poll(self, limit: int, seconds: float) -> Polled:
        """Wait up to that long for messages of the inboxes that are this worker's; return at most `limit`.

        Changes of what is this worker's come without messages, and before any message of what is new.
        """

    def commit(self, outputs: Sequence[Output], positions: Mapping[Place, int]) -> dict[Place, int]:
        """Append the messages and move on in the inboxes (offset of the next message), all or nothing.

        Returns the offset of the last message appended to each place. Raises LostError.
        """

    def rejoin(self) -> None:
        """Give everything back and join anew; the next poll says what is this worker's then."""

    def close(self) -> None:
        """Leave."""
