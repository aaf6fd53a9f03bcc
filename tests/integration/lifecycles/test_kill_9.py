"""`kill -9`, and stopped services that wake up, while commands come: each has one outcome, and no event is doubled."""

import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from infra.config import Settings
from producers.commands import send
from producers.publisher import Publisher
from schemas.topics import NODES_INBOX
from schemas.types.lifecycles import ChangeLabels
from schemas.types.nodes import CordonNode, UncordonNode
from streams.message import Message
from tests.integration.lifecycles.conftest import MODULE, Service, node_events, report, running, service_settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

NODES = [f"node-{number}" for number in range(20)]
PER_SECOND = 200
SETTLE_SECONDS = 150


class Service9:
    """A service of one name, which is killed and started again."""

    def __init__(self, stack: ExitStack, settings: Settings, folder: Path) -> None:
        self._stack = stack
        self._settings = settings
        self._folder = folder
        self.now = self.start()

    def start(self) -> Service:
        self.now = self._stack.enter_context(running(MODULE, self._settings, self._folder))
        return self.now

    def kill(self) -> None:
        self.now.process.kill()
        self.now.process.wait()
        self.start()


@contextmanager
def commands(settings: Settings) -> Iterator[list[str]]:
    """Send commands all the time; yields their ids."""
    sent: list[str] = []
    stop = threading.Event()
    chance = random.Random(1)

    def run() -> None:
        with Publisher(settings.kafka, settings.registry, source="/test") as publisher:
            for node in NODES:
                report(publisher, node)
            while not stop.wait(1 / PER_SECOND):
                body = chance.choice([CordonNode(), UncordonNode(), ChangeLabels(set={"n": str(len(sent))})])
                node = chance.choice(NODES)
                sent.append(send(publisher, NODES_INBOX, node, body))
                if chance.random() < 0.05:  # what a client does that heard no answer
                    send(publisher, NODES_INBOX, node, body, id=sent[-1])

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()


def settled(settings: Settings, sent: list[str], *tend: Callable[[], None]) -> list[Message]:
    """Return all events when each command has an outcome; what is to be tended meanwhile is."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        for each in tend:
            each()
        events = node_events(settings)
        missing = set(sent) - {event.envelope.command_id for event in events if event.envelope}
        if not missing:
            return events
        assert time.monotonic() < until, f"{len(missing)} of {len(sent)} commands have no outcome"
        time.sleep(1)


def test_each_command_has_one_outcome_whoever_is_killed_or_wakes_up(registered: Settings, tmp_path: Path) -> None:
    ours, other = (service_settings(registered, tmp_path / name) for name in ("ours", "other"))
    with ExitStack() as stack, commands(registered) as sent:
        service = Service9(stack, ours, tmp_path)
        zombie = Service9(stack, other, tmp_path).now
        zombie.until(lambda told: told.get("READY") == "1")
        for round in range(3):
            zombie.signal(signal.SIGSTOP)  # longer than a session: its inboxes become others'
            for _ in range(3):
                time.sleep(2.7 + round / 10)
                service.kill()
            zombie.signal(signal.SIGCONT)
            time.sleep(2)
            twin = service.now  # stopped while one of the same name takes its place
            twin.signal(signal.SIGSTOP)
            service.start()
            time.sleep(3)
            twin.signal(signal.SIGCONT)
            time.sleep(1)
            twin.process.kill()
    # Those that ran are gone: the rest is done by the next.
    with running(MODULE, ours, tmp_path) as last:
        events = settled(registered, sent)
        assert last.end()[0] == 0
    assert "refused" in last.log.read_text()  # of a zombie, or of one whose inboxes went to others meanwhile
    assert len(sent) > 1000
    each_has_one(events, sent)
    check_order(events)


def each_has_one(events: list[Message], sent: list[str]) -> None:
    """Say that each command is answered by one event: none of these commands has more to say."""
    outcomes = Counter(event.envelope.command_id for event in events if event.envelope)
    assert not {id: count for id, count in outcomes.items() if id in set(sent) and count != 1}


def check_order(events: list[Message]) -> None:
    """Say that the events of each node are numbered without gap and repetition, in one partition."""
    numbers: dict[bytes | None, list[int | None]] = defaultdict(list)
    partitions: dict[bytes | None, set[int]] = defaultdict(set)
    for event in sorted(events, key=lambda event: (event.partition, event.offset)):
        assert event.envelope
        numbers[event.key].append(event.envelope.sequence)
        partitions[event.key].add(event.partition)
    assert {key: found for key, found in numbers.items() if found != list(range(1, len(found) + 1))} == {}
    assert all(len(found) == 1 for found in partitions.values())
