"""Captures that Falco and its libraries made; they lie beside the checkout, and are not part of it."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from probes.captures.reading import Capture, session_of
from tests.batches import Event, events_of

FOLDER = Path(__file__).parents[5] / "shared/data/captures"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the captures are not there")


def read(name: str) -> tuple[Capture, list[Event]]:
    path = FOLDER / name
    with path.open("rb") as file:
        capture = Capture(file, session=session_of(path), fallback=path.stem)
        return capture, [event for batch in capture.batches() for event in events_of(batch)]


def test_storm() -> None:
    path, types = FOLDER / "storm.scap", Counter[str]()
    with path.open("rb") as file:
        capture = Capture(file, session=session_of(path))
        for batch in capture.batches():
            codes, counts = np.unique(np.frombuffer(batch.event_type, "<u2"), return_counts=True)
            types += Counter({batch.types[code]: int(count) for code, count in zip(codes, counts, strict=True)})
            assert batch.count <= 16384
    assert capture.damage is None
    assert (capture.events, capture.decoded, capture.others.total()) == (2_393_840, 1_261_817, 1_132_023)
    assert types == {"openat": 1_053_560, "socket": 100_451, "connect": 100_451, "execve": 2452, "procexit": 2452} | {
        "clone": 2451
    }
    assert capture.others["close"] == 1_127_037
    assert capture.node == "vm"


def test_event_generator() -> None:
    capture, events = read("event-generator.scap")
    assert (capture.events, capture.damage) == (2345, None)
    assert capture.events == capture.decoded + capture.others.total()
    assert all(event.process.known for event in events)
    by_type: dict[str, list[Event]] = {}
    for event in events:
        by_type.setdefault(event.type, []).append(event)
    assert [event.argument for event in by_type["ptrace"]].count(0) == 1  # PTRACE_TRACEME
    assert 16 in [event.argument for event in by_type["ptrace"]]  # PTRACE_ATTACH
    assert [event.path for event in by_type["linkat"]] == [b"/etc/shadow"]
    assert b"/etc" in [event.path for event in by_type["symlinkat"]]
    assert any(event.process.exepath == b"memfd:program" for event in by_type["execve"])
    assert any(event.process.name == b"shred" for event in by_type["renameat2"])
    assert [event.process.uid for event in by_type["setuid"]] == [1]
    opened = {event.path for event in by_type["openat"] if event.result >= 0}
    assert b"/etc/shadow" in opened
    [login] = [event.process for event in by_type["execve"] if event.process.name == b"login"]
    assert (login.user, login.ancestors[0]) == (b"daemon", b"event-generator")
    assert not any(event.process.container for event in events)  # a bare name of 32 digits is no container


@pytest.mark.parametrize("name", ["curl_google.scap", "curl_google_comments.scap"])
def test_an_old_capture_of_curl(name: str) -> None:
    capture, events = read(name)
    assert (capture.events, capture.damage, capture.node) == (1536, None, "ip-10-0-0-79")
    [started] = [event for event in events if event.type == "execve"]
    assert started.process.name == b"curl"
    assert started.process.args.startswith(b"curl\0")
    opened = [event for event in events if event.type == "open"]
    assert len(opened) == 48
    assert opened[0].path == b"/etc/ld.so.cache"
    assert {event.remote[1] for event in events if event.type == "connect" and event.family == 10} == {53, 80}


def test_an_old_capture_of_ipv6() -> None:
    capture, events = read("test_ipv6_client.scap")
    assert (capture.events, capture.damage) == (326, None)
    sent = [event for event in events if event.type == "sendto"]
    assert {event.remote for event in sent} >= {(bytes(15) + b"\1", 2345)}
    assert {event.protocol for event in sent} == {17}
    assert events[0].process.ancestors[:2] == (b"bash", b"emacs")


def test_a_capture_with_beginnings_and_counts_of_parameters() -> None:
    capture, events = read("single_ipv6_conn.scap")
    assert (capture.events, capture.damage, capture.node) == (1728, None, "ubuntu")
    [bound, *_] = [event for event in events if event.type == "bind"]
    assert bound.local[1] == 1234
    [listening] = [event for event in events if event.type == "listen"]
    assert (listening.argument, listening.fd, listening.local) == (1, 3, bound.local)
    [accepted] = [event for event in events if event.type == "accept"]
    assert (accepted.local, accepted.remote[1]) == (bound.local, 54405)


def test_a_capture_read_twice_has_the_same_events() -> None:
    assert read("event-generator.scap")[1] == read("event-generator.scap")[1]
