"""Lifecycles on a log in memory: the real host, codec and views, with time given by hand."""

from typing import Any

from producers.identifiers import uuid7
from schemas.codec import Codec
from schemas.registry import MemoryRegistry
from schemas.topics import DEAD_LETTERS
from streams.lifecycles.host import Host
from streams.lifecycles.kinds import LIFECYCLES
from streams.lifecycles.lifecycle import Event, Lifecycle, Message
from streams.lifecycles.log import Record
from streams.lifecycles.memory_log import MemoryBroker, MemoryLog
from streams.lifecycles.views import View
from streams.lifecycles.wire import write_message

PARTITIONS = 3
BEGINNING = 1_700_000_000_000_000_000
SECOND = 1_000_000_000


class Memory:
    """A log, one host, and a clock that goes on by a second with each message."""

    def __init__(self) -> None:
        topics = {topic.name: PARTITIONS for one in LIFECYCLES for topic in (one.inbox, one.events)}
        self.broker = MemoryBroker(topics | {DEAD_LETTERS.name: 1}, [one.inbox.name for one in LIFECYCLES])
        self.codec = Codec(MemoryRegistry())
        self.log = MemoryLog(self.broker)
        self.host = Host(LIFECYCLES, self.log, self.codec)
        self.now = BEGINNING
        self._number = 0

    def give(self, lifecycle: Lifecycle[Any], name: str, body: Event, **said: Any) -> str:
        """Put a message on the inbox, let the host do all that follows, and return the message's id."""
        self.now += SECOND
        self._number += 1
        id = uuid7(self.now, self._number.to_bytes(10, "big"))
        message = Message(name=name, id=id, time_ns=self.now, body=body, **({"actor": "ann@web"} | said))
        self.broker.append(write_message(lifecycle, message, PARTITIONS, self.codec))
        self.run()
        return id

    def run(self) -> None:
        """Let the host take turns until nothing is left for it to do."""
        while self.host.turn(0) or self.host.turn(0):
            pass

    def view(self, lifecycle: Lifecycle[Any]) -> View[Any]:
        """Return the view of a kind."""
        return View(lifecycle, self.log, self.codec)

    def records(self) -> list[Record]:
        """Return all that is on inboxes and histories."""
        return [record for records in self.broker.records.values() for record in records]
