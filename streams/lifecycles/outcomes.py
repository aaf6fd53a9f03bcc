"""What came of a command: the events that answer it, waited for from before it was given."""

import time
from typing import Any

import msgspec

from schemas.cloudevents import Envelope
from schemas.codec import Codec
from schemas.types.lifecycles import CommandRejected, CommandUnchanged
from streams.lifecycles.entity import Recorded
from streams.lifecycles.kafka_history import KafkaHistory
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.log import Place
from streams.lifecycles.partitioning import partition_of
from streams.lifecycles.wire import read_event

CONFLICT = "version-conflict"


class Outcome(msgspec.Struct, frozen=True):
    """The events that answer a command, at least one."""

    events: tuple[Recorded, ...]

    @property
    def rejected(self) -> CommandRejected | None:
        """Return why it was refused, if it was."""
        first = self.events[0].event
        return first if isinstance(first, CommandRejected) else None

    @property
    def unchanged(self) -> bool:
        """Return whether all was already as the command asks."""
        return isinstance(self.events[0].event, CommandUnchanged)

    @property
    def version(self) -> int:
        """Return the number of the last event."""
        return self.events[-1].sequence


class Outcomes:
    """The outcomes of commands to one entity that are given from now on."""

    def __init__(self, lifecycle: Lifecycle[Any], name: str, source: KafkaHistory, codec: Codec) -> None:
        """Take note of where the history of the entity ends: do this before the command is sent."""
        topic = lifecycle.events.name
        self._source = source
        self._codec = codec
        self.place = Place(topic, partition_of(name.encode(), source.partitions(topic)))
        self.start = source.end(self.place)

    def of(self, command: str, seconds: float) -> Outcome | None:
        """Wait up to that long for the outcome of the command with this id; None if there is none by then.

        Raises what the log and the codec raise.
        """
        until = time.monotonic() + seconds
        for record in self._source.follow({self.place: self.start}, min(seconds, 0.1)):
            if record and _command_of(record.headers) == command:
                # All events of a transaction are there when the first of them is.
                return Outcome(tuple(self._answers(command, record.offset)))
            if time.monotonic() > until:
                return None
        return None

    def _answers(self, command: str, start: int) -> list[Recorded]:
        records = self._source.history(self.place, start)
        return [read_event(record, self._codec) for record in records if _command_of(record.headers) == command]


def _command_of(headers: Any) -> str | None:
    said = Envelope.from_headers(headers)
    return said.command_id if said else None
