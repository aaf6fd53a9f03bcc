"""Brings the messages of several partitions into the order of time, as far as each partition keeps it."""

from collections import deque
from collections.abc import Iterable, Iterator

from streams.message import Message


class Merge:
    """Holds messages back until no other partition can have an earlier one.

    Within a partition the order never changes; between partitions the earlier time goes first, then the lower
    partition.
    """

    def __init__(self, partitions: Iterable[int]) -> None:
        self._waiting: dict[int, deque[Message]] = {partition: deque() for partition in partitions}
        self._open = set(self._waiting)
        self._bytes = dict.fromkeys(self._waiting, 0)

    @property
    def open(self) -> frozenset[int]:
        """Return the partitions of which more is to come."""
        return frozenset(self._open)

    def add(self, message: Message) -> None:
        """Take the next message of its partition."""
        self._waiting[message.partition].append(message)
        self._bytes[message.partition] += len(message.value or b"")

    def finish(self, partition: int) -> None:
        """Take note that nothing more comes of the partition."""
        self._open.discard(partition)

    def held(self, partition: int) -> tuple[int, int]:
        """Return how many messages of the partition are held back, and how many bytes they are."""
        return len(self._waiting[partition]), self._bytes[partition]

    def ready(self) -> Iterator[Message]:
        """Yield what need not be held back any more."""
        while all(self._waiting[partition] for partition in self._open):
            heads = [waiting[0] for waiting in self._waiting.values() if waiting]
            if not heads:
                return
            first = min(heads, key=lambda head: (head.timestamp_ms, head.partition))
            self._waiting[first.partition].popleft()
            self._bytes[first.partition] -= len(first.value or b"")
            yield first


def merged(messages: Iterable[Message]) -> Iterator[Message]:
    """Yield the messages, which are all there are, in the order of time."""
    all_of_them = list(messages)
    merge = Merge({message.partition for message in all_of_them})
    for message in all_of_them:
        merge.add(message)
    for partition in merge.open:
        merge.finish(partition)
    return merge.ready()
