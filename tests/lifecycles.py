"""Lifecycles on a log in memory: the real host, codec and views, with time given by hand."""

from collections.abc import Sequence
from typing import Any

from producers.identifiers import uuid7
from schemas.codec import Codec
from schemas.registry import MemoryRegistry
from schemas.topics import DEAD_LETTERS
from schemas.types.dead_letters import DeadLetter
from streams.lifecycles.host import Host
from streams.lifecycles.kinds import LIFECYCLES
from streams.lifecycles.lifecycle import Event, Lifecycle, Message
from streams.lifecycles.log import Place, Record
from streams.lifecycles.memory_log import MemoryBroker, MemoryLog
from streams.lifecycles.snapshots import Snapshots
from streams.lifecycles.views import View
from streams.lifecycles.wire import write_message

PARTITIONS = 3
BEGINNING = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


class Memory:
    """A log, one host, and a clock that goes on by a second with each message."""

    def __init__(self, lifecycles: Sequence[Lifecycle[Any]] = LIFECYCLES, snapshots: Snapshots | None = None) -> None:
        topics = {topic.name: PARTITIONS for one in lifecycles for topic in (one.inbox, one.events)}
        self.broker = MemoryBroker(topics | {DEAD_LETTERS.name: 1}, [one.inbox.name for one in lifecycles])
        self.registry = MemoryRegistry()
        self.codec = Codec(self.registry)
        self.now = BEGINNING
        self._number = 0
        self._lifecycles = lifecycles
        self._snapshots = snapshots
        self.begin()

    def begin(self) -> None:
        """Begin a host that knows nothing."""
        self.log = MemoryLog(self.broker)
        self.host = Host(self._lifecycles, self.log, self.codec, self._snapshots)

    def kill(self) -> None:
        """Let the host be gone without a word, and begin another one."""
        self.broker.leave(self.log)
        self.begin()

    def give(self, lifecycle: Lifecycle[Any], name: str, body: Event, **said: Any) -> str:
        """Put a message on the inbox, let the host do all that follows, and return the message's id."""
        message = self.message(name, body, **said)
        self.broker.append(write_message(lifecycle, message, PARTITIONS, self.codec))
        self.run()
        return message.id

    def message(self, name: str, body: Event, **said: Any) -> Message:
        """Return a message that is sent a second after the last one."""
        self.now += SECOND
        self._number += 1
        id = uuid7(self.now, self._number.to_bytes(10, "big"))
        return Message(**({"name": name, "id": id, "time_ns": self.now, "body": body, "actor": "ann@web"} | said))

    def run(self) -> None:
        """Let the host take turns until nothing is left for it to do."""
        while self.host.turn(0) or self.host.turn(0):
            pass

    def view(self, lifecycle: Lifecycle[Any]) -> View[Any]:
        """Return the view of a kind."""
        return View(lifecycle, self.log, self.codec)

    def events(self, lifecycle: Lifecycle[Any], name: str) -> list[Event]:
        """Return what happened to an entity."""
        return [one.event for one in self.view(lifecycle).history(name)]

    def letters(self) -> list[DeadLetter]:
        """Return what was put aside."""
        found = [self.codec.decode(record.value) for record in self.broker.records[Place(DEAD_LETTERS.name, 0)]]
        return [one for one in found if isinstance(one, DeadLetter)]

    def records(self) -> list[Record]:
        """Return all that is on inboxes and histories."""
        return [record for records in self.broker.records.values() for record in records]
