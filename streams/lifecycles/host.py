"""The one host: runs any lifecycle, exactly once.

Messages of an inbox partition are decided on the fold of the events partition of the same number; the events, and the
inbox's position, go to the log in one transaction. What is in memory counts only when the transaction is through: a
worker that is refused drops all it holds, and builds it anew from the log.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from schemas.cloudevents import Envelope
from schemas.codec import NAMES, Codec
from schemas.registry import RefusedSchemaError, RegistryUnavailableError
from schemas.topics import DEAD_LETTERS
from schemas.types.lifecycles import TimerElapsed
from streams.dead_letters import dead_letter, letter_id
from streams.lifecycles.deciding import step
from streams.lifecycles.entity import Entity, Recorded, event_id
from streams.lifecycles.lifecycle import Lifecycle, Message
from streams.lifecycles.log import LifecycleLog, LostError, Output, Place, Record
from streams.lifecycles.partitioning import partition_of
from streams.lifecycles.shard import Shard
from streams.lifecycles.snapshots import Snapshots
from streams.lifecycles.wire import (
    SOURCE,
    Unreadable,
    read_event,
    read_message,
    sent,
    write_event,
    write_message,
)
from streams.message import Message as RawMessage

BATCH: Final = 2_000
COMPONENT: Final = "lifecycles"

log = logging.getLogger(__name__)


class Counts(msgspec.Struct):
    """What a host did since it began."""

    messages: int = 0
    events: int = 0
    put_aside: int = 0
    lost: int = 0
    recovered: int = 0
    """Events that folds were built from."""


class Transaction:
    """What follows from some messages, and is not on the log yet."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self.positions: dict[Place, int] = {}
        self.entities: dict[Place, dict[str, Entity[Any]]] = {}
        self.last_ids: dict[Place, str] = {}
        self.events = 0
        self.put_aside = 0


class Host:
    """Runs lifecycles on a log, as one of the workers that share their inboxes."""

    def __init__(
        self, lifecycles: Sequence[Lifecycle[Any]], log: LifecycleLog, codec: Codec, snapshots: Snapshots | None = None
    ) -> None:
        """Take the log of a worker of its own, which is closed with the host; without `snapshots` none are made."""
        self.counts = Counts()
        self._by_inbox = {lifecycle.inbox.name: lifecycle for lifecycle in lifecycles}
        self._by_kind = {lifecycle.kind: lifecycle for lifecycle in lifecycles}
        self._log = log
        self._codec = codec
        self._snapshots = snapshots
        self.shards: dict[Place, Shard[Any]] = {}
        """The folds of this worker's inboxes."""

    def turn(self, seconds: float) -> int:
        """Wait up to that long for messages and carry them out; return how many there were.

        Raises RegistryUnavailableError and whatever the log raises when it cannot be used; the host is then as it was.
        """
        polled = self._log.poll(BATCH, seconds)
        self._give_back(polled.lost)
        for place in polled.assigned:
            self.shards[place] = self._recovered(place)
        records = [record for record in polled.records if record.place in self.shards]
        if records:
            self._commit(lambda transaction: self._carry_out(transaction, records))
        return len(records)

    def tick(self, now_ns: int) -> int:
        """Put on the inboxes that time has passed, for each entity that waits for it; return for how many."""
        due = [
            self._written(shard.lifecycle, timer_message(shard.lifecycle, name, now_ns))
            for shard in self.shards.values()
            for name in shard.due(now_ns)
        ]
        if due:
            self._commit(lambda transaction: transaction.outputs.extend(due))
        return len(due)

    def close(self) -> None:
        """Give back everything and leave."""
        self._give_back(tuple(self.shards))
        self._log.close()

    def _give_back(self, places: Iterable[Place]) -> None:
        for place in places:
            shard = self.shards.pop(place, None)
            if shard and self._snapshots:
                self._snapshots.save(place.partition, shard)

    def _recovered(self, place: Place) -> Shard[Any]:
        lifecycle = self._by_inbox[place.topic]
        events = Place(lifecycle.events.name, place.partition)
        shard = Shard(lifecycle, self._snapshots.load(lifecycle, events, self._log) if self._snapshots else None)
        for record in self._log.history(events, shard.fold.next_offset):
            shard.apply(read_event(record, self._codec), record.offset)
            self.counts.recovered += 1
        return shard

    def _commit(self, fill: Callable[[Transaction], None]) -> None:
        transaction = Transaction()
        fill(transaction)
        try:
            last = self._log.commit(transaction.outputs, transaction.positions)
        except LostError as error:
            log.warning("a transaction was refused, joining anew: %s", error)
            self.counts.lost += 1
            self.shards.clear()
            self._log.rejoin()
            return
        self.counts.events += transaction.events
        self.counts.put_aside += transaction.put_aside
        for place, entities in transaction.entities.items():
            shard = self.shards[place]
            events = Place(shard.lifecycle.events.name, place.partition)
            shard.keep(entities, last[events] + 1, transaction.last_ids[place])
            if self._snapshots:
                self._snapshots.consider(place.partition, shard)

    def _carry_out(self, transaction: Transaction, records: Iterable[Record]) -> None:
        for record in records:
            self._one(transaction, record)
            transaction.positions[record.place] = record.offset + 1
            self.counts.messages += 1

    def _one(self, transaction: Transaction, record: Record) -> None:
        lifecycle = self._by_inbox[record.place.topic]
        message = read_message(lifecycle, record, self._codec)
        if isinstance(message, Unreadable):
            self._put_aside(transaction, record, message)
            return
        partitions = self._log.partitions(lifecycle.inbox.name)
        if partition_of(message.name.encode(), partitions) != record.place.partition:
            # A client that shares out keys in another way: the message belongs to another worker's fold.
            transaction.outputs.append(self._written(lifecycle, message))
            return
        changed = transaction.entities.get(record.place, {})
        entity = changed.get(message.name) or self.shards[record.place].entity(message.name)
        try:
            taken = step(lifecycle, entity, message)
            outputs = list(self._outputs(lifecycle, record.place.partition, taken.recorded, taken.entity))
        except (RegistryUnavailableError, RefusedSchemaError):
            # It says nothing about the message.
            raise
        except Exception as error:
            # A defect of a decider must not stand in the way of all other entities.
            log.exception("%s %s: %s cannot be decided", lifecycle.kind, message.name, type(message.body).__name__)
            self._put_aside(transaction, record, Unreadable("undecidable", f"{type(error).__name__}: {error}"))
            return
        if taken.recorded:
            last = taken.recorded[-1]
            transaction.entities.setdefault(record.place, {})[message.name] = taken.entity
            transaction.last_ids[record.place] = event_id(lifecycle.kind, last.name, last.sequence)
            transaction.events += len(taken.recorded)
            transaction.outputs += outputs

    def _outputs(
        self, lifecycle: Lifecycle[Any], partition: int, recorded: list[Recorded], entity: Entity[Any]
    ) -> Iterator[Output]:
        for one in recorded:
            yield write_event(lifecycle, one, partition, self._codec)
            for number, send in enumerate(lifecycle.react(one.name, entity.state, one.event)):
                message = sent(lifecycle, one, number, send)
                yield self._written(self._by_kind[send.kind], message)

    def _written(self, lifecycle: Lifecycle[Any], message: Message) -> Output:
        return write_message(lifecycle, message, self._log.partitions(lifecycle.inbox.name), self._codec)

    def _put_aside(self, transaction: Transaction, record: Record, why: Unreadable) -> None:
        transaction.put_aside += 1
        transaction.outputs.append(self._letter(record, why))

    def _letter(self, record: Record, why: Unreadable) -> Output:
        raw = RawMessage(
            topic=record.place.topic,
            partition=record.place.partition,
            offset=record.offset,
            timestamp_ms=record.timestamp_ms,
            key=record.key,
            headers=tuple(record.headers or ()),
            value=record.value,
            codec=self._codec,
        )
        time_ns = max(record.timestamp_ms, 0) * 1_000_000
        letter = dead_letter(raw, why.reason, why.detail, COMPONENT, time_ns=time_ns)
        id = letter_id(raw)
        envelope = Envelope(id=id, type=NAMES[type(letter)], source=SOURCE, subject=id, time_ns=time_ns)
        return Output(
            place=Place(DEAD_LETTERS.name, 0),
            key=raw.topic.encode(),
            headers=envelope.to_headers(),
            value=self._codec.encode(DEAD_LETTERS, letter),
            timestamp_ms=record.timestamp_ms,
        )


def timer_message(lifecycle: Lifecycle[Any], name: str, now_ns: int) -> Message:
    """Return the message that tells an entity the time."""
    return Message(
        name=name,
        id=f"{lifecycle.kind}/{name}@{now_ns}",
        time_ns=now_ns,
        body=TimerElapsed(time=now_ns),
        actor=COMPONENT,
    )
