"""A log in memory with workers that share inboxes, transactions and fencing: for simulations and tests of the host."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from streams.lifecycles.log import LostError, Output, Place, Polled, Record


class MemoryBroker:
    """Holds topics, and which worker has which inbox; a change of workers is a new generation that fences old ones."""

    def __init__(self, topics: Mapping[str, int], inboxes: Sequence[str]) -> None:
        """Take topics with their numbers of partitions, and those of them that are shared inboxes."""
        self.topics = dict(topics)
        self.records: dict[Place, list[Record]] = defaultdict(list)
        self.positions: dict[Place, int] = defaultdict(int)
        self.generation = 0
        self.around_commit: Callable[[str], None] = lambda _moment: None
        """Called "before" a commit, where others may join and leave, and "after" it, where a worker may die unaware."""
        self._workers: list[MemoryLog] = []
        self._inboxes = [Place(topic, n) for topic in inboxes for n in range(topics[topic])]

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic."""
        return self.topics[topic]

    def history(self, place: Place, start: int) -> Iterator[Record]:
        """Yield the messages from an offset on."""
        yield from self.records[place][start:]

    def append(self, output: Output) -> Record:
        """Append one message without a transaction, as a producer does."""
        there = self.records[output.place]
        record = Record(
            place=output.place,
            offset=len(there),
            timestamp_ms=output.timestamp_ms,
            key=output.key,
            headers=output.headers,
            value=output.value,
        )
        there.append(record)
        return record

    def join(self, worker: "MemoryLog") -> None:
        """Let a worker take part."""
        self._workers.append(worker)
        self.generation += 1

    def leave(self, worker: "MemoryLog") -> None:
        """Share out what was a worker's, as after its clean end or when its session timed out."""
        if worker in self._workers:
            self._workers.remove(worker)
            self.generation += 1

    def owned(self, worker: "MemoryLog") -> set[Place]:
        """Return the inboxes that are a worker's in the present generation."""
        if worker not in self._workers:
            return set()
        at, count = self._workers.index(worker), len(self._workers)
        return {place for n, place in enumerate(self._inboxes) if n % count == at}


class MemoryLog:
    """The log as one worker sees it."""

    def __init__(self, broker: MemoryBroker) -> None:
        """Join the workers of the broker."""
        self._broker = broker
        self._generation = -1
        self._mine: set[Place] = set()
        self._next: dict[Place, int] = {}
        broker.join(self)

    def poll(self, limit: int, seconds: float) -> Polled:
        """Return what is there; never waits."""
        del seconds
        if self._generation != self._broker.generation:
            return self._adjust()
        records: list[Record] = []
        for place in sorted(self._mine):
            start = self._next[place]
            found = self._broker.records[place][start : start + limit - len(records)]
            self._next[place] += len(found)
            records += found
        return Polled(records=tuple(records))

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic."""
        return self._broker.partitions(topic)

    def history(self, place: Place, start: int) -> Iterator[Record]:
        """Yield the messages from an offset on."""
        return self._broker.history(place, start)

    def commit(self, outputs: Sequence[Output], positions: Mapping[Place, int]) -> dict[Place, int]:
        """Append and move on. Raises LostError if the worker's generation is over."""
        self._broker.around_commit("before")
        if self._generation != self._broker.generation or not self._mine >= positions.keys():
            raise LostError("another generation of workers has begun")
        last = {output.place: self._broker.append(output).offset for output in outputs}
        self._broker.positions.update(positions)
        self._broker.around_commit("after")
        return last

    def rejoin(self) -> None:
        """Give everything back and join anew."""
        self._broker.leave(self)
        self._broker.join(self)

    def close(self) -> None:
        """Leave."""
        self._broker.leave(self)

    def _adjust(self) -> Polled:
        # Everything is given back and taken anew, as with Kafka's eager rebalancing.
        lost, self._mine = tuple(sorted(self._mine)), self._broker.owned(self)
        self._generation = self._broker.generation
        self._next = {place: self._broker.positions[place] for place in self._mine}
        return Polled(assigned=tuple(sorted(self._mine)), lost=lost)
