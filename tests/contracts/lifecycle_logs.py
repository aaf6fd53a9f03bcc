"""What every log of lifecycles must do; run on each by the tests beside this file."""

import time
from collections.abc import Callable
from typing import Protocol

import pytest

from streams.lifecycles.log import LifecycleLog, LostError, Output, Place, Record

PARTITIONS = 2
SECONDS = 30.0


class Logs(Protocol):
    """A log with topics that no other test uses: one inbox, and one of events, of two partitions each."""

    inbox: str
    events: str

    def worker(self, name: str) -> LifecycleLog:
        """Return a new worker."""

    def replace(self, worker: LifecycleLog) -> LifecycleLog:
        """Return a worker that takes the place of one which does not know it yet."""

    def put(self, place: Place, value: bytes) -> None:
        """Append a message without a transaction."""


class Polls:
    """What came of all polls of a worker."""

    def __init__(self, worker: LifecycleLog) -> None:
        self.worker = worker
        self.mine: set[Place] = set()
        self.records: list[Record] = []

    def once(self, limit: int = 100) -> None:
        polled = self.worker.poll(limit, 0.05)
        assert len(polled.records) <= limit
        assert not (polled.records and (polled.assigned or polled.lost))
        self.mine = (self.mine - set(polled.lost)) | set(polled.assigned)
        assert {record.place for record in polled.records} <= self.mine
        self.records += polled.records

    def values(self, place: Place) -> list[bytes | None]:
        return [record.value for record in self.records if record.place == place]


def until(condition: Callable[[], bool], *polls: Polls, limit: int = 100) -> None:
    """Let workers poll until something is so."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, [one.mine for one in polls]
        for one in polls:
            one.once(limit)


def output(place: Place, value: bytes) -> Output:
    return Output(place=place, key=b"it", headers=[("h", b"1")], value=value, timestamp_ms=1_700_000_000_000)


class LogContract:
    """Subclass it with a fixture `logs`."""

    def test_messages_come_in_the_order_of_their_place(self, logs: Logs) -> None:
        first, second = Place(logs.inbox, 0), Place(logs.inbox, 1)
        for number in range(50):
            logs.put(first, b"a%d" % number)
            logs.put(second, b"b%d" % number)
        polls = Polls(logs.worker("one"))
        until(lambda: len(polls.records) >= 100, polls, limit=7)
        assert polls.values(first) == [b"a%d" % number for number in range(50)]
        assert polls.values(second) == [b"b%d" % number for number in range(50)]
        assert [record.offset for record in polls.records if record.place == first] == list(range(50))

    def test_workers_share_the_places_and_get_those_of_one_that_leaves(self, logs: Logs) -> None:
        places = {Place(logs.inbox, number) for number in range(PARTITIONS)}
        one, other = Polls(logs.worker("one")), Polls(logs.worker("other"))
        until(lambda: len(one.mine) == len(other.mine) == 1 and one.mine | other.mine == places, one, other)
        for place in places:
            logs.put(place, b"%d" % place.partition)
        until(lambda: len(one.records) + len(other.records) == 2, one, other)
        other.worker.close()
        until(lambda: one.mine == places, one)

    def test_events_and_positions_are_kept_together(self, logs: Logs) -> None:
        inbox, events = Place(logs.inbox, 0), Place(logs.events, 0)
        for value in (b"1", b"2", b"3"):
            logs.put(inbox, value)
        polls = Polls(logs.worker("one"))
        until(lambda: len(polls.values(inbox)) == 3, polls)
        outputs = [output(events, b"x"), output(events, b"y"), output(Place(logs.events, 1), b"z")]
        last = polls.worker.commit(outputs, {inbox: 2})
        found = list(polls.worker.history(events, 0))
        assert [record.value for record in found] == [b"x", b"y"]
        assert last == {events: found[-1].offset, Place(logs.events, 1): 0}
        assert (found[0].key, list(found[0].headers)) == (b"it", [("h", b"1")])
        assert found[0].timestamp_ms == 1_700_000_000_000
        # What was not committed comes again, what was does not.
        polls.records = []
        polls.worker.rejoin()
        until(lambda: bool(polls.values(inbox)), polls)
        assert polls.values(inbox) == [b"3"]

    def test_events_may_come_without_positions_and_positions_without_events(self, logs: Logs) -> None:
        inbox = Place(logs.inbox, 0)
        logs.put(inbox, b"1")
        polls = Polls(logs.worker("one"))
        until(lambda: bool(polls.records), polls)
        assert polls.worker.commit([], {inbox: 1}) == {}
        assert polls.worker.commit([output(inbox, b"timer")], {}) == {inbox: 1 + gap(polls.worker, inbox, 1)}
        until(lambda: polls.values(inbox) == [b"1", b"timer"], polls)

    def test_a_history_begins_and_ends_where_it_is_said(self, logs: Logs) -> None:
        events = Place(logs.events, 1)
        polls = Polls(logs.worker("one"))
        until(lambda: bool(polls.mine), polls)
        assert polls.worker.partitions(logs.events) == PARTITIONS
        assert list(polls.worker.history(events, 0)) == []
        polls.worker.commit([output(events, b"%d" % number) for number in range(5)], {})
        polls.worker.commit([output(events, b"5")], {})
        found = list(polls.worker.history(events, 0))
        assert [record.value for record in found] == [b"%d" % number for number in range(6)]
        assert [record.offset for record in found][:5] == list(range(5))
        assert [one.value for one in polls.worker.history(events, 3)] == [b"3", b"4", b"5"]
        assert list(polls.worker.history(events, found[-1].offset + 1)) == []

    def test_a_worker_whose_place_was_taken_is_refused(self, logs: Logs) -> None:
        inbox, events = Place(logs.inbox, 0), Place(logs.events, 0)
        logs.put(inbox, b"1")
        zombie = Polls(logs.worker("one"))
        until(lambda: bool(zombie.records), zombie)
        polls = Polls(logs.replace(zombie.worker))
        until(lambda: bool(polls.records), polls)
        assert polls.values(inbox) == [b"1"]
        with pytest.raises(LostError):
            zombie.worker.commit([output(events, b"of the zombie")], {inbox: 1})
        assert list(polls.worker.history(events, 0)) == []
        polls.worker.commit([output(events, b"of its successor")], {inbox: 1})
        assert [one.value for one in polls.worker.history(events, 0)] == [b"of its successor"]


def gap(worker: LifecycleLog, place: Place, offset: int) -> int:
    """Return how many offsets behind this one the next message is: markers of transactions have offsets, too."""
    return next(record.offset for record in worker.history(place, offset)) - offset
